import { TIMESTAMP } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";

const SNAPSHOT_ID = { type: "string", pattern: "^[0-9a-f]{16}$" } as const;
const MODE = {
  type: "integer",
  minimum: 0,
  maximum: 511,
  description: "Permission bits, as a number: 420 is 0644.",
} as const;

export const applyStepSchema = exactly(["mode", "before"], {
  action: { enum: ["delete", "remove-folder", "make-folder", "write", "set-mode"] },
  path: { type: "string", description: "Relative to the folder." },
  mode: MODE,
  before: {
    type: "string",
    description: "What was there when the step was planned, by content; absent when nothing was.",
  },
});
/** One thing to do to a folder so that it holds a state. Done in order; each can be done again. */
export type ApplyStep = Infer<typeof applyStepSchema>;

export const applySchema = {
  description: "What `aura apply` is in the middle of, and did last, by folder: apply.json",
  ...exactly({
    unfinished: {
      type: "array",
      description: "At most one a folder.",
      items: exactly({
        state: {
          enum: ["staging", "replacing"],
          description: "Nothing is replaced yet; all is staged, steps may be done.",
        },
        target: { type: "string" },
        snapshot: SNAPSHOT_ID,
        startedAt: TIMESTAMP,
        steps: { type: "array", items: applyStepSchema },
      }),
    },
    applied: {
      type: "array",
      description: "One a folder, the newest last; of more than twenty folders the oldest are forgotten.",
      items: exactly({ target: { type: "string" }, snapshot: SNAPSHOT_ID, appliedAt: TIMESTAMP }),
    },
  }),
} as const;
/** What `aura apply` is in the middle of, and did last: `apply.json`. */
export type ApplyRecord = Infer<typeof applySchema>;
/** An apply that is going on, or was cut short. */
export type ApplyIntent = ApplyRecord["unfinished"][number];
