import { TIMESTAMP } from "../schema/dialect.ts";
import { described, exactly, listOf } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { FLAG, SNAPSHOT_ID, TEXT } from "./vocabulary.ts";

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

const PATH = described("Relative to the folder.", TEXT);

export const applyPlanSchema = exactly({
  target: described("Absolute path of the folder.", TEXT),
  snapshot: SNAPSHOT_ID,
  steps: described(
    "In the order they are done; empty when the folder is in this state already.",
    listOf(applyStepSchema),
  ),
  conflicts: described(
    "What is in the way. Without `--dry-run` there is any only where `--force` went over it.",
    listOf(
      exactly({
        path: PATH,
        reason: TEXT,
        forceable: described("`--force` goes over it; otherwise it has to be moved away by hand.", FLAG),
      }),
    ),
  ),
  kept: described(
    "What was changed since the start, not by the run: it stays as it is.",
    listOf(exactly({ path: PATH, reason: TEXT })),
  ),
});
export type ApplyPlan = Infer<typeof applyPlanSchema>;
/** A path that cannot be brought to the state as it is. */
export type ApplyConflict = ApplyPlan["conflicts"][number];
/** What the user changed and the run did not. */
export type KeptChange = ApplyPlan["kept"][number];

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
