import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { applySchema } from "../src/model/apply.ts";
import { callSchema } from "../src/model/call.ts";
import { evaluationSchema } from "../src/model/evaluation.ts";
import { experimentSchema } from "../src/model/experiment.ts";
import { hypothesisSchema } from "../src/model/hypothesis.ts";
import { insightsSchema } from "../src/model/insight.ts";
import { iterationSchema } from "../src/model/iteration.ts";
import { priorSchema } from "../src/model/prior.ts";
import { manifestSchema } from "../src/model/run.ts";
import { trialSchema } from "../src/model/trial.ts";
import type { HouseSchema } from "../src/schema/dialect.ts";

/** Schema of each record kind and the TypeScript type that a value which fits it has. */
const RECORDS: Readonly<Record<string, { schema: HouseSchema; type: string; module: string }>> = {
  manifest: { schema: manifestSchema, type: "RunManifest", module: "run" },
  iteration: { schema: iterationSchema, type: "IterationRecord", module: "iteration" },
  hypothesis: { schema: hypothesisSchema, type: "Hypothesis", module: "hypothesis" },
  trial: { schema: trialSchema, type: "Trial", module: "trial" },
  experiment: { schema: experimentSchema, type: "Experiment", module: "experiment" },
  evaluation: { schema: evaluationSchema, type: "Evaluation", module: "evaluation" },
  insights: { schema: insightsSchema, type: "readonly Insight[]", module: "insight" },
  call: { schema: callSchema, type: "CallRecord", module: "call" },
  apply: { schema: applySchema, type: "ApplyRecord", module: "apply" },
  prior: { schema: priorSchema, type: "readonly PriorRun[]", module: "prior" },
};

const HEADER = "// Generated from the record schemas in src/model by `npm run generate`. Do not edit.\n";
const FOLDER = "src/workspace/generated";

type Schema = { [keyword: string]: unknown };

/**
 * The validators of all record kinds as one self-contained module, compiled ahead of time so that reading a workspace
 * loads no schema compiler. Keys are paths relative to the project, values the text of the files.
 */
export async function generateValidators(): Promise<Record<string, string>> {
  // Loops and references instead of unrolled copies: a module that is quick to load matters more than one that is
  // quick to run, and these records are small.
  const output = { source: true, esm: true, optimize: 2 };
  const ajv = new Ajv({ code: output, discriminator: true, inlineRefs: false, loopRequired: 1, messages: false });
  const shared = sharedSchemas();
  for (const [schema, name] of shared) ajv.addSchema(plainSchema(schema, shared, schema), name);
  const ids: Record<string, string> = {};
  for (const [name, { schema }] of Object.entries(RECORDS)) {
    ajv.addSchema(plainSchema(schema, shared, schema), name);
    ids[name] = name;
  }
  const code = shortened(standalone.default(ajv, ids).replace(/^"use strict";\s*/, ""));
  // The compiler's own run-time helpers would be loaded with it; none of the record schemas needs one today.
  if (/\brequire\s*\(|\bimport\b/.test(code)) {
    throw new Error("a record schema uses a keyword whose validator needs a run-time helper of the schema compiler");
  }
  return {
    [`${FOLDER}/validate-records.js`]: `${HEADER}// @ts-nocheck\n${code}\n`,
    [`${FOLDER}/validate-records.d.ts`]: declarations(),
  };
}

/** What is said of a mistake, 400 times over, is half of the code that each look at a workspace has to read. */
function shortened(code: string): string {
  const issues = code.replace(
    /\{instancePath(?::((?:[^,{}()]|\([^()]*\))+))?,schemaPath:"(?:[^"\\]|\\.)*",keyword:("\w+"),params:(\{(?:"[^"]*"|[^"{}])*\})\}/g,
    (_, path: string | undefined, keyword: string, params: string) =>
      `issue(${path ?? "instancePath"},${keyword},${params})`,
  );
  if (issues.includes("schemaPath")) throw new Error("the schema compiler writes its mistakes in another form now");
  return `function issue(instancePath, keyword, params){return {instancePath,keyword,params};}${issues}`;
}

function declarations(): string {
  const entries = Object.entries(RECORDS);
  const imports = entries
    .map(([, { type, module }]) => `import type { ${bareName(type)} } from "../../model/${module}.ts";\n`)
    .sort()
    .join("");
  const exports = entries
    .map(([name, { type }]) => `export declare const ${name}: RecordValidator<${type}>;\n`)
    .join("");
  return `${HEADER}${imports}
export interface RecordIssue {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Says whether a value fits; when it does not, the first thing that is wrong is in \`errors\` until the next call. */
export interface RecordValidator<T> {
  (value: unknown): value is T;
  readonly errors?: readonly RecordIssue[] | null;
}

${exports}`;
}

function bareName(type: string): string {
  return type.replace(/^readonly /, "").replace(/\[\]$/, "");
}

/** Sub-schemas that several records use (such as a failure), each with a name to refer to it by. */
function sharedSchemas(): ReadonlyMap<object, string> {
  const seen = new Map<object, number>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const count = (seen.get(value) ?? 0) + 1;
    seen.set(value, count);
    if (count === 1) for (const inner of Object.values(value)) visit(inner);
  };
  for (const { schema } of Object.values(RECORDS)) visit(schema);
  const repeated = [...seen].filter(([value, count]) => count > 1 && ("anyOf" in value || hasProperties(value)));
  return new Map(repeated.map(([value], index) => [value, `shared${index + 1}`]));
}

function hasProperties(value: object): boolean {
  return "type" in value && value.type === "object" && "properties" in value;
}

/**
 * Standard JSON Schema of a house schema: the house's own keywords and the texts are left out, a shared sub-schema is
 * referred to, and a union whose members are told apart by one key becomes a tagged one, so that an error names the
 * member that was meant.
 */
function plainSchema(schema: object, shared: ReadonlyMap<object, string>, self: object): Schema {
  const plain = strip(schema, shared, self);
  if (!isSchema(plain)) throw new Error("a schema is an object");
  return plain;
}

function strip(value: unknown, shared: ReadonlyMap<object, string>, self?: object): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, shared));
  if (!isSchema(value)) return value;
  const name = shared.get(value);
  if (name !== undefined && value !== self) return { $ref: name };
  if (value["x-any"] === true) return {};
  const plain: Schema = {};
  for (const [keyword, inner] of Object.entries(value)) {
    if (keyword === "description" || keyword.startsWith("x-")) continue;
    plain[keyword] = keyword === "properties" ? stripProperties(inner, shared) : strip(inner, shared);
  }
  return tagged(plain);
}

function stripProperties(properties: unknown, shared: ReadonlyMap<object, string>): unknown {
  if (!isSchema(properties)) throw new Error("`properties` is an object");
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, strip(schema, shared)]));
}

function tagged(schema: Schema): Schema {
  const members = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isSchema) : [];
  const tag = ["state", "status"].find((key) => members.length > 0 && members.every((member) => isTag(member, key)));
  if (tag === undefined) return schema;
  const { anyOf, ...rest } = schema;
  return { ...rest, type: "object", discriminator: { propertyName: tag }, required: [tag], oneOf: anyOf };
}

function isTag(member: Schema, key: string): boolean {
  const property = isSchema(member.properties) ? member.properties[key] : undefined;
  return isSchema(property) && ("const" in property || "enum" in property);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
