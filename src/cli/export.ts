import { dirname, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { EXIT, UsageError } from "../kernel/errors.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";
import { systemEffects } from "../platform/system.ts";
import { jsonLine } from "../reporters/jsonl.ts";
import { terminalText } from "../text/printable.ts";
import { COLUMNS, inspectTable } from "../workspace/views/table.ts";
import { guarded } from "./output.ts";

interface ExportFlags {
  readonly format: "csv" | "jsonl";
  readonly output: string;
}

/** `aura export <workspace>`: every hypothesis with its parameters and metrics, one a line. */
export async function exportTable(place: string, { format, output }: ExportFlags): Promise<number> {
  return guarded({}, async () => {
    const { files } = systemEffects();
    const rows = inspectTable(resolve(place), { files });
    const text = format === "csv" ? csv(rows) : rows.map((row) => `${jsonLine(row)}\n`).join("");
    if (output === "-") process.stdout.write(text);
    else writeTo(resolve(output), text, files);
    return EXIT.ok;
  });
}

function writeTo(path: string, text: string, files: Files): void {
  const folder = dirname(path);
  if (files.stat(files.realPath(folder) ?? folder)?.kind !== "directory")
    throw new UsageError(`${path} cannot be written: there is no folder ${folder}`);
  files.writeAtomic(path, text);
}

/** RFC 4180, with a line of names. What a hypothesis has no value for is empty. */
function csv(rows: readonly JsonObject[]): string {
  const known = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const named = (prefix: string) => known.filter((name) => name.startsWith(prefix));
  const { before, between, after } = COLUMNS;
  const columns = [...before, ...named("param."), ...between, ...named("metric."), ...after];
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((name) => cell(row[name])))];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

function cell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  const text =
    typeof value === "string" ? asText(value) : Array.isArray(value) ? listText(value) : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function listText(list: readonly JsonValue[]): string {
  return list.every((item) => typeof item === "string") ? asText(list.join(" ")) : JSON.stringify(list);
}

/** A spreadsheet takes text that begins so for a formula, and a model may have written it: the mark says that it is text. */
function asText(text: string): string {
  const shown = terminalText(text);
  return /^[=+\-@\t\r]/.test(shown) ? `'${shown}` : shown;
}
