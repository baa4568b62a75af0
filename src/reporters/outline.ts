import { isJsonObject, type JsonValue } from "../model/json.ts";
import { terminalLine } from "../text/printable.ts";
import { truncate } from "../text/width.ts";

const MAX_DEPTH = 8;

/** Any JSON value as indented `key: value` lines, each safe for a terminal; texts of several lines stay in lines. */
export function outline(value: JsonValue, indent = "", depth = 0): readonly string[] {
  if (depth >= MAX_DEPTH) return [`${indent}…`];
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => entry("-", item, indent, depth));
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      entry(`${truncate(terminalLine(key), 80)}:`, item, indent, depth),
    );
  }
  return textLines(scalar(value)).map((line) => indent + line);
}

function entry(key: string, value: JsonValue, indent: string, depth: number): readonly string[] {
  const empty = Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
  if (empty) return [`${indent}${key} none`];
  if (typeof value === "object" && value !== null) {
    return [`${indent}${key}`, ...outline(value, `${indent}  `, depth + 1)];
  }
  const lines = textLines(scalar(value));
  if (lines.length === 1) return [`${indent}${key} ${lines[0] ?? ""}`.trimEnd()];
  return [`${indent}${key}`, ...lines.map((line) => `${indent}  ${line}`)];
}

function scalar(value: string | number | boolean | null | JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textLines(text: string): readonly string[] {
  return text
    .replace(/\s+$/, "")
    .split(/\r\n|\n|\r/)
    .map(terminalLine);
}
