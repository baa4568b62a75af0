import type { JsonObject } from "../../model/json.ts";
import { JSON_PIECE, jsonObjectIn } from "../metric-line.ts";

/** Most characters that one printed object may have. */
const MOST_CHARACTERS = 1024 * 1024;
/** Ends of objects that are followed back to their start, so that no output makes this slow. */
const MOST_ATTEMPTS = 20;

/** The last JSON object in these lines, on one line or spread over several; those that `skip` names do not count. */
export function lastPrintedObject(lines: readonly string[], skip: (object: JsonObject) => boolean): JsonObject | null {
  let attempts = 0;
  for (let end = lines.length - 1; end >= 0; end--) {
    const line = lines[end] ?? "";
    if (!line.trimEnd().endsWith("}")) continue;
    const whole = jsonObjectIn(line);
    if (whole === null && attempts++ >= MOST_ATTEMPTS) continue;
    const start = whole === null ? startOf(lines, end) : end;
    if (start === null || isInside(lines, start, end)) continue;
    const object = whole ?? jsonObjectIn(lines.slice(start, end + 1).join("\n"));
    if (object !== null && !skip(object)) return object;
  }
  return null;
}

/** The line with the brace that the last one of line `end` closes; `null` where what lies between is no JSON, or too much. */
function startOf(lines: readonly string[], end: number): number | null {
  let open = 0;
  let characters = 0;
  for (let start = end; start >= 0; start--) {
    const line = lines[start] ?? "";
    characters += line.length + 1;
    if (characters > MOST_CHARACTERS) return null;
    if (line.trim() === "") continue;
    if (!JSON_PIECE.test(line.trimStart())) return null;
    const { opened, closed } = bracketsOf(line);
    // A line that closes and opens again, such as `}, {`, does the first before the second.
    open -= opened;
    if (open === 0 && start < end) return line.trimStart().startsWith("{") ? start : null;
    if (open < 0) return null;
    open += closed;
  }
  return null;
}

/** Brackets of a line that other lines close and open. No string of JSON goes on in the next line. */
function bracketsOf(line: string): { readonly opened: number; readonly closed: number } {
  let [opened, closed] = [0, 0];
  let inString = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (inString) {
      if (char === "\\") i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") opened += 1;
    else if (char === "}" || char === "]") {
      if (opened > 0) opened -= 1;
      else closed += 1;
    }
  }
  return { opened, closed };
}

/**
 * Whether an object is a part of another one, which could not be followed back to its own start: it is no result by
 * itself.
 */
function isInside(lines: readonly string[], start: number, end: number): boolean {
  const before = neighbour(lines, start, -1);
  if (before !== null && !JSON_PIECE.test(before)) return false;
  if (before !== null && /[[{,:]$/.test(before)) return true;
  return /^[\]},]/.test(neighbour(lines, end, 1) ?? "");
}

/** The nearest line that is not empty, without the space around it. */
function neighbour(lines: readonly string[], from: number, step: 1 | -1): string | null {
  for (let i = from + step; i >= 0 && i < lines.length; i += step) {
    const text = lines[i]?.trim();
    if (text) return text;
  }
  return null;
}
