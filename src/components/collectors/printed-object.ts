import type { JsonObject } from "../../model/json.ts";
import { JSON_PIECE, jsonObjectIn } from "../metric-line.ts";

/** Most lines and characters that one printed object may have. */
const MOST_LINES = 2000;
const MOST_CHARACTERS = 1024 * 1024;
/** Ends of objects that are followed back to their start, so that no output makes this slow. */
const MOST_ATTEMPTS = 20;

/** Lines at which one object is taken to start. */
const MOST_STARTS = 5;

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

/**
 * The object that ends on line `end`: a printer puts its first brace as far in as its last. One that does not indent puts
 * all of its lines there.
 */
function spreadObject(lines: readonly string[], end: number): JsonObject | null {
  const last = lines[end] ?? "";
  const indent = last.length - last.trimStart().length;
  let characters = last.length;
  let tries = 0;
  for (let start = end - 1; start >= 0 && end - start < MOST_LINES; start--) {
    const line = lines[start] ?? "";
    characters += line.length + 1;
    if (characters > MOST_CHARACTERS) return null;
    if (line.trim() === "" || line.length - line.trimStart().length > indent) continue;
    const text = line.trimStart();
    if (!JSON_PIECE.test(text)) return null;
    if (!text.startsWith("{")) continue;
    const found = jsonObjectIn(lines.slice(start, end + 1).join("\n"));
    tries += 1;
    if (found !== null || tries >= MOST_STARTS) return found;
  }
  return null;
}
