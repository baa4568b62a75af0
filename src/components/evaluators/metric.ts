import type { StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { Evaluator } from "../../kernel/ports.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue, lookup } from "../../model/json.ts";
import { METRIC_NAME, type MetricSettings } from "../../model/settings.ts";
import { trialOutput } from "../../model/trial.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";
import { failureReason, noScore, verdictOn } from "./answer.ts";

const OPTIONS = {
  type: "object",
  properties: {
    metric: { ...METRIC_NAME, "x-secret": false, description: "Key or dotted path. Default: the run's metric." },
    baseline: {
      type: "number",
      "x-scores": false,
      description: "What a score has to beat to pass. Default: `metric.baseline`.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type MetricEvaluatorOptions = InCode<typeof OPTIONS.properties>;

/** Scores an experiment by one number of its summary: `new MetricEvaluator({ metric: "accuracy", baseline: 0.5 })`. */
export class MetricEvaluator implements Evaluator {
  readonly metric: Partial<MetricSettings>;

  constructor(options: MetricEvaluatorOptions = {}) {
    assertOptions("MetricEvaluator", options, inSchema(OPTIONS.properties));
    this.metric = defined({ name: options.metric, baseline: options.baseline });
  }

  async evaluate(_hypothesis: Hypothesis, experiment: Experiment, ctx: StageContext): Promise<Evaluation> {
    const { direction } = ctx.settings.metric;
    const { name: metric = ctx.settings.metric.name, baseline } = this.metric;
    const details = { metric, direction };
    if (experiment.status === "failed") return noScore(experiment, failureReason(experiment), details);
    const value = experiment.summary === null ? undefined : lookup(experiment.summary, metric);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return noScore(experiment, reasonWithout(metric, value, experiment), details);
    }
    const verdict = verdictOn({ hypothesisId: experiment.hypothesisId, score: value, ...defined({ baseline }) }, ctx);
    return {
      hypothesisId: experiment.hypothesisId,
      score: value,
      passed: verdict.passed,
      ...(verdict.passed ? {} : { belowBaseline: true }),
      reason: `${metric} ${value}${verdict.baseline === null ? ":" : " is"} ${verdict.reason}`,
      details: verdict.baseline === null ? details : { ...details, baseline: verdict.baseline },
    };
  }
}

function reasonWithout(metric: string, value: JsonValue | undefined, experiment: Experiment): string {
  if (value !== undefined) return noNumber(metric, value);
  const outputs = experiment.trials.map((trial) => trialOutput(trial.outcome)).filter((output) => output !== null);
  const [text] = experiment.trials.flatMap(({ outcome }) => (outcome.status === "completed" ? [outcome.output] : []));
  if (outputs.length === 0 && text !== undefined) {
    return `the trial's output is ${shown(text, 100)}, not an object of metrics such as { ${metric}: 0.9 }; an evaluator \`prompt\` or \`command\` scores outputs`;
  }
  const told = outputs.map((output) => lookup(output, metric)).filter((one) => one !== undefined);
  // A mean is of numbers: another value is in no summary.
  const other = told.find((one) => typeof one !== "number");
  if (other !== undefined) return noNumber(metric, other);
  const having = told.length;
  if (having > 0) return `${metric} was reported by ${having} of ${outputs.length} trials only`;
  const known = Object.keys(experiment.summary ?? outputs[0] ?? {}).filter(
    (key) => key !== "spread" && key !== "trials",
  );
  const near = within(experiment.summary ?? outputs[0] ?? {}, metric) ?? nearest(metric, known);
  const listed = known.slice(0, 10).map((key) => shown(key));
  const has = known.length === 0 ? "nothing" : listed.join(", ");
  return `the summary has no ${metric}${near === null ? "" : `; did you mean ${near.slice(0, 60)}?`} (it has: ${has})`;
}

function noNumber(metric: string, value: JsonValue): string {
  const isTold = typeof value === "string" && /\d/.test(value);
  const remedy = isTold
    ? `; print \`${metric}: <number>\` on a line of its own, or read it with collector log-parser`
    : "";
  return `${metric} is ${described(value)}, not a number that can be a score${remedy}`;
}

/** The dotted path of a number of this name that stands deeper in an object. */
function within(object: JsonObject, name: string, depth = 0): string | undefined {
  for (const [key, value] of Object.entries(object)) {
    if (!isJsonObject(value) || depth === MAX_DEPTH) continue;
    const rest = typeof value[name] === "number" ? name : within(value, name, depth + 1);
    if (rest !== undefined) return `${key}.${rest}`;
  }
  return undefined;
}

const MAX_DEPTH = 4;

function described(value: JsonValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return /^(?:NaN|-?Infinity)$/.test(value) ? value : `the text ${shown(value, 100)}`;
  if (isJsonObject(value)) return "an object";
  return Array.isArray(value) ? "a list" : String(value);
}

export const metricEvaluator = defineComponent({
  kind: "evaluator",
  type: "metric",
  summary: "The score is one number of the experiment's summary.",
  options: OPTIONS,
  example: { metric: "accuracy", baseline: 0.5 },
  create: (options) => new MetricEvaluator(options),
});
