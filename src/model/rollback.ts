import { type ObjectSchema, TIMESTAMP } from "../schema/dialect.ts";
import type { HypothesisId } from "./ids.ts";
import type { CarriedState } from "./iteration.ts";

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
