import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { fence, promptText } from "../../text/printable.ts";

/** A list that a template iterates with `{{#each}}` and prints, bare, as `text`. */
export function printableList<T>(items: readonly T[], text: string): readonly T[] {
  return printing([...items], text);
}

/** An object whose fields a template reads and that prints, bare, as `text`. */
export function printableRecord<T extends object>(fields: T, text: string): T {
  return printing({ ...fields }, text);
}

/** JSON data in which every object and list prints as JSON and no text carries control characters. */
export function printableJson(value: JsonValue): unknown {
  if (typeof value === "string") return promptText(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  if (!isJsonObject(value)) return printing(value.map(printableJson), text);
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, printableJson(item)]);
  return printing(Object.fromEntries(entries), text);
}

/** Parameters as they are; of those that there may be, by these names, the ones it has not got are empty when read. */
export function printableParameters(spec: JsonObject, names: readonly string[] = []): unknown {
  const fields = Object.fromEntries(Object.entries(spec).map(([name, value]) => [name, printableJson(value)]));
  const lacking = names.filter((name) => !Object.hasOwn(spec, name)).map((name) => [name, { value: "" }] as const);
  return Object.defineProperties(printing(fields, JSON.stringify(spec)), Object.fromEntries(lacking));
}

/**
 * What stands for something absent: empty when printed and for `{{#if}}`, and so is each of its fields, so that
 * `{{best.score}}` is no error before there is a best. What is in the `open` ones is not known: anything is, and empty.
 */
export function absent(fields: readonly string[], open: readonly string[] = []): unknown {
  const values = fields.map((field) => [field, { value: open.includes(field) ? nothing() : "" }] as const);
  return Object.defineProperties(printing([], ""), Object.fromEntries(values));
}

/** Empty, and so is whatever is read in it. */
function nothing(): unknown {
  return new Proxy(printing([], ""), { has: () => true });
}

/** Text that others wrote: fenced when printed, as it is for `{{json}}`. */
export function fencedText(text: string, info = ""): unknown {
  const hidden = { toString: { value: () => fence(text, info) }, toJSON: { value: () => text } };
  return text === "" ? "" : Object.defineProperties({}, hidden);
}

/** A record whose fields are worked out when a template first uses them: most prompts use few of them. */
export function lazyRecord(fields: ReadonlyMap<string, () => unknown>): Readonly<Record<string, unknown>> {
  const record: Record<string, unknown> = {};
  for (const [name, make] of fields) {
    let made: { readonly value: unknown } | null = null;
    Object.defineProperty(record, name, {
      enumerable: true,
      get: () => {
        made ??= { value: make() };
        return made.value;
      },
    });
  }
  return record;
}

/** The object itself, which prints, bare, as `text`, worked out then. */
export function printed<T extends object>(value: T, text: () => string): T {
  return Object.defineProperty(value, "toString", { value: text, enumerable: false });
}

function printing<T extends object>(value: T, text: string): T {
  return printed(value, () => text);
}
