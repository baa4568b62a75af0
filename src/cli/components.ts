import { builtins } from "../components/builtins.ts";
import { type AnyDefinition, KINDS, type Kind } from "../kernel/define.ts";
import { UsageError } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { printableSchema } from "../schema/printable.ts";
import { nearest } from "../text/nearest.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";

/** `aura components [kind [type]]`: what a spec may name, and the options of each. */
export async function components(
  kind: string | undefined,
  type: string | undefined,
  flags: { readonly json?: boolean },
): Promise<number> {
  return guarded(flags, async (): Promise<Answer<OutputOf<"components-output">>> => {
    const known = await builtins();
    const kinds = kind === undefined ? KINDS : [knownKind(kind, known)];
    const chosen = kinds.flatMap((each): readonly AnyDefinition[] =>
      type === undefined ? known.list(each) : [known.get(each, type)],
    );
    return {
      document: () => chosen.map(documentOf),
      text: () => (type === undefined ? overview(kinds, chosen) : chosen.map(details).join("\n")),
    };
  });
}

function knownKind(word: string, known: Registry): Kind {
  const kind = KINDS.find((one) => one === word);
  if (kind) return kind;
  const near = nearest(word, KINDS);
  const hint = near ? `did you mean "${near}"?` : `kinds: ${KINDS.join(", ")}`;
  const ofType = KINDS.filter((one) => known.types(one).includes(word)).map(
    (one) => `\naura components ${one} ${word}`,
  );
  throw new UsageError(
    `there is no kind of component called "${word}"; ${ofType.length > 0 ? `it is a type:${ofType.join("")}` : hint}`,
  );
}

function overview(kinds: readonly Kind[], chosen: readonly AnyDefinition[]): string {
  const width = Math.max(...chosen.map(({ type }) => type.length));
  const blocks = kinds.map((kind) => {
    const lines = chosen.filter((one) => one.kind === kind).map((one) => `  ${one.type.padEnd(width)}  ${one.summary}`);
    return [kind, ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n\naura components <kind> <type> shows the options of one\n`;
}

function details(definition: AnyDefinition): string {
  const { kind, type, summary, options, example, aliases = [] } = definition;
  const names = Object.keys(options.properties);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => {
    const schema = options.properties[name];
    const required = options.required?.includes(name) ? "required" : "";
    const fallback = schema && "default" in schema ? `default ${JSON.stringify(schema.default)}` : "";
    const notes = [required, fallback].filter(Boolean).join(", ");
    return `  ${name.padEnd(width)}  ${schema?.description ?? ""}${notes ? ` (${notes})` : ""}`;
  });
  const also = aliases.length > 0 ? ` (also: ${aliases.join(", ")})` : "";
  return `${kind} ${type}${also}: ${summary}\n\n${lines.join("\n")}\n\nexample: ${JSON.stringify({ type, ...asObject(example) })}\n`;
}

function documentOf({ kind, type, aliases = [], summary, options, example }: AnyDefinition) {
  return { kind, type, aliases, summary, options: printableSchema(options), example: asObject(example) };
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
