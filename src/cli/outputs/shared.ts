import { ERROR_CODES, EXIT } from "../../kernel/errors.ts";
import { JSON_OBJECT, MILLISECONDS, TOKENS, US_DOLLARS } from "../../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import type { Infer } from "../../schema/infer.ts";

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
const FAILURE_CODE = described("What the command exits with.", {
  enum: CODES.filter((code) => code !== EXIT.ok),
});

const FROM_ONE = { type: "integer", minimum: 1 } as const;

/** One finding about a spec. */
export const diagnosticSchema = exactly(["file", "line", "column", "excerpt", "suggestion"], {
  path: described("Where in the spec, as in `--set`: `checks.0.command`.", TEXT),
  message: TEXT,
  file: described("The spec's file, as it was named.", TEXT),
  line: described("Line of the file, from 1.", FROM_ONE),
  column: described("Column of the line in characters, from 1.", FROM_ONE),
  excerpt: described("The line itself, and below it a mark at the place.", TEXT),
  suggestion: described("The valid name that is nearest to what was written.", TEXT),
});

/** What is told of an error. */
export const errorSchema = exactly({
  code: described("Which kind of error it is; stable.", { enum: ERROR_CODES }),
  exitCode: FAILURE_CODE,
  message: described("What happened, and to what: the first line of what standard error says.", TEXT),
  details: described(
    "The further lines of it: where it is, and what to do about it. `null` when that is all.",
    nullable(TEXT),
  ),
  file: described("The file or folder that it is about, where there is one.", nullable(TEXT)),
  diagnostics: described("Of a spec, each mistake with its place; empty for other errors.", listOf(diagnosticSchema)),
});

export const errorOutput = described(
  "What a command prints with `--json` instead of its own document when it fails.",
  exactly({ error: errorSchema }),
);
export type ErrorOutput = Infer<typeof errorOutput>;

export const DIRECTION = { enum: ["maximize", "minimize"] } as const;
export const BASELINE = described("What a score has to beat, in the metric's own units.", NUMBER);
export const TARGET = described("A best score that ends the run, in the metric's own units.", NUMBER);

export const stopSchema = described(
  "The limits that end the run; the first that is reached ends it.",
  exactly(["failures", "iterations", "hypotheses", "patience", "wallClockMs", "tokens", "costUsd"], {
    failures: described("Failed experiments in a row.", WHOLE),
    iterations: WHOLE,
    hypotheses: WHOLE,
    patience: described("Iterations without a better score.", WHOLE),
    wallClockMs: MILLISECONDS,
    tokens: TOKENS,
    costUsd: US_DOLLARS,
  }),
);

const check = exactly(["timeoutMs"], {
  name: TEXT,
  command: { anyOf: [TEXT, listOf(TEXT)] },
  shell: FLAG,
  timeoutMs: MILLISECONDS,
});

/** Everything about a run that is data, defaults filled in. */
export const settingsSchema = exactly(["timeBudgetMs"], {
  name: TEXT,
  goal: TEXT,
  seed: WHOLE,
  metric: exactly(["baseline", "target"], {
    name: TEXT,
    direction: DIRECTION,
    minDelta: described(
      "How much better counts as better: in the metric's own units, or as a share of the best (0.03 is 3%).",
      exactly({ kind: { enum: ["absolute", "relative"] }, value: { type: "number", minimum: 0 } }),
    ),
    baseline: BASELINE,
    target: TARGET,
  }),
  stop: stopSchema,
  parallel: described("Trials in flight.", WHOLE),
  retries: described("Extra attempts after a trial's own failure.", WHOLE),
  insightWindow: described("Iterations whose insights reach the researcher; `null` is all.", nullable(WHOLE)),
  constraints: described("Free-form, as the spec has them: open.", JSON_OBJECT),
  inputs: listOf(
    exactly({
      path: described("As written in the spec.", TEXT),
      absolutePath: TEXT,
      show: { enum: ["name", "full"] },
    }),
  ),
  root: described("Absolute path of the project.", TEXT),
  artifacts: described("Tracked files and folders, relative to `root`.", listOf(TEXT)),
  files: described(
    "What else a trial's own copy holds, as patterns relative to `root`; `null` is what git tracks.",
    nullable(listOf(TEXT)),
  ),
  rollback: { enum: ["best", "none"] },
  start: described("What a start without a score is.", { enum: ["must_score", "may_fail"] }),
  keep: described("Which trial folders stay.", { enum: ["all", "best", "failed", "none"] }),
  keepFiles: listOf(TEXT),
  checks: listOf(check),
  timeBudgetMs: described("Milliseconds that a trial may take at most.", MILLISECONDS),
});
