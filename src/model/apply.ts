import { type ObjectSchema, TIMESTAMP } from "../schema/dialect.ts";

/** One thing to do to a folder so that it holds a state. Done in order; each can be done again, and undone. */
export interface ApplyStep {
  readonly action: "delete" | "remove-folder" | "make-folder" | "write" | "set-mode";
  /** Relative to the folder. */
  readonly path: string;
  /** Permission bits that are set. */
  readonly mode?: number;
  /** What was there when the step was planned, by content; absent when nothing was. */
  readonly before?: string;
  /** Permission bits of a folder that is removed, or of what gets other ones. */
  readonly beforeMode?: number;
}

/** An apply that is going on, or was cut short. */
export interface ApplyIntent {
  /** `staging`: nothing is replaced yet. `replacing`: all is staged, steps may be done. `undoing`: steps are taken back. */
  readonly state: "staging" | "replacing" | "undoing";
  readonly target: string;
  readonly snapshot: string;
  readonly startedAt: string;
  readonly steps: readonly ApplyStep[];
}

/** The state that a folder was brought to last. */
export interface AppliedState {
  readonly target: string;
  readonly snapshot: string;
  readonly appliedAt: string;
}

/** What `aura apply` is in the middle of, and did last: `apply.json`. */
export interface ApplyRecord {
  /** At most one a folder. */
  readonly unfinished: readonly ApplyIntent[];
  /** One a folder, the newest last; of more than twenty folders the oldest are forgotten. */
  readonly applied: readonly AppliedState[];
}

const SNAPSHOT_ID = { type: "string", pattern: "^[0-9a-f]{16}$" } as const;
const MODE = {
  type: "integer",
  minimum: 0,
  maximum: 511,
  description: "Permission bits, as a number: 420 is 0644.",
} as const;

export const applyStepSchema = {
  type: "object",
  properties: {
    action: { enum: ["delete", "remove-folder", "make-folder", "write", "set-mode"] },
    path: { type: "string", description: "Relative to the folder." },
    mode: MODE,
    before: {
      type: "string",
      description: "What was there when the step was planned, by content; absent when nothing was.",
    },
    beforeMode: MODE,
  },
  required: ["action", "path"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export const applySchema = {
  type: "object",
  description: "What `aura apply` is in the middle of, and did last, by folder: apply.json",
  properties: {
    unfinished: {
      type: "array",
      items: {
        type: "object",
        properties: {
          state: { enum: ["staging", "replacing", "undoing"] },
          target: { type: "string" },
          snapshot: SNAPSHOT_ID,
          startedAt: TIMESTAMP,
          steps: {
            type: "array",
            items: applyStepSchema,
          },
        },
        required: ["state", "target", "snapshot", "startedAt", "steps"],
        additionalProperties: false,
      },
    },
    applied: {
      type: "array",
      items: {
        type: "object",
        properties: { target: { type: "string" }, snapshot: SNAPSHOT_ID, appliedAt: TIMESTAMP },
        required: ["target", "snapshot", "appliedAt"],
        additionalProperties: false,
      },
    },
  },
  required: ["unfinished", "applied"],
  additionalProperties: false,
} as const satisfies ObjectSchema;
