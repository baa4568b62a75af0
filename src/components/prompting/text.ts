/** Characters a token of English or code has on average; the estimate behind every token budget of a prompt. */
export const CHARACTERS_PER_TOKEN = 4;

const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;
// Controls but tab and newline (and the carriage return before one), and what reorders or hides text.
const CONTROLS =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\r(?!\n)/g;
const SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text of a trial or a model without escape sequences, control characters and lone surrogates; line breaks stay. */
export function cleanText(text: string): string {
  return text.replace(ESCAPES, "").replace(CONTROLS, "").replace(SURROGATES, "\ufffd");
}

/** `cleanText` on one line of at most `max` characters. */
export function oneLine(text: string, max: number): string {
  // Bounded before cleaning: what comes may be megabytes, of which a line is kept.
  return clip(
    cleanText(text.slice(0, max * 8))
      .replace(/\s+/g, " ")
      .trim(),
    max,
  );
}

/** The text cut to `max` characters, with `…` as the last when something was cut. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = Math.max(0, max - 1);
  const splits = /[\ud800-\udbff]/.test(text.charAt(end - 1));
  return `${text.slice(0, splits ? end - 1 : end)}…`;
}

/** The first `max` characters, with a line that says how many are left out. */
export function clipLines(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = clip(text, max).slice(0, -1);
  return `${kept}\n… (${text.length - kept.length} more characters)`;
}

/**
 * Text that others wrote, as a block that nothing in it can end: cleaned, and fenced by more backticks than any run
 * of them inside. Empty text gives empty text.
 */
export function fence(text: string, info = ""): string {
  const clean = cleanText(text).replace(/\n+$/, "");
  if (clean === "") return "";
  const longest = Math.max(0, ...(clean.match(/`+/g) ?? []).map((run) => run.length));
  const mark = "`".repeat(Math.max(3, longest + 1));
  return `${mark}${info}\n${clean}\n${mark}`;
}
