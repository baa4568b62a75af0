import { TIMESTAMP } from "../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { failureSchema } from "./trial.ts";
import { FLAG, HYPOTHESIS_ID, ITERATION, SNAPSHOT_ID, TEXT } from "./vocabulary.ts";

export const carriedStateSchema = {
  description: "A state of the tracked artifacts, and the hypothesis that made it.",
  ...exactly({ snapshot: TEXT, hypothesisId: TEXT }),
} as const;
/** A state of the tracked artifacts, by its snapshot, and the hypothesis that made it. */
export type CarriedState = Infer<typeof carriedStateSchema>;

export const settingChangesSchema = {
  type: "array",
  items: exactly(["before", "after"], {
    path: { type: "string", description: "Place in the spec, such as `metric.min_delta`." },
    before: {
      "x-any": true,
      description: "What it was, open; absent when it was not there. Of a file or a variable its name and its hash.",
    },
    after: { "x-any": true, description: "What it is, open; absent when it is gone." },
  }),
} as const;
/** One field of the spec, or a file or variable that it names, that is another than before. */
export type SettingChange = Infer<typeof settingChangesSchema>[number];

export const refusedProposalSchema = {
  description: "A proposal that became no hypothesis, and why.",
  ...exactly(["edit"], {
    label: { type: "string", description: "What the proposer called it, or its place in the reply such as `#2`." },
    reason: TEXT,
    edit: described("The edit that could not be made, as JSON, cut where it is long.", TEXT),
  }),
} as const;
/** A proposal that did not become a hypothesis, and why; told to the next prompt. */
export type RefusedProposal = Infer<typeof refusedProposalSchema>;
/** The label of a reply of which nothing could be read. */
export const WHOLE_REPLY = "the whole reply";

/** These, each once. */
export function distinct(refused: readonly RefusedProposal[]): readonly RefusedProposal[] {
  return [...new Map(refused.map((one) => [`${one.label}\n${one.reason}`, one])).values()];
}

const noteSchema = exactly({ name: described("Its file in notes/.", TEXT), text: TEXT });

const common = {
  iteration: { type: "integer", minimum: 0 },
  start: {
    type: "boolean",
    description: "The start is run unedited, to have a score: the first iteration of a run with tracked artifacts.",
  },
  changes: { ...settingChangesSchema, description: "What of the settings had been changed before it began." },
  notes: described(
    "What the user said since the iteration before: its prompts have it, and those after it.",
    listOf(noteSchema),
  ),
  base: {
    ...carriedStateSchema,
    description: "The state that hypotheses start from which choose no other; absent without artifacts.",
  },
} as const;
const proposed = {
  hypotheses: { type: "array", items: TEXT },
  refused: { type: "array", items: refusedProposalSchema },
  failure: { ...failureSchema, description: "Why there is no usable proposal, when there is none." },
  exhausted: { type: "boolean", description: "There is nothing more to propose, as of a grid at its end." },
} as const;

export const iterationSchema = {
  description: "Where one iteration stands: iterations/<n>/iteration.json",
  anyOf: [
    exactly(["start", "changes", "notes", "base"], { ...common, state: { const: "started" } }),
    exactly(["start", "changes", "notes", "base", "failure", "exhausted"], {
      ...common,
      ...proposed,
      state: { const: "proposed" },
    }),
    exactly(["start", "changes", "notes", "base", "failure", "exhausted", "carried"], {
      ...common,
      ...proposed,
      state: { const: "finished" },
      best: { anyOf: [TEXT, { type: "null" }], description: "Best hypothesis up to and including this iteration." },
      bestScore: { anyOf: [{ type: "number" }, { type: "null" }] },
      improved: { type: "boolean", description: "Whether it improved on the best by more than `min_delta`." },
      carried: { ...carriedStateSchema, description: "What the next iteration starts from." },
      failuresInARow: {
        type: "integer",
        minimum: 0,
        description: "Failed experiments in a row up to and including this iteration.",
      },
      insights: {
        type: "integer",
        minimum: 0,
        description: "How many it taught. Where there is none there is no file.",
      },
    }),
  ],
} as const;
/** Where an iteration stands: `started` (base chosen), `proposed` (the batch is fixed), `finished` (reviewed, state carried on). */
export type IterationRecord = Infer<typeof iterationSchema>;
/** An iteration whose batch will not change any more. */
export type ProposedIteration = Extract<IterationRecord, { state: "proposed" | "finished" }>;
export type FinishedIteration = Extract<IterationRecord, { state: "finished" }>;

const carried = exactly({ snapshot: SNAPSHOT_ID, hypothesisId: HYPOTHESIS_ID });

export const rollbackSchema = {
  description: "One rollback: rollbacks/<n>.json",
  ...exactly(["previous"], {
    n: { type: "integer", minimum: 1 },
    rolledBackAt: TIMESTAMP,
    to: {
      type: "string",
      description: "As the user named the state: `best`, `start`, an iteration, a hypothesis.",
    },
    hypothesisId: HYPOTHESIS_ID,
    snapshot: SNAPSHOT_ID,
    previous: described("What was carried on before.", carried),
    afterIteration: {
      type: "integer",
      minimum: 0,
      description:
        "Last iteration that had proposed its hypotheses. Those up to it that came after `hypothesisId` no longer count.",
    },
  }),
} as const;
/** One `aura rollback`. The newest says what is carried on, until an iteration after it is finished. */
export type RollbackRecord = Infer<typeof rollbackSchema>;

export const rollbackPlanSchema = exactly({
  to: described("The state as it was named: best, start, an iteration or a hypothesis.", TEXT),
  target: described("What is carried on from now on.", carried),
  previous: described("What was carried on before; `null` when nothing was.", nullable(carried)),
  afterIteration: described("The last iteration that had begun.", ITERATION),
  changed: described("Paths that differ between the two, sorted, relative to the project.", listOf(TEXT)),
  isCurrent: described("The target was carried on already: there was nothing to do.", FLAG),
});
export type RollbackPlan = Infer<typeof rollbackPlanSchema>;
