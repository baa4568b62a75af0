import { diagnosticSchema } from "../src/kernel/errors.ts";
import { usageSchema } from "../src/model/call.ts";
import { evaluationSchema } from "../src/model/evaluation.ts";
import { experimentSchema } from "../src/model/experiment.ts";
import { hypothesisSchema } from "../src/model/hypothesis.ts";
import { insightSchema } from "../src/model/insight.ts";
import { carriedStateSchema } from "../src/model/iteration.ts";
import { bestSoFarSchema, totalsSchema } from "../src/model/run.ts";
import { stopSchema } from "../src/model/settings.ts";
import { failureSchema, trialOutcomeSchema, trialResultSchema } from "../src/model/trial.ts";

/** Parts that stand in a schema many times over, by the names they have under `$defs`. */
const PARTS: ReadonlyMap<object, string> = new Map<object, string>([
  [bestSoFarSchema, "best"],
  [carriedStateSchema, "carriedState"],
  [diagnosticSchema, "diagnostic"],
  [evaluationSchema, "evaluation"],
  [experimentSchema, "experiment"],
  [failureSchema, "failure"],
  [hypothesisSchema, "hypothesis"],
  [insightSchema, "insight"],
  [stopSchema, "stop"],
  [totalsSchema, "totals"],
  [trialOutcomeSchema, "trialOutcome"],
  [trialResultSchema, "trialResult"],
  [usageSchema, "usage"],
]);

/** The schema with each of these parts told once, under `$defs`, and referred to wherever it stands. */
export function withSharedParts(schema: object): object {
  const used = new Map<string, object>();
  const referring = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(referring);
    if (typeof value !== "object" || value === null) return value;
    const name = PARTS.get(value);
    if (name === undefined) return inside(value);
    if (!used.has(name)) {
      used.set(name, {});
      used.set(name, inside(value));
    }
    return { $ref: `#/$defs/${name}` };
  };
  const inside = (value: object): object =>
    Object.fromEntries(Object.entries(value).map(([keyword, part]) => [keyword, referring(part)]));
  const whole = inside(schema);
  const $defs = Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1)));
  return used.size === 0 ? whole : { ...whole, $defs };
}
