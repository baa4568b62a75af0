import { basename, dirname } from "node:path";
import type { TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { messageOf, SpecError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema, required } from "../../kernel/given-options.ts";
import type { Collection, Collector, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { capturesIn } from "../../platform/captures.ts";
import { KEPT_BYTES } from "../../platform/process/output-log.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { readableLine } from "../../text/printable.ts";
import { metricMissing, metricValue, stepsOf } from "../metric-line.ts";

/** More than a log may have. */
const MOST_BYTES = 16 * 1024 * 1024;
const TIME_MS = 5000;

const OPTIONS = {
  type: "object",
  properties: {
    patterns: {
      type: "object",
      additionalProperties: { type: "string", minLength: 1, "x-secret": false },
      description:
        "A regular expression (JavaScript's) for each metric. Its first group, or else the whole match, is the number; a " +
        "match that is no number does not count.",
    },
    take: {
      enum: ["last", "first"],
      default: "last",
      "x-secret": false,
      description: "Which of several matches counts.",
    },
  },
  required: ["patterns"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type LogParserOptions = InCode<typeof OPTIONS.properties, "patterns">;

/**
 * Finds metrics in what a trial printed, by a regular expression each: `new LogParserCollector({ patterns: { accuracy:
 * "acc=([0-9.]+)" } })`. Looks at the lines of stdout, and for what is not there at those of stderr, as far as the logs
 * keep them (the first 8 MiB and the last 1 MiB of each). Expressions that need more than 5 s fail the trial.
 */
export class LogParserCollector implements Collector {
  readonly #patterns: readonly (readonly [string, string])[];
  readonly #take: "last" | "first";

  constructor(options: LogParserOptions) {
    const { patterns, take } = inSchema(OPTIONS.properties);
    assertOptions("LogParserCollector", options, { patterns: required(patterns), take });
    const [wrong] = wrongPatterns(options.patterns);
    if (wrong) throw new SpecError(`LogParserCollector: ${wrong.path}: ${wrong.message}`);
    this.#patterns = Object.entries(options.patterns);
    this.#take = options.take ?? "last";
  }

  async collect(raw: RawResult, _hypothesis: Hypothesis, ctx: TrialContext): Promise<Collection> {
    if (raw.kind === "failure") return { failure: raw.failure };
    const steps = stepsOf(raw);
    const failed = (message: string): Collection => ({ failure: metricMissing(message, raw), steps });
    // Nothing is read out of what did not come to its end, and logs would be read for nothing.
    const hasEnded = raw.kind === "value" || (raw.end === "exited" && raw.exitCode === 0);
    const found = new Map<string, number | string>();
    if (!hasEnded) return failed("it did not come to its end");
    for (const log of [ctx.logs.stdout, ctx.logs.stderr]) {
      const left = this.#patterns.filter(([name]) => !found.has(name));
      const slow = await this.#search(log, left, found, ctx);
      if (slow !== null)
        return failed(`the pattern of ${slow} was not through with the output after ${TIME_MS / 1000} s`);
    }
    if (found.size === 0) {
      const isCut = [ctx.logs.stdout, ctx.logs.stderr].some((log) => bytesOf(log, ctx) > KEPT_BYTES);
      const where = isCut ? "; only the first 8 MiB and the last 1 MiB of its output are kept" : "";
      return failed(`nothing it printed matches ${this.#names()} with a number${where}`);
    }
    const names = this.#patterns.map(([name]) => name).filter((name) => found.has(name));
    return { output: Object.fromEntries(names.map((name) => [name, found.get(name) ?? null])), steps };
  }

  /** Answers with the metric whose pattern took too long, if one did. */
  async #search(
    log: string,
    patterns: readonly (readonly [string, string])[],
    found: Map<string, number | string>,
    { effects: { files, clock }, signal }: TrialContext,
  ): Promise<string | null> {
    const file = files.readUntrusted(dirname(log), basename(log), MOST_BYTES);
    if (!file.ok || file.bytes.length === 0 || patterns.length === 0) return null;
    const lines = Buffer.from(file.bytes).toString("utf8").split(/\r?\n/).map(readableLine);
    const captures = await capturesIn(
      lines,
      patterns.map(([, pattern]) => pattern),
      TIME_MS,
      { clock, signal },
    );
    for (const [index, [name]] of patterns.entries()) {
      const texts = captures[index];
      if (texts === undefined) return name;
      const values = texts.map((text) => metricValue(text.trim())).filter((value) => value !== null);
      const value = this.#take === "last" ? values.at(-1) : values[0];
      if (value !== undefined) found.set(name, value);
    }
    return null;
  }

  #names(): string {
    const names = this.#patterns.map(([name]) => name);
    return names.length === 1 ? `the pattern of ${names[0]}` : `the pattern of any of ${names.join(", ")}`;
  }
}

function bytesOf(path: string, { effects: { files } }: TrialContext): number {
  return files.stat(path)?.size ?? 0;
}

function wrongPatterns(patterns: Readonly<Record<string, string>>) {
  const none = { path: "patterns", message: "expected at least one pattern" };
  if (Object.keys(patterns).length === 0) return [none];
  return Object.entries(patterns).flatMap(([name, pattern]) => {
    try {
      new RegExp(pattern);
      return [];
    } catch (thrown) {
      const python = /\(\?P</.test(pattern) ? "; a named group is (?<name>…) here" : "";
      return [{ path: `patterns.${name}`, message: `${messageOf(thrown)}${python}` }];
    }
  });
}

export const logParserCollector = defineComponent({
  kind: "collector",
  type: "log-parser",
  summary:
    "Numbers in the lines of stdout, and where that has none of stderr, each found by a regular expression. All of them " +
    "together may take 5 s for a trial.",
  options: OPTIONS,
  example: { patterns: { accuracy: "val_acc=([0-9.]+)", loss: "loss: ([0-9.e+-]+)" }, take: "last" },
  create: (options) => new LogParserCollector(options),
  check: ({ patterns }) => wrongPatterns(patterns),
});
