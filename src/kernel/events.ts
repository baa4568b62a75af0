import { ROLES, usageSchema } from "../model/call.ts";
import { evaluationSchema } from "../model/evaluation.ts";
import { experimentSchema } from "../model/experiment.ts";
import { failedSchema } from "../model/failed.ts";
import { hypothesisSchema } from "../model/hypothesis.ts";
import type { TrialId } from "../model/ids.ts";
import { insightSchema } from "../model/insight.ts";
import { carriedStateSchema, refusedProposalSchema, settingChangesSchema } from "../model/iteration.ts";
import { bestSoFarSchema, FINISH_REASONS, originSchema, totalsSchema } from "../model/run.ts";
import { stopSchema } from "../model/settings.ts";
import { failureSchema, trialOutcomeSchema } from "../model/trial.ts";
import {
  BASELINE,
  CALL_ID,
  DIRECTION,
  FLAG,
  HYPOTHESIS_ID,
  ITERATION,
  SNAPSHOT_ID,
  TARGET,
  TEXT,
  TRIAL_ID,
  WHOLE,
} from "../model/vocabulary.ts";
import { MILLISECONDS, type ObjectSchema, TIMESTAMP } from "../schema/dialect.ts";
import { described, type Exactly, exactly, nullable } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { EXIT } from "./errors.ts";

type Properties = ObjectSchema["properties"];
type Nothing = Readonly<Record<never, never>>;
type Stamp<T extends string> = {
  readonly type: { readonly const: T };
  readonly at: typeof TIMESTAMP;
  readonly seq: typeof SEQ;
};

export const SEQ = described("Its place in the order of the process that told it, from 0.", WHOLE);
const BEST = described("The best so far; `null` when nothing has a score yet.", nullable(bestSoFarSchema));
export const EXIT_CODE = described("What the command exits with.", { enum: Object.values(EXIT) });
const ATTEMPT = described("1 is the first.", { type: "integer", minimum: 1 });
const STAGES = ["hypothesize", "experiment", "evaluate", "review"] as const;
const ROLE = described("The stage that asked.", { enum: ROLES });

/** The schema of an event: its type, when and in which place it was told, and what it tells. */
export function event<const T extends string, const P extends Properties, const O extends Properties = Nothing>(
  type: T,
  properties: P,
  optional?: O,
): Exactly<Stamp<T> & P & O, keyof O>;
export function event(type: string, properties: Properties, optional: Properties = {}): ObjectSchema {
  const told: Properties = { type: { const: type }, at: TIMESTAMP, seq: SEQ, ...properties, ...optional };
  return exactly(Object.keys(optional), told);
}

export const runDescription = exactly(["from"], {
  runId: TEXT,
  name: TEXT,
  goal: TEXT,
  workspace: described("Absolute path of the workspace.", TEXT),
  resumed: FLAG,
  seed: WHOLE,
  metric: exactly(["baseline", "target"], {
    name: TEXT,
    direction: DIRECTION,
    baseline: BASELINE,
    target: TARGET,
  }),
  stop: stopSchema,
  parallel: described("Trials in flight.", WHOLE),
  best: BEST,
  totals: totalsSchema,
  iterationsCompleted: WHOLE,
  from: originSchema,
});

/** What happens between the beginning of a run and its end. */
export const betweenEvents = [
  event("settings.changed", {
    from: described(
      "The first iteration that is proposed with them; what is still to be reviewed before it is, with them too.",
      WHOLE,
    ),
    fields: settingChangesSchema,
  }),
  event(
    "request.heard",
    { kind: described("What was asked of the run from elsewhere.", { enum: ["stop", "pause", "continue", "note"] }) },
    { text: described("Of a note: what it says.", TEXT) },
  ),
  event("preparation.started", {
    what: described("What takes a while before the run begins: an environment, an image, an input.", TEXT),
  }),
  event("preparation.finished", { what: TEXT, durationMs: MILLISECONDS }),
  event("warning", { code: described("Stable.", TEXT), message: TEXT }, { hypothesisId: HYPOTHESIS_ID }),
  event("iteration.started", { iteration: ITERATION }, { base: carriedStateSchema }),
  event("stage.started", {
    stage: { enum: STAGES },
    iteration: ITERATION,
  }),
  event("hypothesis.proposed", { hypothesis: hypothesisSchema, iteration: ITERATION }),
  event("proposal.refused", { iteration: ITERATION, refused: refusedProposalSchema }),
  event("experiment.finished", { experiment: experimentSchema, iteration: ITERATION }),
  event("evaluation.scored", { evaluation: evaluationSchema, iteration: ITERATION, best: BEST }),
  event("best.improved", { best: bestSoFarSchema, previous: nullable(bestSoFarSchema) }),
  event("insight.recorded", { insight: insightSchema }),
  event(
    "iteration.finished",
    {
      iteration: ITERATION,
      hypotheses: WHOLE,
      failed: described("Evaluated, without a score.", WHOLE),
      best: BEST,
      improved: FLAG,
      totals: totalsSchema,
    },
    { carried: carriedStateSchema, failure: failureSchema },
  ),
  event("snapshot.taken", { snapshot: SNAPSHOT_ID, hypothesisId: HYPOTHESIS_ID }),
  event("trial.started", {
    trialId: TRIAL_ID,
    hypothesisId: HYPOTHESIS_ID,
    attempt: ATTEMPT,
    slot: described("Which of the trials in flight it is, from 0.", WHOLE),
  }),
  event("trial.finished", {
    trialId: TRIAL_ID,
    hypothesisId: HYPOTHESIS_ID,
    attempt: ATTEMPT,
    outcome: trialOutcomeSchema,
    durationMs: MILLISECONDS,
    retrying: described("Another attempt follows.", FLAG),
  }),
  event(
    "call.started",
    { callId: CALL_ID, role: ROLE, iteration: ITERATION },
    { because: described("Why it is asked again: what was wrong with the reply before.", TEXT) },
  ),
  event(
    "call.finished",
    {
      callId: CALL_ID,
      role: ROLE,
      durationMs: MILLISECONDS,
      reused: described("The reply was recorded already, and was not paid for again.", FLAG),
    },
    { usage: usageSchema },
  ),
  event(
    "call.failed",
    { callId: CALL_ID, role: ROLE, failure: failureSchema, retrying: described("It is asked again.", FLAG) },
    { usage: usageSchema },
  ),
] as const;

const started = event("run.started", { run: runDescription });
const finished = event(
  "run.finished",
  {
    reason: described("The stop condition that was reached, or what cut the run short.", { enum: FINISH_REASONS }),
    exitCode: EXIT_CODE,
    best: BEST,
    totals: totalsSchema,
    iterationsCompleted: WHOLE,
  },
  { message: TEXT, lastFailed: failedSchema },
);

/** An event as the journal has it. */
export const eventSchema = {
  description: "One line of journal.jsonl: something that happened in a run.",
  anyOf: [started, finished, ...betweenEvents],
} as const;

export type Stage = (typeof STAGES)[number];
/** What a run is, as its first event tells it. */
export type RunDescription = Infer<typeof runDescription>;

/** Line of a running trial's output; never persisted, it is in the trial's log. */
interface TrialOutput {
  readonly type: "trial.output";
  readonly trialId: TrialId;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
}

type Unstamped<E> = E extends unknown ? Omit<E, "at" | "seq"> : never;

/** Everything that can happen in a run. Each is emitted after the record it speaks of is on disk. */
export type AuraEventBody = Unstamped<Infer<typeof eventSchema>> | TrialOutput;
/** An event as sinks get it: when it happened and its place in this process's order. */
export type AuraEvent = AuraEventBody & { readonly at: string; readonly seq: number };
/** What kind of thing happened. */
export type AuraEventType = AuraEvent["type"];

/** Observers: called synchronously and in order; one that throws is reported once and dropped, the run goes on. */
export type EventSink = (event: AuraEvent) => void;
export type Emit = (event: AuraEventBody) => void;
