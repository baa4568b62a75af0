/**
 * What others wrote - a model, a trial, a server, a file's name - in three policies:
 *
 * - *terminal*: nothing acts on the terminal, and what is left takes the same columns in each (`terminalLine`, `terminalText`, and
 *   `terminalExact` where bytes matter);
 * - *prompt*: nothing hides or turns around what a model or a person reads, and the text is otherwise left as it is
 *   (`promptText`, `promptLine`);
 * - *record*: nothing is lost, what would not be seen is written out (`recordText`, `shown`).
 */

/** CSI and other short sequences; OSC, DCS, SOS, PM and APC strings with their terminator, or to the end of the line. */
const ESCAPES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
/** Controls but tab, line feed and a line end's carriage return; what turns directions, ends lines or tags invisibly. */
const CONTROLS = /(?![\t\n]|\r\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff\u{e0000}-\u{e007f}]/gu;
/** The same and all else that is not seen, lone halves of surrogate pairs among them. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2060-\u206f]/gu;
/** Zero-width and other invisible code points, emoji joiners, skin tones and keycaps. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]|[\u{1f3fb}-\u{1f3ff}]|\u20e3/gu;
const BLANKS = /[\t\n\v\f\r\x85\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f]+/g;
const STACKED_MARKS = /([\p{Mn}\p{Me}]{2})[\p{Mn}\p{Me}]+/gu;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Longest text that is looked at when one line of it is to be shown. */
const MAX_LINE = 4096;

/** Characters of a line that is shown whole. */
export const SCREENFUL = 1600;

/** Whether the text is of printable ASCII characters only, which is safe everywhere and a column each. */
export function isPrintableAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

/** Whether something in a name would break or hide a line: a control character, or a separator of lines. */
export function hasControls(name: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name);
}

/** A line with a blank for each character that is not seen, so that all others keep their places. */
export function blanked(line: string): string {
  return line.replace(UNSEEN, (character) => " ".repeat(character.length)).replaceAll("\t", " ");
}

/** The text without sequences that a terminal would act on. */
function withoutEscapes(text: string): string {
  return /[\x1b\x80-\x9f]/.test(text) ? text.replace(ESCAPES, "") : text;
}

/** A line as a terminal would show it in the end: without colours, and only what was written over the rest of it. */
export function readableLine(line: string): string {
  const text = withoutEscapes(line);
  if (!text.includes("\r")) return text;
  const shown = text.trimEnd();
  return shown.slice(shown.lastIndexOf("\r") + 1);
}

/**
 * One line that is safe to write to a terminal: no escape sequences, controls and invisible characters, line breaks
 * and tabs as a space, no lone surrogates, at most 4096 characters.
 */
export function terminalLine(text: string): string {
  const bounded = text.length > MAX_LINE ? text.slice(0, MAX_LINE) : text;
  if (isPrintableAscii(bounded)) return bounded;
  return withoutEscapes(bounded.toWellFormed())
    .replace(BLANKS, " ")
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .replace(STACKED_MARKS, "$1");
}

/**
 * The last lines of what a program printed that say something, at most `most` of them, as a terminal would show them:
 * of the last, which most often says why it failed, a screenful, of the others 200 characters each.
 */
export function lastLines(output: string, most: number): readonly string[] {
  const lines = output.split("\n").map((line) => terminalLine(readableLine(line)).trimEnd());
  const said = lines.filter((line) => line.trim() !== "").slice(-most);
  return said.map((line, at) => clip(line, at === said.length - 1 ? SCREENFUL : 200));
}

/** Lines for a terminal, as long as they are: what it would act on is a replacement character. */
export function terminalText(text: string): string {
  return terminalExact(text).replaceAll("\r", "");
}

/** The same with its line ends as they are: what `promptText` has cleaned comes out byte for byte. */
export function terminalExact(text: string): string {
  return text.replace(CONTROLS, "\ufffd").toWellFormed();
}

/** The text without escape sequences, control characters and lone surrogates; line breaks stay. */
export function promptText(text: string): string {
  return withoutEscapes(text).replace(CONTROLS, "").toWellFormed();
}

/** `promptText` on one line of at most `max` characters. */
export function promptLine(text: string, max: number): string {
  // Bounded before cleaning: what comes may be megabytes, of which a line is kept.
  const line = promptText(text.slice(0, max * 8)).replace(/\s+/g, " ");
  return clip(line.trim(), max);
}

/** The text with all that would not be seen written out as `\uXXXX`; `\n` and `\t` stay. JSON text keeps its meaning. */
export function recordText(text: string): string {
  // Making the expression out of Unicode's tables takes longer than most commands do otherwise.
  if (/^[\t\n\x20-\x7e]*$/.test(text)) return text;
  return text.replace(UNSEEN, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** A value or a name from others as it may stand in a message: JSON on one line, cut to about `max` characters. */
export function shown(value: unknown, max = 60): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return recordText(JSON.stringify(clip(value, max)));
  try {
    return recordText(clip(JSON.stringify(value) ?? String(value), max));
  } catch {
    return "something that is no data";
  }
}

/** A path or a name, fit for a message: in quotes, on one line, at most 120 characters. */
export function quoted(name: string): string {
  return shown(name, 120);
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
  const clean = promptText(text).replace(/\n+$/, "");
  if (clean === "") return "";
  const longest = Math.max(0, ...(clean.match(/`+/g) ?? []).map((run) => run.length));
  const mark = "`".repeat(Math.max(3, longest + 1));
  return `${mark}${info}\n${clean}\n${mark}`;
}

/** The first of these, and how many more there are. */
export function listed(items: readonly string[], most: number): string {
  const more = items.length > most ? ` and ${items.length - most} more` : "";
  return `${items.slice(0, most).join(", ")}${more}`;
}
