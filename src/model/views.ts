import { BYTES, JSON_OBJECT, MILLISECONDS, TIMESTAMP, TOKENS, US_DOLLARS } from "../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { callSchema, ROLES } from "./call.ts";
import { evaluationSchema } from "./evaluation.ts";
import { experimentSchema } from "./experiment.ts";
import { hypothesisSchema, parametersSchema } from "./hypothesis.ts";
import { insightSchema } from "./insight.ts";
import { iterationSchema } from "./iteration.ts";
import { FINISH_REASONS, originSchema, RUN_STATUSES, totalsSchema } from "./run.ts";
import { TRIAL_STATUSES, trialSchema } from "./trial.ts";
import {
  CALL_ID,
  DIRECTION,
  FLAG,
  HYPOTHESIS_ID,
  ITERATION,
  NUMBER,
  SCORE,
  SNAPSHOT_ID,
  TEXT,
  TRIAL_ID,
  WHOLE,
} from "./vocabulary.ts";

const LABEL = described("What the proposer called it; `null` when it gave no name.", nullable(TEXT));

const bestSchema = exactly({ id: HYPOTHESIS_ID, label: LABEL, score: SCORE, passed: FLAG, spec: parametersSchema });
/** The best hypothesis of a run, as `inspect` shows it. */
export type BestView = Infer<typeof bestSchema>;
export const best = nullable(bestSchema);

export const summaryOutput = described(
  "What `aura inspect <workspace> summary --json` prints: where a run stands, its iteration under way included.",
  exactly({
    name: TEXT,
    runId: TEXT,
    status: described("`interrupted` when the process that was running it is dead.", { enum: RUN_STATUSES }),
    reason: described("Why it ended or stopped; `null` while it goes on.", nullable({ enum: FINISH_REASONS })),
    message: described("More about the reason, such as what a failing trial printed last.", nullable(TEXT)),
    workspace: described("Absolute path of the workspace.", TEXT),
    createdAt: TIMESTAMP,
    updatedAt: TIMESTAMP,
    seed: WHOLE,
    from: described("The earlier run that it was started from (`run --from`), or `null`.", nullable(originSchema)),
    iterationsCompleted: WHOLE,
    hypotheses: described(
      "How many there are; the start is none of them.",
      exactly({ total: WHOLE, scored: WHOLE, failed: described("Evaluated, without a score.", WHOLE) }),
    ),
    metric: exactly({ name: nullable(TEXT), direction: DIRECTION }),
    best: described("`null` when nothing has a score yet.", best),
    baseline: described(
      "What a score has to beat, in the metric's own units: the spec's baseline, else the score of the start.",
      nullable(NUMBER),
    ),
    totals: totalsSchema,
    lastInsights: described("Of the last iteration that taught something.", listOf(insightSchema)),
  }),
);
/** Where a run stands, its iteration under way included. */
export type SummaryView = Infer<typeof summaryOutput>;

export const hypothesesOutput = described(
  "What `aura inspect <workspace> hypotheses --json` prints: every hypothesis, in the order of their ids.",
  exactly({
    hypotheses: listOf(
      exactly({
        id: HYPOTHESIS_ID,
        iteration: ITERATION,
        label: LABEL,
        status: described(
          "`proposed`: it was not run yet. `experimented`: it was not evaluated yet. `scored`: it has a score. `failed`: it was evaluated and has none.",
          { enum: ["proposed", "experimented", "scored", "failed"] },
        ),
        score: described("In the metric's own units; `null` when there is none.", nullable(NUMBER)),
        passed: described("`null` before it is evaluated.", nullable(FLAG)),
        reason: described("Of the evaluation; `null` before it.", nullable(TEXT)),
        counts: described("Whether it counts for the best: `false` for what a rollback left out.", FLAG),
        spec: parametersSchema,
        edits: described("How many edits of tracked artifacts it proposes.", WHOLE),
      }),
    ),
  }),
);
/** One hypothesis, in short. */
export type HypothesisRow = Infer<typeof hypothesesOutput>["hypotheses"][number];

const howItRan = {
  metrics: described(
    "What was measured: the summary of its experiment, and the evaluator's own metrics: open.",
    JSON_OBJECT,
  ),
  runs: described(
    "Its trials and checks, as each was last started.",
    listOf(
      exactly({
        id: TRIAL_ID,
        kind: { enum: ["trial", "check"] },
        seed: described("What `{aura.seed}` stands for.", WHOLE),
        status: nullable({ enum: TRIAL_STATUSES }),
        durationMs: nullable(MILLISECONDS),
        command: described("The program and its arguments; empty for a function or a model.", listOf(TEXT)),
      }),
    ),
  ),
  diff: described("What its edits change in the state it starts from: a unified diff; empty without edits.", TEXT),
} as const;
const howItRanSchema = exactly(howItRan);
/** How a hypothesis was run, what was measured, and what its edits change. */
export type HowItRan = Infer<typeof howItRanSchema>;

export const bestOutput = described(
  "What `aura inspect <workspace> best --json` prints: the best hypothesis, or `null` when none has a score yet.",
  exactly({ best: nullable(exactly({ ...bestSchema.properties, ...howItRan })) }),
);

export const insightsOutput = described(
  "What `aura inspect <workspace> insights --json` prints: every insight, oldest iteration first.",
  exactly({ insights: listOf(insightSchema) }),
);

export const callsOutput = described(
  "What `aura inspect <workspace> calls --json` prints: every model or command-runner call without its texts.",
  exactly({
    calls: listOf(
      exactly({
        id: CALL_ID,
        role: described("The stage that asked.", { enum: ROLES }),
        iteration: ITERATION,
        ask: described("1 is the first ask of this question; an unusable reply is asked for again.", {
          type: "integer",
          minimum: 1,
        }),
        runner: TEXT,
        state: { enum: ["started", "finished", "failed"] },
        hypothesisId: described("Whom it is about, where it is about one hypothesis.", nullable(TEXT)),
        model: nullable(TEXT),
        attempts: described("How often the request was sent.", { type: "integer", minimum: 1 }),
        promptLength: described("Characters (UTF-16 units) of the prompt.", WHOLE),
        responseLength: described("Characters (UTF-16 units) of the reply; `null` without one.", nullable(WHOLE)),
        inputTokens: nullable(TOKENS),
        outputTokens: nullable(TOKENS),
        estimated: described("The runner told no token counts: they are estimated.", { type: "boolean" }),
        costUsd: nullable(US_DOLLARS),
        durationMs: nullable(MILLISECONDS),
        failure: described("Why it failed; `null` when it did not.", nullable(TEXT)),
      }),
    ),
    sums: described(
      "What they used together, by the stage that asked, by runner, and by iteration.",
      listOf(
        exactly({
          by: { enum: ["stage", "runner", "iteration"] },
          name: TEXT,
          calls: WHOLE,
          inputTokens: TOKENS,
          outputTokens: TOKENS,
          estimated: described("How many of them told no token counts, and are counted by an estimate.", WHOLE),
          costUsd: described("Of those whose price is known.", US_DOLLARS),
          unpriced: described("How many of them have a price that nobody told.", WHOLE),
        }),
      ),
    ),
  }),
);
/** All calls, and what those of one stage, runner or iteration used together. */
export type CallsView = Infer<typeof callsOutput>;
export type CallSum = CallsView["sums"][number];
/** One call without its texts, which `inspect show` has. */
export type CallRow = Infer<typeof callsOutput>["calls"][number];

const logView = exactly({
  path: described("Absolute path of the log.", TEXT),
  bytes: described("Size of the whole log in bytes.", BYTES),
  tail: described("At most its last 4096 bytes, control characters but line ends and tabs removed.", TEXT),
});

const logs = described(
  "One entry an attempt; `null` for a stream that was not written to.",
  listOf(
    exactly({
      trialId: TRIAL_ID,
      attempt: described("1 is the first.", { type: "integer", minimum: 1 }),
      stdout: nullable(logView),
      stderr: nullable(logView),
    }),
  ),
);

const ofHypothesis = exactly({
  kind: { const: "hypothesis" },
  id: HYPOTHESIS_ID,
  hypothesis: nullable(hypothesisSchema),
  trials: listOf(TRIAL_ID),
  experiment: nullable(experimentSchema),
  evaluation: nullable(evaluationSchema),
  logs,
});
const ofAnythingElse = [
  exactly({
    kind: { const: "iteration" },
    iteration: ITERATION,
    record: nullable(iterationSchema),
    hypotheses: listOf(HYPOTHESIS_ID),
    insights: listOf(insightSchema),
    calls: listOf(CALL_ID),
  }),
  exactly({
    kind: { const: "trial" },
    id: TRIAL_ID,
    trial: trialSchema,
    folders: described("One for each attempt, absolute; it may have been cleared away.", listOf(TEXT)),
    logs,
  }),
  exactly({ kind: { const: "insight" }, id: described("Like i00002-n01.", TEXT), insight: insightSchema }),
  exactly({ kind: { const: "call" }, id: CALL_ID, call: callSchema }),
] as const;

export const showOutput = {
  description:
    "What `aura inspect <workspace> show <id> --json` prints: all that is recorded under an id. `kind` says of what it is.",
  anyOf: [exactly({ ...ofHypothesis.properties, ...howItRan }), ...ofAnythingElse],
} as const;

const detailsSchema = { anyOf: [ofHypothesis, ...ofAnythingElse] } as const;
/** Everything recorded under one id. */
export type Details = Infer<typeof detailsSchema>;

export const logsOutput = described(
  "What `aura inspect <workspace> logs <id> --json` prints: the logs of a hypothesis, a trial or an attempt.",
  exactly(["evaluator"], {
    logs,
    evaluator: described("Of a hypothesis whose evaluator's command failed: the last lines that it printed.", TEXT),
  }),
);
export type Logs = Infer<typeof logsOutput>;
/** The logs of one attempt at a trial; `null` for a stream that was not written to. */
export type AttemptLogs = Infer<typeof logs>[number];

export const artifactsOutput = described(
  "What `aura inspect <workspace> artifacts --json` prints: the states of the tracked artifacts.",
  exactly({
    start: described("Id of the state at the start: snapshots/<id>.json.", SNAPSHOT_ID),
    carried: described("Id of the state that the next iteration starts from; `null` before the first.", {
      anyOf: [SNAPSHOT_ID, { type: "null" }],
    }),
    states: listOf(
      exactly({
        hypothesisId: HYPOTHESIS_ID,
        snapshot: SNAPSHOT_ID,
        score: described("In the metric's own units; `null` when there is none.", nullable(NUMBER)),
      }),
    ),
    files: described("Files of the start, relative to the project.", listOf(TEXT)),
    unfinished: described(
      "Folders that an `aura apply` was cut short in: the next one goes on with it.",
      listOf(exactly({ target: described("Absolute path of the folder.", TEXT), snapshot: SNAPSHOT_ID })),
    ),
  }),
);
export type ArtifactsDocument = Infer<typeof artifactsOutput>;

const STATE = described("The state as it was named: best, start, an iteration or a hypothesis.", TEXT);

export const diffOutput = described(
  "What `aura inspect <workspace> diff A B --json` prints: what is different between two states.",
  exactly({ from: STATE, to: STATE, diff: described("A unified diff; empty when nothing differs.", TEXT) }),
);

export const compareOutput = described(
  "What `aura compare <workspace>... --json` prints: runs beside each other, and which is best at equally many hypotheses.",
  exactly({
    metric: exactly({ name: nullable(TEXT), direction: DIRECTION }),
    runs: listOf(
      exactly({
        workspace: described("As it was named.", TEXT),
        name: TEXT,
        status: { enum: RUN_STATUSES },
        seed: WHOLE,
        best: described("`null` when nothing has a score yet.", best),
        bestAt: described(
          "After how many evaluated hypotheses it was found, 0 being the start; `null` without a best.",
          nullable(WHOLE),
        ),
        bestSoFar: described(
          "The best score after n evaluated hypotheses, as it was then, by n: the first is the start's. `null` while there is none.",
          listOf(nullable(NUMBER)),
        ),
        totals: totalsSchema,
        otherwise: described(
          "Where its spec, or an input, is another than the first run's and scores depend on it: those cannot be compared.",
          listOf(TEXT),
        ),
      }),
    ),
    equal: described(
      "At as many hypotheses as each of the runs has.",
      exactly({
        hypotheses: WHOLE,
        best: described(
          "The workspace that is best there, the first of those that are; `null` without any score.",
          nullable(TEXT),
        ),
        score: described("Its best score there.", nullable(NUMBER)),
      }),
    ),
  }),
);
export type Comparison = Infer<typeof compareOutput>;

export const repairStepSchema = exactly({
  action: described(
    "`set-aside`: a damaged record is moved under repairs/. `remove`: a leftover is deleted. `by-resume`: the next resume mends it. `by-hand`: only you can.",
    { enum: ["set-aside", "remove", "by-resume", "by-hand"] },
  ),
  file: described("Relative to the workspace.", TEXT),
  reason: TEXT,
  consequence: described("What happens next.", TEXT),
});
/** One thing that is wrong with a workspace, and what repairing it would do. */
export type RepairStep = Infer<typeof repairStepSchema>;
