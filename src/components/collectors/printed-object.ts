import type { JsonObject } from "../../model/json.ts";
import { jsonObjectIn } from "../metric-line.ts";

/** Most lines and characters that one printed object may have. */
const MOST_LINES = 2000;
const MOST_CHARACTERS = 1024 * 1024;
/** Ends of objects that are followed back to their start, so that no output makes this slow. */
const MOST_ATTEMPTS = 20;

/** The last JSON object in these lines, on one line or spread over several; those that `skip` names do not count. */
export function lastPrintedObject(lines: readonly string[], skip: (object: JsonObject) => boolean): JsonObject | null {
  let attempts = 0;
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i] ?? "";
    if (!line.trimEnd().endsWith("}")) continue;
    const whole = jsonObjectIn(line);
    if (whole && !skip(whole)) return whole;
    if (whole || attempts >= MOST_ATTEMPTS) continue;
    attempts += 1;
    const spread = spreadObject(lines, i);
    if (spread && !skip(spread)) return spread;
  }
  return null;
}

/** The object that ends on line `end`: a printer puts its first brace as far in as its last. */
function spreadObject(lines: readonly string[], end: number): JsonObject | null {
  const last = lines[end] ?? "";
  const indent = last.length - last.trimStart().length;
  let characters = last.length;
  for (let start = end - 1; start >= 0 && end - start < MOST_LINES; start--) {
    const line = lines[start] ?? "";
    characters += line.length + 1;
    if (characters > MOST_CHARACTERS) return null;
    if (line.trim() === "" || line.length - line.trimStart().length > indent) continue;
    return line.trimStart().startsWith("{") ? jsonObjectIn(lines.slice(start, end + 1).join("\n")) : null;
  }
  return null;
}
