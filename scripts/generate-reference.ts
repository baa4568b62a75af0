import { stringify } from "yaml";
import { type AnyDefinition, KINDS, type Kind } from "../src/kernel/define.ts";
import type { Registry } from "../src/kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../src/model/json.ts";
import { AURA_NAMES } from "../src/platform/command/words.ts";
import { specSchema } from "../src/spec/spec-schema.ts";

const KIND_TEXT: Readonly<Record<Kind, string>> = {
  researcher: "Proposes hypotheses: `researcher: { type: … }`.",
  experimenter: "Runs the trials of a hypothesis: `experimenter: { type: … }`.",
  environment: "Where a command finds its interpreter and libraries: `environment` of the `composed` experimenter.",
  executor: "Runs one trial: `executor` of the `composed` experimenter.",
  collector: "Reads a trial's metrics out of what it left: `collector` of the `composed` experimenter.",
  aggregator:
    "Reduces the trials of a hypothesis to one summary: `aggregator` of an experimenter. AURA adds `trials` (how many `completed` and `failed`) " +
    "and, over several, `spread`; metrics of these names stay in the trials' own outputs.",
  evaluator: "Scores an experiment: `evaluator: { type: … }`. Default: `metric`.",
  reviewer: "Distils insights from a finished batch: `reviewer: { type: … }`. Default: `none`.",
  runner:
    "A model, an agent command or a function that answers prompts: under `runners`, or inline where a `runner` is asked for.",
};

/** `docs/reference.md`: every key of the spec and every component with its options and an example. */
export function generateReference(registry: Registry): string {
  return `${[
    "<!-- Generated from the definitions in src/ by `npm run generate`. Do not edit. -->",
    "# Reference",
    intro(),
    "## The spec",
    table(specSchema),
    ...sections(specSchema, ""),
    "## Commands",
    commands(),
    ...KINDS.flatMap((kind) => kindSection(kind, registry)),
  ].join("\n\n")}\n`;
}

function intro(): string {
  return `Every key of a run spec, and every component it may name. Keys that begin with \`x-\` are yours and allowed in every mapping;
any other unknown key is an error.

- A *duration* is \`90s\`, \`30m\`, \`2h\` or a number of seconds; a *size* \`512M\`, \`2G\` (binary units) or a number of bytes; a *count* \`200k\`, \`2M\` or a number.
- \`\${VAR}\` and \`\${VAR:-default}\` come from the environment (the default also when the variable is empty), \`$\${\` is a literal \`\${\`. A plain scalar that is
  exactly one variable is read again as YAML, so \`parallel: \${N}\` can be a number; in quotes it stays text. Inside \`{ }\` and \`[ ]\`, YAML wants the quotes.
- Variables are filled in before a command that is one text is split into words: a value with blanks becomes several words, and a quote in it can
  break the command. In a list (\`command: [python, train.py, "\${DATA}"]\`) it stays one word, whatever is in it.
- Records keep variables unexpanded. A value of six characters or more is a secret: \`[redacted]\` stands for it in records, logs, recordings, events and
  messages, whoever printed it. It is a setting, and shown, where it names what is measured, searched, tracked or read (\`name\`, \`metric\`, \`space\`, \`model\`, paths),
  and so are \`HOME\`, \`USER\`, \`PATH\` and their like. In options of your own components it is a secret unless their schema says otherwise. Files of the project and
  files that trials write are left as they are.
- Short ways to write a spec: \`metric: accuracy\` is \`metric: { name: accuracy }\`; \`researcher: tpe\` (or \`random\`, \`grid\`) is
  \`researcher: { type: search, method: tpe }\`; a \`space\` at the top is the researcher's.
- A component is \`{ type: <name>, …options }\`. A \`type\` that begins with \`./\`, \`../\` or \`/\` is your own module, whose default export is a component definition.
- Paths are relative to the spec's folder; \`inputs\`, \`artifacts\` and \`files\` to \`root\`. What links in an input folder lead to belongs to it;
  \`.git\` and workspaces do not.`;
}

/** What each of AURA's own values is, and the variable that has it too. */
const OWN_VALUES: Readonly<Record<(typeof AURA_NAMES)[number], readonly [variable: string, what: string]>> = {
  id: ["$AURA_ID", "the hypothesis"],
  trial_id: ["$AURA_TRIAL_ID", "the trial: one repeat of it"],
  trial_dir: ["$AURA_TRIAL_DIR", "a folder of the attempt's own, for what it wants to keep"],
  trial_index: ["$AURA_TRIAL_INDEX", "which trial of its hypothesis it is, from 0"],
  seed: ["$AURA_SEED", "the seed of the repeat"],
  slot: ["$AURA_SLOT", "its place among those that run, 0 to `parallel` - 1"],
  workspace: ["$AURA_WORKSPACE", "the run's folder"],
  root: ["$AURA_ROOT", "the project"],
  inputs: ["$AURA_INPUTS", "the absolute paths of the `inputs`: `{aura.inputs...}`, or a JSON list"],
  params_file: ["$AURA_TRIAL_PARAMS", "a file that has all parameters as JSON"],
  args: ["", "a word `--name=value` for each parameter"],
};

function commands(): string {
  const own = AURA_NAMES.map((name) => {
    const [variable, what] = OWN_VALUES[name];
    return `| \`{aura.${name}${name === "args" ? "..." : ""}}\` | ${variable === "" ? "" : `\`${variable}\``} | ${what} |`;
  });
  return `A command is one text, split into words once by POSIX quoting, or a list of words. It meets no shell: a pipe, \`$HOME\` or \`*.csv\` needs \`shell: true\`, which gives the
text to \`sh -c\` as it is; there braces mean nothing, and a parameter is \`"$AURA_PARAM_lr"\`, as it is in the environment of every command.

| in a word | |
|---|---|
| \`{lr}\`, \`{model.depth}\` | the parameter of this name, or what is at this place in it. A value never adds a word or an operator, and one that a model wrote never becomes an option. |
| \`{x?}\` | Where there is no \`x\`, or it is \`null\`, its word goes, and an option word before it. A flag is \`{fast?}\` with \`choices: [--fast, null]\`. |
| \`{xs...}\` | a word for each element of the list |
| \`{case.x}\` | a field of the row, where the experimenter has \`cases\` |
| \`{{\`, \`}}\` | braces |

| AURA's own | as a variable | |
|---|---|---|
${own.join("\n")}`;
}

function kindSection(kind: Kind, registry: Registry): readonly string[] {
  const definitions = registry.list(kind);
  if (definitions.length === 0) return [];
  return [`## ${capital(kind)}s`, KIND_TEXT[kind], ...definitions.flatMap(component)];
}

function component(definition: AnyDefinition): readonly string[] {
  const { kind, type, aliases = [], summary, options, example, requires = [] } = definition;
  const also = aliases.length === 0 ? "" : ` Also called ${aliases.map((name) => `\`${name}\``).join(", ")}.`;
  const tools = [...new Set(requires.map(({ tool }) => `\`${tool}\``))];
  const needs = tools.length === 0 ? "" : ` Needs ${tools.join(", ")}.`;
  return [
    `### ${kind} \`${type}\``,
    `${summary}${also}${needs}`,
    Object.keys(options.properties).length === 0 ? "No options." : table(options),
    ...sections(options, ""),
    `\`\`\`yaml\n${exampleText(kind, type, example)}\`\`\``,
  ];
}

function exampleText(kind: Kind, type: string, example: unknown): string {
  const config = { type, ...(isJsonObject(example) ? example : {}) };
  return stringify(kind === "runner" ? { runners: { main: config } } : { [kind]: config }, { lineWidth: 0 });
}

/** Tables of the mappings inside a mapping, which have keys of their own. */
function sections(schema: unknown, prefix: string): readonly string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, part]) => {
    const branches = namedBranches(part);
    if (branches.length > 0) {
      return branches.flatMap(({ tag, mapping }) => [
        `Keys of \`${prefix}${key}.<name>\` with ${tag}:`,
        table(mapping),
      ]);
    }
    const inner = mappingOf(part);
    if (!inner) return [];
    const path = `${prefix}${key}${isJsonObject(part) && part.type === "array" ? "[]" : ""}`;
    return [`Keys of \`${path}\`:`, table(inner), ...sections(inner, `${path}.`)];
  });
}

/** The kinds of mapping that the values of a mapping of names can be, by what tells them apart. */
function namedBranches(schema: unknown): readonly { readonly tag: string; readonly mapping: JsonObject }[] {
  const values = isJsonObject(schema) && isJsonObject(schema.additionalProperties) ? schema.additionalProperties : {};
  if (!Array.isArray(values.anyOf)) return [];
  return values.anyOf.flatMap((branch) => {
    const mapping = mappingOf(branch);
    const { type } = propertiesOf(mapping);
    return mapping && isJsonObject(type) ? [{ tag: `\`type\` ${typeText(type)}`, mapping }] : [];
  });
}

function mappingOf(schema: unknown): JsonObject | null {
  if (!isJsonObject(schema)) return null;
  if (isJsonObject(schema.properties)) return schema;
  if (schema.type === "array") return mappingOf(schema.items);
  if (!Array.isArray(schema.anyOf)) return null;
  const mappings = schema.anyOf.filter((branch) => mappingOf(branch) !== null);
  return mappings.length === 1 ? mappingOf(mappings[0]) : null;
}

function table(schema: unknown): string {
  const required = isJsonObject(schema) && Array.isArray(schema.required) ? schema.required : [];
  const rows = Object.entries(propertiesOf(schema)).map(([name, part]) => {
    const { description = "", default: fallback } = isJsonObject(part) ? part : {};
    const normal = required.includes(name)
      ? "required"
      : fallback === undefined
        ? ""
        : `\`${JSON.stringify(fallback)}\``;
    return `| \`${name}\` | ${cell(typeText(part))} | ${cell(normal)} | ${cell(String(description))} |`;
  });
  return ["| key | type | default | |", "|---|---|---|---|", ...rows].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** The type of an option in a word or two. */
function typeText(schema: unknown): string {
  if (!isJsonObject(schema)) return "any";
  if (typeof schema["x-unit"] === "string") return schema["x-unit"];
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.replace("#/$defs/", "");
    return name === "runner" ? "runner, or its name" : name === "inlineRunner" ? "runner" : name;
  }
  if ("const" in schema) return `\`${String(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (Array.isArray(schema.anyOf)) return [...new Set(schema.anyOf.map(typeText))].join(" or ");
  if (schema.type === "array") return `list of ${typeText(schema.items)}`;
  if (schema.type === "string") return "text";
  if (schema.type === "integer") return `whole number${bounds(schema)}`;
  if (schema.type === "number") return `number${bounds(schema)}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type !== "object") return schema["x-any"] === true ? "any" : String(schema.type);
  return isJsonObject(schema.additionalProperties)
    ? `mapping of names to ${typeText(schema.additionalProperties)}`
    : "mapping";
}

function bounds({ minimum, exclusiveMinimum, maximum }: JsonObject): string {
  const low =
    typeof minimum === "number"
      ? ` ≥ ${minimum}`
      : typeof exclusiveMinimum === "number"
        ? ` > ${exclusiveMinimum}`
        : "";
  return typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER
    ? `${low || " "}${low ? ", " : ""}≤ ${maximum}`
    : low;
}

function propertiesOf(schema: unknown): JsonObject {
  return isJsonObject(schema) && isJsonObject(schema.properties) ? schema.properties : {};
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
