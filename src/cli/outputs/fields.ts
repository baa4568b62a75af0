import { EXIT } from "../../kernel/errors.ts";
import { described } from "../../schema/exactly.ts";

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
const CODES = Object.values(EXIT);
export const EXIT_CODE = described("What the command exits with.", { enum: CODES });
export const FAILURE_CODE = described("What the command exits with.", {
  enum: CODES.filter((code) => code !== EXIT.ok),
});
