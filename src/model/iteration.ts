import type { ObjectSchema } from "../schema/dialect.ts";
import { TIMESTAMP } from "../schema/quantities.ts";
import type { HypothesisId } from "./ids.ts";
import type { JsonValue } from "./json.ts";
import { type Failure, failureSchema } from "./trial.ts";

/** A proposal that did not become a hypothesis, and why; told to the next prompt. */
export interface RefusedProposal {
  /** What the proposer called it, or its place in the reply such as `#2`. */
  readonly label: string;
  readonly reason: string;
}

/** The state carried into an iteration: a snapshot of the tracked artifacts and the hypothesis that made it. */
export interface CarriedState {
  readonly snapshot: string;
  readonly hypothesisId: HypothesisId;
}

/** One field of the spec, or a file or variable that it names, that is another than before. */
export interface SettingChange {
  /** Place in the spec, such as `metric.min_delta`. */
  readonly path: string;
  /** Absent: the field was not there. Of a file or a variable its name and its hash. */
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

interface IterationCommon {
  readonly iteration: number;
  /** The start is run unedited, to have a score: the first iteration of a run with tracked artifacts. */
  readonly start?: boolean;
  /** What of the settings had been changed before it began, and counts from it on. */
  readonly changes?: readonly SettingChange[];
  /** The recorded state every hypothesis of this iteration starts from; absent without artifacts. */
  readonly base?: CarriedState;
}

interface Proposed {
  readonly hypotheses: readonly HypothesisId[];
  readonly refused: readonly RefusedProposal[];
  /** Why there is no usable proposal, when there is none. */
  readonly failure?: Failure;
  /** The researcher has nothing more to propose (a grid at its end): this is the last iteration. */
  readonly exhausted?: boolean;
}

/** Where an iteration stands: `started` (base chosen), `proposed` (the batch is fixed), `finished` (reviewed, state carried on). */
export type IterationRecord =
  | (IterationCommon & { readonly state: "started" })
  | (IterationCommon & Proposed & { readonly state: "proposed" })
  | (IterationCommon &
      Proposed & {
        readonly state: "finished";
        /** Best hypothesis up to and including this iteration. */
        readonly best: HypothesisId | null;
        readonly bestScore: number | null;
        /** Whether this iteration improved on the best by more than `min_delta`. */
        readonly improved: boolean;
        /** What the next iteration starts from; absent without artifacts. */
        readonly carried?: CarriedState;
        /** Failed experiments in a row up to and including this iteration. */
        readonly failuresInARow: number;
      });
/** An iteration whose batch will not change any more. */
export type ProposedIteration = Extract<IterationRecord, { state: "proposed" | "finished" }>;
export type FinishedIteration = Extract<IterationRecord, { state: "finished" }>;

const TEXT = { type: "string" } as const;
export const carriedStateSchema = {
  type: "object",
  description: "A state of the tracked artifacts, and the hypothesis that made it.",
  properties: { snapshot: TEXT, hypothesisId: TEXT },
  required: ["snapshot", "hypothesisId"],
  additionalProperties: false,
} as const;
export const settingChangesSchema = {
  type: "array",
  items: {
    type: "object",
    properties: {
      path: { type: "string", description: "Place in the spec." },
      before: { "x-any": true, description: "What it was; absent when it was not there." },
      after: { "x-any": true, description: "What it is; absent when it is gone." },
    },
    required: ["path"],
    additionalProperties: false,
  },
} as const;
const common = {
  iteration: { type: "integer", minimum: 0 },
  start: { type: "boolean" },
  changes: settingChangesSchema,
  base: carriedStateSchema,
} as const;
export const refusedProposalSchema = {
  type: "object",
  description: "A proposal that became no hypothesis, and why.",
  properties: { label: TEXT, reason: TEXT },
  required: ["label", "reason"],
  additionalProperties: false,
} as const;
const proposed = {
  hypotheses: { type: "array", items: TEXT },
  refused: {
    type: "array",
    items: refusedProposalSchema,
  },
  failure: failureSchema,
  exhausted: { type: "boolean" },
} as const;

export const iterationSchema = {
  description: "Where one iteration stands: iterations/<n>/iteration.json",
  anyOf: [
    {
      type: "object",
      properties: { ...common, state: { const: "started" } },
      required: ["iteration", "state"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: { ...common, ...proposed, state: { const: "proposed" } },
      required: ["iteration", "state", "hypotheses", "refused"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: {
        ...common,
        ...proposed,
        state: { const: "finished" },
        best: { anyOf: [TEXT, { type: "null" }] },
        bestScore: { anyOf: [{ type: "number" }, { type: "null" }] },
        improved: { type: "boolean" },
        carried: carriedStateSchema,
        failuresInARow: { type: "integer", minimum: 0 },
      },
      required: ["iteration", "state", "hypotheses", "refused", "best", "bestScore", "improved", "failuresInARow"],
      additionalProperties: false,
    },
  ],
} as const;

/** One `aura rollback`. The newest says what is carried on, until an iteration after it is finished. */
export interface RollbackRecord {
  /** 1 is the first. */
  readonly n: number;
  readonly rolledBackAt: string;
  /** As the user named the state: `best`, `start`, an iteration, a hypothesis. */
  readonly to: string;
  readonly hypothesisId: HypothesisId;
  readonly snapshot: string;
  /** What was carried on before; absent when nothing was. */
  readonly previous?: CarriedState;
  /** Last iteration that had proposed its hypotheses. Those up to it that came after `hypothesisId` no longer count for best. */
  readonly afterIteration: number;
}

const SNAPSHOT = { type: "string", pattern: "^[0-9a-f]{16}$" } as const;
const HYPOTHESIS = { type: "string", pattern: "^i[0-9]+-h[0-9]+$" } as const;

export const rollbackSchema = {
  type: "object",
  description: "One rollback: rollbacks/<n>.json",
  properties: {
    n: { type: "integer", minimum: 1 },
    rolledBackAt: TIMESTAMP,
    to: { type: "string" },
    hypothesisId: HYPOTHESIS,
    snapshot: SNAPSHOT,
    previous: {
      type: "object",
      properties: { snapshot: SNAPSHOT, hypothesisId: HYPOTHESIS },
      required: ["snapshot", "hypothesisId"],
      additionalProperties: false,
    },
    afterIteration: { type: "integer", minimum: 0 },
  },
  required: ["n", "rolledBackAt", "to", "hypothesisId", "snapshot", "afterIteration"],
  additionalProperties: false,
} as const satisfies ObjectSchema;
