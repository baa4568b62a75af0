import type { OutputLines, RawResult } from "../kernel/ports.ts";
import { isJsonObject, type JsonObject, parseJson } from "../model/json.ts";
import type { Failure, TrialStep } from "../model/trial.ts";
import { plainJson } from "../platform/plain-json.ts";
import { readableLine } from "../text/printable.ts";

/** Longest line that is looked at for `name: value`. */
const LONGEST_PAIR_LINE = 1000;
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const NOT_FINITE = /^([-+]?)(nan|inf|infinity)$/i;
/** Names are words of any script. */
const SINGLE = /^([\p{L}_][\p{L}\p{M}\p{N}_./@%()+-]*(?: [\p{L}\p{M}\p{N}_./@%()+-]+)*)\s*[:=]\s*(\S.*)$/su;
const ONE_OF_MANY = /\s*([\p{L}_][\p{L}\p{M}\p{N}_./@%-]{0,79})\s*[:=]\s*([^\s,;|]{1,60})\s*[,;|]?/uy;
/** Characters of the shortest pair, `a:1`. */
const SHORTEST_PAIR = 3;
const JSON_WORD = /^(?:true|false|null|NaN|Infinity)(?:,?\s*$|\s*[\]}])/;
/** How a line that is a part of a printed object begins. */
export const JSON_PIECE = /^(?:[{}[\]"]|(?:true|false|null|NaN|-?Infinity|-?\d[\d.eE+-]{0,40})(?:,?\s*$|\s*[\]}]))/;

/** A number, the text of one that is not finite (`"NaN"`), or another text. */
export type MetricValue = number | string;

/**
 * Whether a line could be a metric or part of one. Time grows with the line's length only up to a bound, and a line that
 * by its first character can be neither costs next to nothing.
 */
export function couldBeMetric(line: string): boolean {
  const first = line.charCodeAt(0);
  if (line.length < SHORTEST_PAIR && mayBeLetter(first)) return false;
  const text = readableLine(line);
  const head = text.slice(0, 200).trimStart();
  if (mayBeLetter(head.charCodeAt(0)) && !text.includes(":") && !text.includes("=")) return JSON_WORD.test(head);
  if (JSON_PIECE.test(head)) return true;
  return text.length <= LONGEST_PAIR_LINE && SINGLE.test(text.trim());
}

/** The pairs of a line that consists of `name: value` or `name=value`, once or several times; empty when it does not. */
export function metricPairs(line: string): readonly (readonly [string, MetricValue])[] {
  if (line.length > LONGEST_PAIR_LINE) return [];
  const text = line.trim();
  const single = SINGLE.exec(text);
  if (!single?.[1] || single[2] === undefined) return [];
  const value = metricValue(single[2]);
  if (value !== null) return [[single[1], value]];
  return manyPairs(text) ?? [[single[1], single[2]]];
}

/** The object that a text of JSON is, else `null`. Python's `NaN` and `Infinity` become texts of that name. */
export function jsonObjectIn(text: string): JsonObject | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return null;
  const parsed = parseJson(trimmed) ?? (/NaN|Infinity/.test(trimmed) ? parseJson(quoteNonFinite(trimmed)) : undefined);
  if (!isJsonObject(parsed)) return null;
  const plain = plainJson(parsed);
  return plain.ok && isJsonObject(plain.value) ? plain.value : null;
}

function manyPairs(text: string): readonly (readonly [string, MetricValue])[] | null {
  const pairs: [string, MetricValue][] = [];
  const pattern = new RegExp(ONE_OF_MANY);
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    const value = match?.[2] === undefined ? null : metricValue(match[2]);
    if (match?.[1] === undefined || value === null) return null;
    pairs.push([match[1], value]);
  }
  return pairs.length > 1 ? pairs : null;
}

/** The number that a text is, `"NaN"` or an infinity as text; `null` for anything else. */
export function metricValue(text: string): MetricValue | null {
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : String(value);
  }
  const special = NOT_FINITE.exec(text);
  if (!special?.[2]) return null;
  if (special[2].toLowerCase() === "nan") return "NaN";
  return special[1] === "-" ? "-Infinity" : "Infinity";
}

/** Outside of ASCII it takes more than a look to tell. */
function mayBeLetter(code: number): boolean {
  return code >= 0x80 || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

/** The same text with bare `NaN` and `Infinity` in quotes; one pass, whatever the text. */
function quoteNonFinite(text: string): string {
  let out = "";
  let from = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === "\\") i += 1;
      else if (char === '"') inString = false;
      continue;
    }
    if (char === '"') {
      inString = true;
    } else if (char === "N" || char === "I" || char === "-") {
      const word = ["NaN", "Infinity", "-Infinity"].find((each) => text.startsWith(each, i));
      if (word === undefined) continue;
      out += `${text.slice(from, i)}"${word}"`;
      i += word.length - 1;
      from = i + 1;
    }
  }
  return out + text.slice(from);
}

/** The `{"step": n, …}` lines of an output, in the order they came. */
export function stepsIn(lines: OutputLines): readonly TrialStep[] {
  return lines.stdout.flatMap(({ text, observedAt }) => {
    if (!text.includes('"step"')) return [];
    const data = jsonObjectIn(text);
    return data && isStep(data) ? [{ observedAt, kind: "metrics", data }] : [];
  });
}

/** What a trial reported on its way. */
export function stepsOf(raw: Exclude<RawResult, { kind: "failure" }>): readonly TrialStep[] {
  return raw.kind === "value" ? raw.steps : stepsIn(raw.lines);
}

/** The failure of a trial in whose output there is no metric, with the end of what it printed. */
export function metricMissing(message: string, raw: RawResult): Failure {
  const logTail = raw.kind === "process" ? raw.stderrTail || raw.stdoutTail : "";
  return { code: "metric-missing", message, ...(logTail === "" ? {} : { logTail }) };
}

/** Whether a printed object is a step rather than a result. */
export function isStep(object: JsonObject): boolean {
  return Object.hasOwn(object, "step") && typeof object.step === "number";
}
