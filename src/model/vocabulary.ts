import { described } from "../schema/exactly.ts";

// What the schemas of what is told share.

export const TEXT = { type: "string" } as const;
export const FLAG = { type: "boolean" } as const;
export const NUMBER = { type: "number" } as const;
export const WHOLE = { type: "integer", minimum: 0 } as const;

export const HYPOTHESIS_ID = {
  type: "string",
  pattern: "^i[0-9]+-h[0-9]+$",
  description: "Id of a hypothesis, like i00002-h003.",
} as const;
export const TRIAL_ID = {
  type: "string",
  pattern: "^i[0-9]+-h[0-9]+-[tc][0-9]+$",
  description: "Id of a trial or a check, like i00002-h003-t00.",
} as const;
export const CALL_ID = {
  type: "string",
  pattern: "^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$",
  description: "Id of a call, like i00002-researcher-a1.",
} as const;
export const SNAPSHOT_ID = {
  type: "string",
  pattern: "^[0-9a-f]{16}$",
  description: "Id of a state of the tracked artifacts: snapshots/<id>.json.",
} as const;

export const ITERATION = described("Number of the iteration.", WHOLE);
export const SCORE = described("In the metric's own units.", NUMBER);

export const DIRECTION = { enum: ["maximize", "minimize"] } as const;
export const BASELINE = described("What a score has to beat, in the metric's own units.", NUMBER);
export const TARGET = described("A best score that ends the run, in the metric's own units.", NUMBER);
