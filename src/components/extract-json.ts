import { isJsonObject, type JsonValue } from "../model/json.ts";
import { type Budget, MAX_DEPTH, type Parsed, parseTolerant, sanitizeJson } from "./tolerant-json.ts";

export { sanitizeJson } from "./tolerant-json.ts";

/** What was found in a reply: the value, and whether it had to be read past mistakes; or why there is none. */
export type ExtractedJson =
  | { readonly ok: true; readonly value: JsonValue; readonly repaired: boolean }
  | { readonly ok: false; readonly reason: string };

/** Replies longer than this are refused unread. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
const STEPS_PER_CHARACTER = 10;

/** The JSON in a model's reply: the first of `jsonCandidates`, or why there is none. Never throws. */
export function extractJson(text: string): ExtractedJson {
  for (const found of jsonCandidates(text)) return found;
  return { ok: false, reason: "there is no JSON in the reply" };
}

/**
 * What in a model's reply may be its answer, likeliest first: the whole text, and nothing else when that is JSON; with
 * `asMany`, complete fenced blocks that each hold one object, as a list; complete fenced blocks, those marked `json` first and each kind from the last to the first, since the answer follows
 * the thinking; an unfinished last block; and what stands within prose: lists that hold objects, then objects, then
 * other lists, each from the last to the first. Objects one after the other, or numbered, count as a list. A value at
 * the end that is cut off is a failure, never half an answer. Reasoning is none of it. A failure comes last. Reads what `parseTolerant` reads;
 * takes time in proportion to the length of the text.
 */
export function* jsonCandidates(reply: string, { asMany = false } = {}): Generator<ExtractedJson, void> {
  if (reply.trim() === "") return yield { ok: false, reason: "the reply is empty" };
  if (reply.length > MAX_CHARACTERS)
    return yield { ok: false, reason: `the reply is longer than ${MAX_CHARACTERS} characters` };
  const budget = budgetOf(reply);
  const text = withoutReasoning(reply);
  const whole = parseStrict(text) ?? parseWhole(text, budget);
  if (whole) return yield whole;
  if (text.trim() === "") return yield { ok: false, reason: "the reply is nothing but reasoning" };
  const blocks = fencedBlocks(text).flatMap(({ body, isJson }) => {
    const found = parseStrict(body) ?? parseWhole(body, budget);
    return found ? [{ found, isJson }] : [];
  });
  if (asMany) yield* joined(blocks);
  for (const { found } of blocks) yield found;
  yield* searchProse(text, budget);
}

/** What a block of reasoning begins and ends with, whatever the model: tags, brackets, channels. */
const REASONING =
  /<(\/?)(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)>|\[(\/?)THINK\]|<\|(?:begin|(end))_of_thought\|>|<\|channel\|>analysis<\|message\|>|(<\|channel\|>final<\|message\|>)/gi;

/**
 * A reply without blocks of reasoning, with blanks in their places; what stands before the end of a block that nothing
 * opened is reasoning too, and so is all of a reply that begins with a block without an end.
 */
export function withoutReasoning(reply: string): string {
  const marks = [...reply.matchAll(REASONING)];
  if (marks.length === 0 || parseStrict(reply) !== null) return reply;
  const values = jsonSpans(reply);
  const cuts: { readonly from: number; readonly end: number }[] = [];
  let value = 0;
  let open: number | null = null;
  for (const { 0: mark, index, 1: tag, 2: bracket, 3: thought, 4: final } of marks) {
    while ((values[value]?.end ?? Number.POSITIVE_INFINITY) <= index) value++;
    // One inside a value stands in a text of it.
    if ((values[value]?.from ?? index) < index) continue;
    if (![tag, bracket, thought, final].some((part) => part !== undefined && part !== "")) {
      open ??= index;
      continue;
    }
    if (open === null) cuts.length = 0;
    cuts.push({ from: open ?? 0, end: index + mark.length });
    open = null;
  }
  if (open !== null && reply.slice(0, open).trim() === "") cuts.push({ from: open, end: reply.length });
  const kept = cuts.flatMap(({ from, end }, place) => [
    reply.slice(cuts[place - 1]?.end ?? 0, from),
    reply.slice(from, end).replace(/[^\n]/g, " "),
  ]);
  return [...kept, reply.slice(cuts.at(-1)?.end ?? 0)].join("");
}

/** Where the values of a text stand, in order; none inside another. */
export function jsonSpans(text: string): readonly { readonly from: number; readonly end: number }[] {
  return [...readAlong(text, budgetOf(text))].flatMap(({ from, parsed }) =>
    parsed.ok ? [{ from, end: parsed.end }] : [],
  );
}

/** What is read at each bracket of a text that stands in nothing read before. */
function* readAlong(text: string, budget: Budget): Generator<{ readonly from: number; readonly parsed: Parsed }, void> {
  const opening = /[[{]/g;
  for (let match = opening.exec(text); match && budget.steps >= 0; match = opening.exec(text)) {
    const parsed = parseTolerant(text, match.index, budget);
    yield { from: match.index, parsed };
    if (parsed.ok) opening.lastIndex = parsed.end;
  }
}

/** The objects of several blocks of one kind as one list, in the order they stand, when each block holds just one. */
function* joined(
  blocks: readonly { readonly found: ExtractedJson; readonly isJson: boolean }[],
): Generator<ExtractedJson, void> {
  for (const isJson of [true, false]) {
    const items = blocks
      .filter((block) => block.isJson === isJson)
      .map(({ found }) =>
        found.ok && Array.isArray(found.value) && found.value.length === 1
          ? found.value[0]
          : found.ok
            ? found.value
            : null,
      );
    const objects = items.filter((item) => item !== undefined && isJsonObject(item));
    if (objects.length > 1 && objects.length === items.length)
      yield { ok: true, value: objects.reverse(), repaired: true };
  }
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

/** How a proposal begins, and not a brace or a bracket of prose. */
const BEGINS_OBJECT = /^(?:\[\s*)?\{\s*["']/;

/** Whether a text is JSON, an object or a list, or was meant to be. */
export function isJsonText(text: string): boolean {
  return BEGINS_OBJECT.test(text.trimStart()) || parseWhole(text, budgetOf(text)) !== null;
}

function budgetOf(text: string): Budget {
  return { steps: text.length * STEPS_PER_CHARACTER + 10_000 };
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

/** A value in prose, or several objects of one enumeration. */
interface Passage {
  readonly values: JsonValue[];
  readonly from: number;
  end: number;
  repaired: boolean;
}

/** Most passages of prose that are offered. */
const MOST_PASSAGES = 50;
/** What may stand between the objects of one enumeration: punctuation, numbers, and labels as in `Idea 2:`. */
const BETWEEN_ITEMS = /^[\s\d.,;:()*_#•+>|-]*(?:\n[\s*_#>-]*[A-Za-z]{1,20} *#?\d{1,3} *[*_]*[:.)-][\s*_]*)?$/;
const LONGEST_BETWEEN = 80;

function* searchProse(text: string, budget: Budget): Generator<ExtractedJson, void> {
  const passages: Passage[] = [];
  let longest = 0;
  let problem: { readonly at: number; readonly reason: string } | null = null;
  for (const { from, parsed } of readAlong(text, budget)) {
    if (parsed.ok) {
      if (!isEmpty(parsed.value)) addTo(passages, text, { ...parsed, from });
      const last = passages.at(-1);
      if (last) longest = Math.max(longest, last.end - last.from);
      continue;
    }
    const rest = text.length - from;
    if (parsed.truncated && (rest > longest || BEGINS_OBJECT.test(text.slice(from, from + 100)))) {
      return yield { ok: false, reason: `the JSON is cut off: ${parsed.reason}` };
    }
    if (!problem || parsed.at > problem.at) problem = parsed;
    // What is nested too deep is refused as a whole, or each of its levels would be tried as a start of its own.
    if (parsed.tooDeep) break;
  }
  const found = passages.map((passage) => ({ passage, kind: kindOf(passage.values) }));
  found.sort((a, b) => b.kind - a.kind || b.passage.from - a.passage.from);
  for (const { passage } of found.slice(0, MOST_PASSAGES)) {
    const [first = null] = passage.values;
    yield passage.values.length > 1
      ? { ok: true, value: passage.values, repaired: true }
      : { ok: true, value: first, repaired: passage.repaired };
  }
  if (passages.length > 0) return;
  if (!problem) return yield { ok: false, reason: "there is no JSON in the reply" };
  const line = text.slice(0, problem.at).split("\n").length;
  yield { ok: false, reason: `the JSON is malformed at line ${line}: ${problem.reason}` };
}

/** Adds a value: to the last passage when both are objects of one enumeration. */
function addTo(
  passages: Passage[],
  text: string,
  { value, from, end, repaired }: { value: JsonValue; from: number; end: number; repaired: boolean },
): void {
  const last = passages.at(-1);
  const near = last !== undefined && !Array.isArray(value) && from - last.end <= LONGEST_BETWEEN;
  if (near && !last.values.some(Array.isArray) && BETWEEN_ITEMS.test(text.slice(last.end, from))) {
    last.values.push(value);
    last.end = end;
  } else {
    passages.push({ values: [value], from, end, repaired });
  }
}

/** How likely an answer is: a list with objects in it comes before an object, and that before a bare list. */
function kindOf(values: readonly JsonValue[]): number {
  const [first] = values;
  if (values.length > 1) return 2;
  return Array.isArray(first) ? (first.some(isJsonObject) ? 2 : 0) : 1;
}

/** Empty brackets in prose are no answer. */
function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
