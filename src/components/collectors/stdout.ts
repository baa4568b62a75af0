import type { TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { Files } from "../../kernel/effects.ts";
import { assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { Collection, Collector, OutputLines, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject, lookup } from "../../model/json.ts";
import type { TrialStep } from "../../model/trial.ts";
import { LONGEST_LINE_BYTES } from "../../platform/process/lines.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { promptText, readableLine, shown } from "../../text/printable.ts";
import { isStep, JSON_PIECE, jsonObjectIn, metricMissing, metricPairs, stepsIn } from "../metric-line.ts";
import { lastPrintedObject } from "./printed-object.ts";

const NO_METRICS = "it printed no metrics: neither a JSON object nor `name: value` lines on stdout";
const AS_TEXT = "text that is scored by other means is collected with collector: { type: stdout, parse: text }";
const NEWEST_ONLY = "it printed very many lines, of which only the newest are read";
/** Characters before a metric's name, and from it on, that a message quotes of a line. */
const QUOTED = { before: 60, after: 100 };
const CUT_METRICS =
  `its last JSON is on a line of more than ${LONGEST_LINE_BYTES / 1024 / 1024} MiB, which is not read; ` +
  "print the metrics as a shorter object, and write the rest to a file";

/** Of a metric that is no number. */
const LONGEST_SAID = 200;
/** Most names that `name: value` lines may give, besides the metric. */
const MOST_NAMES = 1000;

/** Bytes of a text that are kept from its beginning and from its end. */
const TEXT_BYTES = 32 * 1024;

const OPTIONS = {
  type: "object",
  properties: {
    parse: {
      enum: ["metrics", "text"],
      default: "metrics",
      description:
        "`text`: all that it printed is its output, for a judge to read; of more than 64 KiB beginning and end.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type StdoutCollectorOptions = InCode<typeof OPTIONS.properties>;

/**
 * Reads metrics from stdout: the last JSON object that has the run's metric, else `name: value` and `name=value` lines
 * (the last of each name counts), else the last `{"step": n, …}` object, which is what the trial reported on its way.
 * What lacks the metric is taken only where nothing has it, in the same order. With `parse: "text"` the output is
 * the printed text itself, which need have no metrics.
 */
export class StdoutCollector implements Collector {
  readonly #parse: "metrics" | "text";

  constructor(options: StdoutCollectorOptions = {}) {
    assertOptions("StdoutCollector", options, inSchema(OPTIONS.properties));
    this.#parse = options.parse ?? "metrics";
  }

  async collect(raw: RawResult, _hypothesis: Hypothesis, ctx: TrialContext): Promise<Collection> {
    if (raw.kind === "failure") return { failure: raw.failure };
    if (raw.kind === "value") return { output: raw.value, steps: raw.steps };
    if (this.#parse === "text") {
      return { output: printedText(ctx.logs.stdout, ctx.effects.files), steps: stepsIn(raw.lines) };
    }
    const lines = {
      ...raw.lines,
      stdout: raw.lines.stdout.map((line) => ({ ...line, text: readableLine(line.text) })),
    };
    const steps = stepsIn(lines);
    // What was cut may have been the result: only what came after it can stand for it.
    const cut = lines.stdout.findLastIndex(({ text }) => isCutJson(text));
    const after = { ...lines, stdout: lines.stdout.slice(cut + 1) };
    const output = this.#output(after, cut === -1 ? steps : stepsIn(after), ctx.settings.metric.name);
    if (output) return { output: { ...said(lines, output, ctx.settings.metric.name), ...output }, steps };
    const why = cut === -1 ? withoutMetrics(lines, raw.stderrTail, ctx.settings.metric.name) : CUT_METRICS;
    const notes = [raw.lines.truncated ? NEWEST_ONLY : "", ctx.scoring?.scorer === undefined ? "" : AS_TEXT];
    const message = [why, ...notes].filter((part) => part !== "").join("; ");
    return { failure: metricMissing(message, raw), steps };
  }

  #output(lines: OutputLines, steps: readonly TrialStep[], metric: string): JsonObject | null {
    const texts = lines.stdout.map((line) => line.text);
    const lacks = (object: JsonObject) => lookup(object, metric) === undefined;
    const printed = (skip: (object: JsonObject) => boolean) => lastPrintedObject(texts, skip);
    const pairs = pairsIn(lines, metric);
    const reports = steps.flatMap(({ data }) => (isJsonObject(data) ? [data] : []));
    return (
      printed((object) => isStep(object) || lacks(object)) ??
      (pairs === null || lacks(pairs) ? null : pairs) ??
      reports.findLast((report) => !lacks(report)) ??
      printed(isStep) ??
      pairs ??
      reports.at(-1) ??
      null
    );
  }
}

/** What a process printed, as text without escape sequences; of a long one beginning and end. Empty where there is no log. */
function printedText(log: string, files: Pick<Files, "readBytes">): string {
  const bytes = files.readBytes(log) ?? new Uint8Array();
  const decode = (part: Uint8Array): string => new TextDecoder().decode(part);
  if (bytes.length <= 2 * TEXT_BYTES) return promptText(decode(bytes));
  const left = bytes.length - 2 * TEXT_BYTES;
  return promptText(
    `${decode(bytes.subarray(0, TEXT_BYTES))}\n[${left} bytes left out]\n${decode(bytes.subarray(-TEXT_BYTES))}`,
  );
}

/** The line that tells the metric among other words, where nothing else has it: so that it can be said what is wrong. */
function said({ stdout }: OutputLines, output: JsonObject, metric: string): JsonObject {
  if (lookup(output, metric) !== undefined) return {};
  const telling = new RegExp(`${wordOf(metric)}[^\\p{L}\\p{N}]{0,8}(?:(?:is|was|of|at) )?[-+.]?\\d`, "su");
  const line = stdout.findLast(({ text }) => telling.test(text) && !JSON_PIECE.test(text.trimStart()))?.text;
  return line === undefined ? {} : { [metric]: line.trim().slice(0, LONGEST_SAID) };
}

function wordOf(metric: string): string {
  const escaped = metric.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return `(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`;
}

/** Why nothing was read; where a line has the metric's name and a number, with what keeps it from being read. */
function withoutMetrics(lines: OutputLines, stderrTail: string, metric: string): string {
  const word = new RegExp(`${wordOf(metric)}.*\\d`, "su");
  const printed = lines.stdout.findLast(({ text }) => word.test(text))?.text;
  const line = printed ?? stderrTail.split("\n").findLast((text) => word.test(text));
  if (line === undefined) return NO_METRICS;
  const at = line.search(word);
  const quoted = shown(line.slice(Math.max(0, at - QUOTED.before), at + QUOTED.after).trim());
  const why = printed === undefined ? "it stands on stderr; print it on stdout" : obstacle(line, metric);
  return `no metric could be read from its line ${quoted}: ${why}, or read the line with collector log-parser`;
}

function obstacle(line: string, metric: string): string {
  const object = line.slice(line.indexOf("{"));
  if (/^\{\s*'/.test(object)) return "a Python dict is no JSON; print json.dumps(…) of it";
  if (jsonObjectIn(object) !== null) return "text stands before the object; print it on a line of its own";
  return `other text stands around it; print \`${metric}: <number>\` on a line of its own`;
}

/** Whether a line begins like JSON and is as long as one of which the rest was left out; a character is never cut. */
function isCutJson(text: string): boolean {
  const couldBe = text.length * 3 >= LONGEST_LINE_BYTES - 3 && /^[{["]/.test(text.slice(0, 200).trimStart());
  return couldBe && Buffer.byteLength(text) >= LONGEST_LINE_BYTES - 3 && jsonObjectIn(text) === null;
}

/** Numbers of all names; of the metric itself also a text, so that it can be said what is wrong with it. */
function pairsIn(lines: OutputLines, metric: string): JsonObject | null {
  const found = new Map<string, number | string>();
  for (const { text } of lines.stdout) {
    for (const [name, value] of metricPairs(text)) {
      const isNumber = typeof value === "number" || /^(?:NaN|-?Infinity)$/.test(value);
      if (!isNumber && name !== metric) continue;
      if (name === metric || found.has(name) || found.size < MOST_NAMES)
        found.set(name, isNumber ? value : String(value).slice(0, LONGEST_SAID));
    }
  }
  return found.size > 0 ? Object.fromEntries(found) : null;
}

export const stdoutCollector = defineComponent({
  kind: "collector",
  type: "stdout",
  summary:
    "The last JSON object on stdout that has the metric, else `name: value` lines, else the last of the " +
    '`{"step": n, …}` lines (which are steps) that has it. An object may have 1 MiB, ' +
    "a `name: value` line 1000 characters. Colours are ignored, and of a line that was written over, the last text counts.",
  options: OPTIONS,
  example: { parse: "metrics" },
  create: (options) => new StdoutCollector(options),
});
