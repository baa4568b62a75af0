import { clip, terminalLine } from "../text/printable.ts";

export type Level = "info" | "warn" | "error";
/** What can follow `key=`; `undefined` leaves the key out. */
type FieldValue = string | number | boolean | null | undefined;
export type Fields = Readonly<Record<string, FieldValue>>;

const MAX_VALUE = 200;
const BARE = /^[^\s"'=\\]+$/;

/** `2026-01-31T12:00:00Z info experiment.finished id=i00001-h002 score=0.83`: one line, safe for any terminal. */
export function plainLine(at: string, level: Level, name: string, fields: Fields): string {
  const parts = [at.replace(/\.\d+Z$/, "Z"), level, name];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${key}=${fieldText(value)}`);
  }
  return parts.join(" ");
}

function fieldText(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  const text = clip(terminalLine(value), MAX_VALUE);
  return BARE.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
