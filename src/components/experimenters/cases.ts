import type { Files } from "../../kernel/effects.ts";
import { SpecError } from "../../kernel/errors.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../model/json.ts";

const MOST_CASES = 10_000;

/** The rows of a file of JSON lines, each an object. Throws `SpecError` that names the line. */
export function readCases(path: string, { readText }: Pick<Files, "readText">): readonly JsonObject[] {
  const text = readText(path);
  if (text === null) throw new SpecError(`cases: there is no file ${path}`);
  const rows = text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const row = parseJson(line);
    if (!isJsonObject(row)) throw new SpecError(`${path}:${at + 1}: a case is a JSON object on a line of its own`);
    return [row];
  });
  if (rows.length === 0) throw new SpecError(`cases: ${path} has no row`);
  if (rows.length > MOST_CASES)
    throw new SpecError(`cases: ${path} has ${rows.length} rows, at most ${MOST_CASES} are run`);
  return rows;
}
