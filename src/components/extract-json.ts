import type { JsonValue } from "../model/json.ts";
import { type Budget, MAX_DEPTH, parseTolerant, wellFormed } from "./tolerant-json.ts";

/** What was found in a reply: the value, and whether it had to be read past mistakes; or why there is none. */
export type ExtractedJson =
  | { readonly ok: true; readonly value: JsonValue; readonly repaired: boolean }
  | { readonly ok: false; readonly reason: string };

/** Replies longer than this are refused unread. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
const STEPS_PER_CHARACTER = 10;

/**
 * The JSON in a model's reply. Looked for in this order: the whole text; complete fenced blocks, those marked `json`
 * first and each kind from the last to the first, since the answer follows the thinking; an unfinished last block; and
 * the longest object or list within prose, ones that hold objects before others. Several objects one after the other
 * count as a list. A value that is cut off and longer than any complete one is a failure, never half an answer.
 * Reads what `parseTolerant` reads. Never throws; takes time in proportion to the length of the text.
 */
export function extractJson(text: string): ExtractedJson {
  if (text.trim() === "") return { ok: false, reason: "the reply is empty" };
  if (text.length > MAX_CHARACTERS)
    return { ok: false, reason: `the reply is longer than ${MAX_CHARACTERS} characters` };
  const strict = parseStrict(text);
  if (strict) return strict;
  const budget: Budget = { steps: text.length * STEPS_PER_CHARACTER + 10_000 };
  const whole = parseWhole(text, budget);
  if (whole) return whole;
  for (const block of fencedBlocks(text)) {
    const found = parseStrict(block.body) ?? parseWhole(block.body, budget);
    if (found) return found;
  }
  return searchProse(text, budget);
}

/** A value as JSON data that is safe to keep: own keys without `__proto__`, finite numbers, bounded depth; `null` for the rest. */
export function sanitizeJson(value: unknown, depth = 0): JsonValue {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => sanitizeJson(item, depth + 1));
  const entries = Object.entries(value).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, item]) => [wellFormed(key), sanitizeJson(item, depth + 1)]));
}

function parseStrict(text: string): ExtractedJson | null {
  try {
    const value: unknown = JSON.parse(text);
    if (isTooDeep(value, 0)) return { ok: false, reason: `the JSON is nested deeper than ${MAX_DEPTH} levels` };
    return { ok: true, value: sanitizeJson(value), repaired: false };
  } catch {
    return null;
  }
}

function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > MAX_DEPTH) return true;
  return Object.values(value).some((item) => isTooDeep(item, depth + 1));
}

/** The text as one value, or as objects one after the other; `null` when it is anything else besides. */
function parseWhole(text: string, budget: Budget): ExtractedJson | null {
  const values: JsonValue[] = [];
  let position = text.search(/\S/);
  let repaired = true;
  while (position >= 0 && position < text.length) {
    if (!/[[{]/.test(text[position] ?? "")) return null;
    const parsed = parseTolerant(text, position, budget);
    if (!parsed.ok) return null;
    values.push(parsed.value);
    repaired = parsed.repaired;
    const gap = /[\s,;]*/y;
    gap.lastIndex = parsed.end;
    position = parsed.end + (gap.exec(text)?.[0].length ?? 0);
  }
  const [first] = values;
  if (first === undefined) return null;
  if (values.length === 1) return { ok: true, value: first, repaired };
  return values.some(Array.isArray) ? null : { ok: true, value: values, repaired: true };
}

interface FencedBlock {
  readonly body: string;
  readonly isJson: boolean;
}

/** Complete fenced blocks, best first: marked `json` before others, later before earlier; then an unfinished last one. */
function fencedBlocks(text: string): readonly FencedBlock[] {
  const complete: FencedBlock[] = [];
  let open: { readonly mark: string; readonly info: string; readonly from: number } | null = null;
  const fence = /^[ \t]{0,12}(`{3,}|~{3,})[ \t]*([^\n`]*)$/gm;
  for (let match = fence.exec(text); match; match = fence.exec(text)) {
    const mark = match[1] ?? "";
    const info = (match[2] ?? "").trim().toLowerCase();
    if (!open) {
      open = { mark, info, from: fence.lastIndex };
    } else if (info === "" && mark.startsWith(open.mark)) {
      complete.push({ body: text.slice(open.from, match.index), isJson: /^json/.test(open.info) });
      open = null;
    }
  }
  const newestFirst = complete.reverse();
  const unfinished = open ? [{ body: text.slice(open.from), isJson: true }] : [];
  return [
    ...newestFirst.filter((block) => block.isJson),
    ...newestFirst.filter((block) => !block.isJson),
    ...unfinished,
  ];
}

interface Candidate {
  readonly value: JsonValue;
  readonly length: number;
  readonly repaired: boolean;
}

function searchProse(text: string, budget: Budget): ExtractedJson {
  let best: Candidate | null = null;
  let problem: { readonly at: number; readonly reason: string } | null = null;
  const opening = /[[{]/g;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const parsed = parseTolerant(text, match.index, budget);
    if (parsed.ok) {
      const candidate = { value: parsed.value, length: parsed.end - match.index, repaired: parsed.repaired };
      if (isBetter(candidate, best)) best = candidate;
      opening.lastIndex = parsed.end;
      continue;
    }
    if (parsed.truncated && text.length - match.index > (best?.length ?? 0)) {
      return { ok: false, reason: `the JSON is cut off: ${parsed.reason}` };
    }
    if (!problem || parsed.at > problem.at) problem = parsed;
    // What is nested too deep is refused as a whole, or each of its levels would be tried as a start of its own.
    if (parsed.tooDeep || budget.steps < 0) break;
  }
  if (best) return { ok: true, value: best.value, repaired: best.repaired };
  if (!problem) return { ok: false, reason: "there is no JSON in the reply" };
  const line = text.slice(0, problem.at).split("\n").length;
  return { ok: false, reason: `the JSON is malformed at line ${line}: ${problem.reason}` };
}

/** Empty brackets in prose are no answer; something with an object in it beats a bare list, then length counts. */
function isBetter(candidate: Candidate, best: Candidate | null): boolean {
  if (isEmpty(candidate.value)) return false;
  if (!best) return true;
  const rank = Number(holdsObject(candidate.value)) - Number(holdsObject(best.value));
  return rank > 0 || (rank === 0 && candidate.length >= best.length);
}

function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function holdsObject(value: JsonValue): boolean {
  if (Array.isArray(value))
    return value.some((item) => typeof item === "object" && item !== null && !Array.isArray(item));
  return typeof value === "object" && value !== null;
}
