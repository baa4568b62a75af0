import type { StageContext } from "../../kernel/context.ts";
import type { Role } from "../../model/call.ts";
import type { ParameterNames } from "../../model/hypothesis.ts";
import type { JsonObject } from "../../model/json.ts";
import {
  allOf,
  listOf,
  OPEN,
  recordOf,
  type Shape,
  type Shapes,
  SINGLE,
  shapeOf,
} from "../../platform/template-check.ts";
import { ENTRY_DATA, ENTRY_FIELDS } from "./entries.ts";
import { failuresVariable } from "./failures.ts";
import { artifactDiffVariable, artifactsVariable, inputsVariable } from "./file-variables.ts";
import { earlierVariable, historyVariable, priorVariable } from "./history.ts";
import { absent, lazyRecord, printableJson, printableRecord } from "./printable.ts";
import { budgetVariable, insightsVariable, metricVariable, notesVariable } from "./run-variables.ts";
import { scoringVariable } from "./scoring.ts";
import { baseVariable, bestVariable, latestVariable, runnersUpVariable } from "./standing.ts";

/** What a stage adds to the run's own variables. */
export interface VariableOptions {
  readonly role: Role;
  /** How many hypotheses are asked for. Default 1. */
  readonly numTasks?: number;
  /** The search space, as far as it can describe itself. */
  readonly space?: { describe(): string } | undefined;
  /** The component's own `vars`. */
  readonly vars?: JsonObject | undefined;
  /** The stage's own variables, worked out when used; they win over the run's. */
  readonly own?: Readonly<Record<string, () => unknown>>;
  /** Those of the hypothesis that the prompt is about: there by their names where no other variable has them. */
  readonly parameters?: JsonObject;
}

/**
 * The variables of one prompt. Lists and records print as readable text when bare and give their fields when iterated;
 * what trials and models wrote is cleaned and fenced; `history`, `insights` and `artifacts` stay within
 * `TOKEN_BUDGETS`. All of it depends on records and settings alone: a resumed run renders the same prompt.
 */
export function promptVariables(ctx: StageContext, options: VariableOptions): Readonly<Record<string, unknown>> {
  const run: Readonly<Record<keyof typeof RUN | "vars", () => unknown>> = {
    goal: () => ctx.settings.goal,
    metric: () => metricVariable(ctx.settings.metric),
    scoring: () => scoringVariable(ctx),
    num_tasks: () => options.numTasks ?? 1,
    iteration: () => ctx.iteration,
    insights: () => insightsVariable(ctx),
    inputs: () => inputsVariable(ctx),
    history: () => historyVariable(ctx),
    prior: () => priorVariable(ctx),
    failures: () => failuresVariable(ctx),
    best: () => bestVariable(ctx),
    base: () => baseVariable(ctx),
    latest: () => latestVariable(ctx),
    runners_up: () => runnersUpVariable(ctx),
    earlier: () => earlierVariable(ctx),
    artifacts: () => artifactsVariable(ctx),
    artifact_diff: () => artifactDiffVariable(ctx),
    constraints: () => keyed(ctx.settings.constraints),
    budget: () => budgetVariable(ctx),
    notes: () => notesVariable(ctx),
    space: () => options.space?.describe() ?? "",
    vars: () => keyed(options.vars ?? {}),
    workspace_root: () => ctx.workspace.root,
    role: () => options.role,
  };
  const { names } = ctx.parameters ?? UNSAID;
  const parameters = options.parameters && {
    ...Object.fromEntries(names.map((name) => [name, ""])),
    ...options.parameters,
  };
  const fallback = Object.entries(parameters ?? {}).map(([name, value]) => [name, () => printableJson(value)] as const);
  const own = Object.entries(options.own ?? {});
  return lazyRecord(new Map<string, () => unknown>([...fallback, ...Object.entries(run), ...own]));
}

/** An object whose fields print one a line; one without any is empty for `{{#if}}` too. */
function keyed(object: JsonObject): unknown {
  if (Object.keys(object).length === 0) return absent([]);
  const fields = Object.fromEntries(Object.entries(object).map(([key, value]) => [key, printableJson(value)]));
  return printableRecord(
    fields,
    Object.entries(fields)
      .map(([key, value]) => `${key}: ${String(value)}`)
      .join("\n"),
  );
}

const ENTRY = { ...allOf(ENTRY_FIELDS, SINGLE), ...allOf(ENTRY_DATA, OPEN) };
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

/** The variables every prompt has, whatever its stage, besides `vars`. */
const RUN = {
  goal: SINGLE,
  metric: recordOf(allOf(["name", "direction", "min_delta", "baseline", "target"], SINGLE)),
  scoring: recordOf({
    ...allOf(["command", "prompt", "trials", "cases", "timeout", "limits", "scorer", "read_only", "capture"], SINGLE),
    checks: listOf(SINGLE),
  }),
  num_tasks: SINGLE,
  iteration: SINGLE,
  insights: listOf(
    recordOf({ ...allOf(["id", "iteration", "finding", "recommendation"], SINGLE), evidence: listOf(SINGLE) }),
  ),
  inputs: FILES,
  history: listOf(recordOf(ENTRY)),
  prior: listOf(recordOf(ENTRY)),
  failures: listOf(recordOf({ ...allOf(["id", "label", "reason", "edit", "feedback", "log"], SINGLE), spec: OPEN })),
  best: recordOf(ENTRY),
  base: recordOf({ ...ENTRY, is_best: SINGLE }),
  latest: listOf(recordOf(ENTRY)),
  runners_up: listOf(recordOf(ENTRY)),
  earlier: listOf(recordOf(ENTRY)),
  artifacts: FILES,
  artifact_diff: SINGLE,
  constraints: OPEN,
  budget: recordOf(allOf(BUDGET, SINGLE)),
  notes: listOf(SINGLE),
  space: SINGLE,
  workspace_root: SINGLE,
  role: SINGLE,
} as const satisfies Shapes;

/** What only a reviewer's prompt has. */
export const REVIEW_SHAPES = {
  results: listOf(
    recordOf({
      ...allOf(["id", "label", "parent", "rationale", "score", "passed", "reason", "feedback", "log", "diff"], SINGLE),
      spec: OPEN,
      summary: OPEN,
    }),
  ),
  refused: listOf(recordOf(allOf(["label", "reason", "edit"], SINGLE))),
} as const satisfies Shapes;

const UNSAID: ParameterNames = { names: [], areAll: false };

/** What is known of a stage's variables before a run; `own` are those that only this stage has. */
export function promptShapes(own: Shapes = {}, vars: JsonObject = {}, { names, areAll } = UNSAID): Shapes {
  const shapes = { ...RUN, ...own };
  const said = areAll ? withSpec(shapes, recordOf(allOf(names, OPEN))) : shapes;
  // An earlier run had a space of its own.
  return { ...said, prior: RUN.prior, vars: shapeOf(vars) };
}

/** The same shapes, with more said of the parameters of hypotheses. */
function withSpec(fields: Shapes, spec: Shape): Shapes {
  const within = (shape: Shape): Shape => {
    if (shape.kind === "list") return listOf(within(shape.items));
    return shape.kind === "record" ? recordOf(withSpec(shape.fields, spec)) : shape;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, of]) => [name, name === "spec" ? spec : within(of)]));
}
