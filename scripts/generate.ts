import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { OUTPUTS } from "../src/cli/outputs/index.ts";
import { builtins } from "../src/components/builtins.ts";
import { applySchema } from "../src/model/apply.ts";
import { callSchema } from "../src/model/call.ts";
import { evaluationSchema } from "../src/model/evaluation.ts";
import { experimentSchema } from "../src/model/experiment.ts";
import { hypothesisSchema } from "../src/model/hypothesis.ts";
import { insightsSchema } from "../src/model/insight.ts";
import { iterationSchema, rollbackSchema } from "../src/model/iteration.ts";
import type { JsonObject } from "../src/model/json.ts";
import { priorSchema } from "../src/model/prior.ts";
import { manifestSchema } from "../src/model/run.ts";
import { environmentSchema, trialSchema } from "../src/model/trial.ts";
import { printableSchema } from "../src/schema/printable.ts";
import { snapshotSchema } from "../src/workspace/states/index.ts";
import { generateCli } from "./generate-cli.ts";
import { generateLibrary } from "./generate-library.ts";
import { generateReference } from "./generate-reference.ts";
import { publishedSpecSchema } from "./published-schema.ts";
import { withSharedParts } from "./shared-parts.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SCHEMAS = "schemas";

/** Schema of each kind of file in a workspace, by the name of its schema file. */
const RECORDS: Readonly<Record<string, object>> = {
  apply: applySchema,
  call: callSchema,
  environment: environmentSchema,
  evaluation: evaluationSchema,
  experiment: experimentSchema,
  hypothesis: hypothesisSchema,
  insights: insightsSchema,
  iteration: iterationSchema,
  prior: priorSchema,
  rollback: rollbackSchema,
  run: manifestSchema,
  snapshot: snapshotSchema,
  trial: trialSchema,
};

/** Every generated file: its path relative to the project, and its text. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const records = Object.entries(RECORDS).map(([name, schema]) => schemaFile(name, `${name} record`, schema));
  const known = await builtins();
  const outputs = Object.entries(OUTPUTS).map(([name, schema]) => schemaFile(name, name, withSharedParts(schema)));
  return new Map([
    ...records,
    ...outputs,
    [`${SCHEMAS}/run-spec.schema.json`, json(publishedSpecSchema(known))],
    ["docs/cli.md", generateCli()],
    ["docs/library.md", generateLibrary()],
    ["docs/reference.md", generateReference(known)],
  ]);
}

function schemaFile(name: string, title: string, schema: object): readonly [path: string, text: string] {
  const $schema = "http://json-schema.org/draft-07/schema#";
  return [`${SCHEMAS}/${name}.schema.json`, json({ $schema, title: `AURA ${title}`, ...printableSchema(schema) })];
}

function json(schema: JsonObject): string {
  const { $schema, title, ...rest } = schema;
  const $comment = "Generated from the definitions in src/ by `npm run generate`. Do not edit.";
  return `${JSON.stringify({ $schema, $comment, title, ...rest }, null, 2)}\n`;
}

/** Generated files that differ from what they should be, and schemas that nothing generates any more. */
export function staleFiles(files: ReadonlyMap<string, string>): readonly string[] {
  const differing = [...files].filter(([path, text]) => read(path) !== text).map(([path]) => path);
  return [...differing, ...orphans(files)];
}

function orphans(files: ReadonlyMap<string, string>): readonly string[] {
  return list(SCHEMAS).filter((path) => path.endsWith(".schema.json") && !files.has(path));
}

function read(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch {
    return null;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function write(files: ReadonlyMap<string, string>, stale: readonly string[]): void {
  for (const path of stale) {
    const text = files.get(path);
    const file = join(ROOT, path);
    if (text === undefined) {
      rmSync(file);
      continue;
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await generatedFiles();
  const stale = staleFiles(files);
  if (process.argv.includes("--check")) {
    for (const path of stale) process.stderr.write(`${path} is not up to date; run \`npm run generate\`\n`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    write(files, stale);
    process.stdout.write(
      `${stale.length} of ${files.size} generated files changed${stale.map((path) => `\n  ${path}`).join("")}\n`,
    );
  }
}
