import type { OutputLines } from "../kernel/ports.ts";
import type { JsonObject } from "../model/json.ts";
import type { TrialStep } from "../model/trial.ts";
import { jsonObjectIn } from "./metric-line.ts";

/** The `{"step": n, …}` lines of an output, in the order they came. */
export function stepsIn(lines: OutputLines): readonly TrialStep[] {
  return lines.stdout.flatMap(({ text, observedAt }) => {
    if (!text.includes('"step"')) return [];
    const data = jsonObjectIn(text);
    return data && isStep(data) ? [{ observedAt, kind: "metrics", data }] : [];
  });
}

/** Whether a printed object is a step rather than a result. */
export function isStep(object: JsonObject): boolean {
  return Object.hasOwn(object, "step") && typeof object.step === "number";
}
