import type { TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { Collected, Collector, OutputLines, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { Failure, TrialStep } from "../../model/trial.ts";
import { metricPairs } from "../metric-line.ts";
import { isStep, stepsIn } from "../trial-steps.ts";
import { lastPrintedObject } from "./printed-object.ts";

/** Most names that `name: value` lines may give. */
const MOST_NAMES = 1000;

/**
 * Reads metrics from stdout: the last JSON object, else `name: value` and `name=value` lines (the last of each name
 * counts). Objects with a `step` are what the trial reported on its way; the last of them is the result only when
 * nothing else is there.
 */
export class StdoutCollector implements Collector {
  readonly #parseJson: boolean;

  /** `parseJson: false` reads `name: value` lines only; default `true`. */
  constructor(options: { readonly parseJson?: boolean } = {}) {
    this.#parseJson = options.parseJson ?? true;
  }

  async collect(
    raw: RawResult,
    _hypothesis: Hypothesis,
    ctx: TrialContext,
  ): Promise<Collected | { readonly failure: Failure; readonly steps: readonly TrialStep[] }> {
    if (raw.kind === "failure") return { failure: raw.failure, steps: [] };
    if (raw.kind === "value") return { output: raw.value, steps: raw.steps };
    const steps = this.#parseJson ? stepsIn(raw.lines) : [];
    const output = this.#output(raw.lines, steps, ctx.settings.metric.name);
    if (output) return { output, steps };
    const message = "it printed no metrics: neither a JSON object nor `name: value` lines on stdout";
    const logTail = raw.stderrTail || raw.stdoutTail;
    return { failure: { code: "metric-missing", message, ...(logTail === "" ? {} : { logTail }) }, steps };
  }

  #output(lines: OutputLines, steps: readonly TrialStep[], metric: string): JsonObject | null {
    const printed = this.#parseJson
      ? lastPrintedObject(
          lines.stdout.map((line) => line.text),
          isStep,
        )
      : null;
    return printed ?? pairsIn(lines, metric) ?? lastStep(steps);
  }
}

function lastStep(steps: readonly TrialStep[]): JsonObject | null {
  const data = steps.at(-1)?.data;
  return isJsonObject(data) ? data : null;
}

/** Numbers of all names; of the metric itself also a text, so that it can be said what is wrong with it. */
function pairsIn(lines: OutputLines, metric: string): JsonObject | null {
  const found = new Map<string, number | string>();
  for (const { text } of lines.stdout) {
    for (const [name, value] of metricPairs(text)) {
      const isNumber = typeof value === "number" || /^(?:NaN|-?Infinity)$/.test(value);
      if (!isNumber && name !== metric) continue;
      if (found.has(name) || found.size < MOST_NAMES) found.set(name, isNumber ? value : String(value).slice(0, 200));
    }
  }
  return found.size > 0 ? Object.fromEntries(found) : null;
}

export const stdoutCollector = defineComponent({
  kind: "collector",
  type: "stdout",
  summary: 'The last JSON object on stdout, else `name: value` lines; `{"step": n, …}` lines are steps.',
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new StdoutCollector(),
});
