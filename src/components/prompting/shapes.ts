import type { JsonObject } from "../../model/json.ts";
import { allOf, listOf, OPEN, recordOf, type Shapes, SINGLE, shapeOf } from "../../platform/template-contexts.ts";
import type { PromptVariable } from "./variables.ts";

const ENTRY = {
  ...allOf(["id", "label", "score", "passed", "reason", "iteration", "failed", "diff"], SINGLE),
  spec: OPEN,
};
const FILES = listOf(recordOf(allOf(["path", "size", "content"], SINGLE)));
const BUDGET = [
  "iteration",
  "iterations",
  "iterations_left",
  "hypotheses",
  "hypotheses_left",
  "tokens",
  "cost_usd",
  "wall_clock",
  "time_budget",
];

const RUN: Readonly<Record<Exclude<PromptVariable, "vars">, Shapes[string]>> = {
  goal: SINGLE,
  metric: recordOf(allOf(["name", "direction", "baseline", "target"], SINGLE)),
  num_tasks: SINGLE,
  iteration: SINGLE,
  insights: listOf(
    recordOf({ ...allOf(["id", "iteration", "finding", "recommendation"], SINGLE), evidence: listOf(SINGLE) }),
  ),
  inputs: FILES,
  history: listOf(recordOf(ENTRY)),
  failures: listOf(recordOf({ ...allOf(["id", "label", "reason", "log"], SINGLE), spec: OPEN })),
  best: recordOf(ENTRY),
  artifacts: FILES,
  artifact_diff: SINGLE,
  constraints: OPEN,
  budget: recordOf(allOf(BUDGET, SINGLE)),
  notes: listOf(SINGLE),
  space: SINGLE,
  workspace_root: SINGLE,
  role: SINGLE,
};

/** What `results` of a reviewer's prompt holds. */
export const RESULTS_SHAPE = listOf(
  recordOf({
    ...allOf(["id", "label", "rationale", "score", "passed", "reason", "diff"], SINGLE),
    spec: OPEN,
    summary: OPEN,
  }),
);

/** What is known of a stage's variables before a run; `own` are those that only this stage has. */
export function promptShapes(own: Shapes = {}, vars: JsonObject = {}): Shapes {
  return { ...RUN, vars: shapeOf(vars), ...own };
}
