import { createRequire } from "node:module";
import { SpecError } from "../kernel/errors.ts";
import { clip } from "../text/printable.ts";

/** A helper of prompt templates: gets its arguments, gives text. */
export type PromptHelper = (args: readonly unknown[]) => string;

/**
 * `{{json x}}` and `{{json x 0}}` (spaces of indentation, default 2), `{{yaml x}}`, `{{table rows}}` or
 * `{{table rows "id" "score"}}` (a Markdown table of a list of objects, by these columns or all),
 * `{{truncate x 200}}` (at most so many characters), `{{indent x 4}}` (each line by so many spaces).
 */
export const PROMPT_HELPERS: Readonly<Record<string, PromptHelper>> = {
  json: ([value, spaces]) => JSON.stringify(given("json", value), null, count("json", spaces, 2)) ?? "null",
  yaml: ([value]) => toYaml(given("yaml", value)).trimEnd(),
  table: ([rows, ...columns]) => table(given("table", rows), columns.map(String)),
  truncate: ([value, length]) => clip(text(given("truncate", value)), count("truncate", length, 200)),
  indent: ([value, spaces]) => {
    const margin = " ".repeat(Math.min(count("indent", spaces, 2), 80));
    return text(given("indent", value)).replace(/^(?=.)/gm, margin);
  },
};

function given(helper: string, value: unknown): unknown {
  if (value === undefined) throw new SpecError(`the helper "${helper}" was given nothing; write {{${helper} name}}`);
  return value;
}

function count(helper: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new SpecError(`the helper "${helper}" needs a whole number, not ${JSON.stringify(value)}`);
}

function text(value: unknown): string {
  return value === null ? "" : String(value);
}

function toYaml(value: unknown): string {
  const yaml: typeof import("yaml") = createRequire(import.meta.url)("yaml");
  const plain: unknown = JSON.parse(JSON.stringify(value) ?? "null");
  return yaml.stringify(plain, { lineWidth: 0 });
}

function table(rows: unknown, wanted: readonly string[]): string {
  if (!Array.isArray(rows)) throw new SpecError('the helper "table" needs a list of objects');
  if (rows.length === 0) return "";
  const records = rows.map((row: unknown) => (typeof row === "object" && row !== null ? row : { value: row }));
  const columns = wanted.length > 0 ? wanted : [...new Set(records.flatMap((record) => Object.keys(record)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = records.map((record) => {
    const fields = new Map<string, unknown>(Object.entries(record));
    return line(columns.map((column) => cell(fields.get(column))));
  });
  return [line(columns), line(columns.map(() => "---")), ...body].join("\n");
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return shown.replaceAll("|", "\\|").replace(/\s+/g, " ").trim();
}
