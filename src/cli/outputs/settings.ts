import { JSON_OBJECT } from "../../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { MILLISECONDS, TOKENS, US_DOLLARS } from "../../schema/quantities.ts";
import { FLAG, NUMBER, TEXT, WHOLE } from "./fields.ts";

export const DIRECTION = { enum: ["maximize", "minimize"] } as const;
export const BASELINE = described("What a score has to beat, in the metric's own units.", NUMBER);
export const TARGET = described("A best score that ends the run, in the metric's own units.", NUMBER);

export const stopSchema = described(
  "The limits that end the run; the first that is reached ends it.",
  exactly(
    { failures: described("Failed experiments in a row.", WHOLE) },
    {
      iterations: WHOLE,
      hypotheses: WHOLE,
      patience: described("Iterations without a better score.", WHOLE),
      wallClockMs: MILLISECONDS,
      tokens: TOKENS,
      costUsd: US_DOLLARS,
    },
  ),
);

const check = exactly(
  {
    name: TEXT,
    command: { anyOf: [TEXT, listOf(TEXT)] },
    shell: FLAG,
  },
  { timeoutMs: MILLISECONDS },
);

/** Everything about a run that is data, defaults filled in. */
export const settingsSchema = exactly(
  {
    name: TEXT,
    goal: TEXT,
    seed: WHOLE,
    metric: exactly(
      {
        name: TEXT,
        direction: DIRECTION,
        minDelta: described(
          "How much better counts as better: in the metric's own units, or as a share of the best (0.03 is 3%).",
          exactly({ kind: { enum: ["absolute", "relative"] }, value: { type: "number", minimum: 0 } }),
        ),
      },
      { baseline: BASELINE, target: TARGET },
    ),
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
    keep: described("Which trial folders stay.", { enum: ["all", "best", "failed", "none"] }),
    keepFiles: listOf(TEXT),
    checks: listOf(check),
  },
  { timeBudgetMs: described("Milliseconds that a trial may take at most.", MILLISECONDS) },
);
