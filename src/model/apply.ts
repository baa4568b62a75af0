import type { ObjectSchema } from "../schema/dialect.ts";

/** One thing to do to a folder so that it holds a state. Done in order; each can be done again. */
export interface ApplyStep {
  readonly action: "delete" | "remove-folder" | "make-folder" | "write" | "set-mode";
  /** Relative to the folder. */
  readonly path: string;
  /** Permission bits that are set. */
  readonly mode?: number;
  /** What was there when the step was planned, by content; absent when nothing was. */
  readonly before?: string;
}

/** What `aura apply` is in the middle of, or did last: `apply.json`. */
export interface ApplyRecord {
  /** `staging`: nothing is replaced yet. `replacing`: all is staged, steps may be done. `done`: the last one, finished. */
  readonly state: "staging" | "replacing" | "done";
  readonly target: string;
  readonly snapshot: string;
  readonly startedAt: string;
  readonly steps: readonly ApplyStep[];
}

export const applySchema = {
  type: "object",
  description: "What `aura apply` is in the middle of, or did last: apply.json",
  properties: {
    state: { enum: ["staging", "replacing", "done"] },
    target: { type: "string" },
    snapshot: { type: "string", pattern: "^[0-9a-f]{16}$" },
    startedAt: { type: "string" },
    steps: {
      type: "array",
      items: {
        type: "object",
        properties: {
          action: { enum: ["delete", "remove-folder", "make-folder", "write", "set-mode"] },
          path: { type: "string" },
          mode: { type: "integer", minimum: 0, maximum: 511 },
          before: { type: "string" },
        },
        required: ["action", "path"],
        additionalProperties: false,
      },
    },
  },
  required: ["state", "target", "snapshot", "startedAt", "steps"],
  additionalProperties: false,
} as const satisfies ObjectSchema;
