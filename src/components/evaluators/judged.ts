import type { StageContext } from "../../kernel/context.ts";
import type { Judged } from "../../kernel/ports.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { TrialStep } from "../../model/trial.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { allOf, listOf, OPEN, recordOf, type Shapes, SINGLE } from "../../platform/template-check.ts";
import { clipLines, promptLine, promptText } from "../../text/printable.ts";
import { artifactsVariable } from "../prompting/file-variables.ts";
import { printableJson, printableList, printableParameters } from "../prompting/printable.ts";
import { promptVariables } from "../prompting/variables.ts";
import type { Scale } from "./vote.ts";

/** Characters of all outputs, of all steps, and of the diff that a judge is shown. */
const MOST = { output: 40_000, trajectory: 16_000, diff: 16_000 };

/** What a judge's prompt may use besides the run's own variables. */
export const JUDGED_SHAPES = {
  task: SINGLE,
  output: SINGLE,
  outputs: listOf(OPEN),
  trajectory: SINGLE,
  steps: listOf(OPEN),
  summary: OPEN,
  diff: SINGLE,
  spec: OPEN,
  label: SINGLE,
  rationale: SINGLE,
  delimiter: SINGLE,
  scale: recordOf(allOf(["low", "high"], SINGLE)),
} as const satisfies Shapes;

/**
 * The variables of a judge's prompt: `task` (what was tried), `output` (what its trials left, text or data), `trajectory`
 * (the steps they reported), the hypothesis's own fields, and the artifacts as it had them. What programs and models
 * wrote stands between lines of `delimiter`, which is made from it, so that it cannot be in it.
 */
export function judgedVariables(
  hypothesis: Hypothesis,
  experiment: Experiment,
  { scale, vars }: { readonly scale: Scale; readonly vars?: JsonObject },
  ctx: StageContext,
): Readonly<Record<string, unknown>> {
  const { label = "", rationale = "", spec } = hypothesis;
  const outputs = outputsOf(experiment);
  const steps = stepsOf(experiment, ctx).map(({ data }) => data);
  const diff = diffOf(experiment, ctx);
  const delimiter = `=====${sha256Of(JSON.stringify([ctx.settings.seed, hypothesis, outputs, steps, diff])).slice(0, 20)}=====`;
  const sealed = (text: string, most: number): string =>
    text === "" ? "" : `${delimiter}\n${clipLines(promptText(text), most)}\n${delimiter}`;
  const task = [
    label === "" ? "" : promptLine(label, 200),
    rationale === "" ? "" : promptLine(rationale, 2000),
    Object.keys(spec).length === 0 ? "" : JSON.stringify(spec),
  ].filter((line) => line !== "");
  const own: Readonly<Record<keyof typeof JUDGED_SHAPES, () => unknown>> = {
    task: () => (task.length === 0 ? "The start, as it was given." : sealed(task.join("\n"), MOST.output)),
    output: () => sealed(outputs.map(textOf).join("\n\n"), MOST.output) || "Nothing.",
    outputs: () => printableList(outputs.map(printableJson), sealed(outputs.map(textOf).join("\n\n"), MOST.output)),
    trajectory: () => sealed(steps.map(textOf).join("\n"), MOST.trajectory),
    steps: () => printableList(steps.map(printableJson), sealed(steps.map(textOf).join("\n"), MOST.trajectory)),
    summary: () => printableJson(experiment.summary ?? {}),
    diff: () => sealed(diff, MOST.diff),
    spec: () => printableParameters(spec, ctx.parameters?.names),
    label: () => promptLine(label, 200),
    rationale: () => promptLine(rationale, 2000),
    delimiter: () => delimiter,
    scale: () => ({ low: scale[0], high: scale[1] }),
  };
  const { artifacts: base } = ctx;
  const artifacts = base && experiment.state !== undefined ? { ...base, base: experiment.state } : base;
  const shown = artifacts === undefined ? {} : { artifacts: () => artifactsVariable({ ...ctx, artifacts }) };
  return promptVariables(ctx, { role: "evaluator", vars, own: { ...own, ...shown }, parameters: spec });
}

/** Text as it is; a single number, list or object as JSON. */
function textOf(value: JsonValue): string {
  if (typeof value === "string") return value;
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value, null, 1) : String(value);
}

/** What is judged, as data: for judges that are functions. */
export function judgedData(task: Hypothesis, experiment: Experiment, ctx: StageContext): Judged {
  const outputs = outputsOf(experiment);
  const [output = null] = outputs;
  return { task, output: outputs.length > 1 ? outputs : output, trajectory: stepsOf(experiment, ctx) };
}

function outputsOf({ trials }: Experiment): readonly JsonValue[] {
  return trials.flatMap(({ outcome }) => (outcome.status === "completed" ? [outcome.output] : []));
}

function stepsOf(experiment: Experiment, { workspace }: StageContext): readonly TrialStep[] {
  return experiment.trials.flatMap(({ id }) => workspace.readTrial(id)?.steps ?? []);
}

function diffOf({ state }: Experiment, { artifacts }: StageContext): string {
  return artifacts && state !== undefined ? artifacts.diff(artifacts.base, state) : "";
}
