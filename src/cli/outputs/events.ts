import { ROLES, usageSchema } from "../../model/call.ts";
import { evaluationSchema } from "../../model/evaluation.ts";
import { experimentSchema } from "../../model/experiment.ts";
import { failedSchema } from "../../model/failed.ts";
import { hypothesisSchema } from "../../model/hypothesis.ts";
import { insightSchema } from "../../model/insight.ts";
import { carriedStateSchema, refusedProposalSchema, settingChangesSchema } from "../../model/iteration.ts";
import { bestSoFarSchema, FINISH_REASONS, originSchema, totalsSchema } from "../../model/run.ts";
import { failureSchema, trialOutcomeSchema } from "../../model/trial.ts";
import { ANY, MILLISECONDS, type ObjectSchema, type OpenObjectSchema, TIMESTAMP } from "../../schema/dialect.ts";
import { described, type Exactly, exactly, listOf, nullable } from "../../schema/exactly.ts";
import type { Infer } from "../../schema/infer.ts";
import { planSchema } from "./commands.ts";
import { summaryOutput } from "./inspect.ts";
import {
  BASELINE,
  CALL_ID,
  DIRECTION,
  EXIT_CODE,
  errorOutput,
  errorSchema,
  FLAG,
  HYPOTHESIS_ID,
  ITERATION,
  SNAPSHOT_ID,
  stopSchema,
  TARGET,
  TEXT,
  TRIAL_ID,
  WHOLE,
} from "./shared.ts";

type Properties = ObjectSchema["properties"];
type Nothing = Readonly<Record<never, never>>;
type Stamp<T extends string> = {
  readonly type: { readonly const: T };
  readonly at: typeof TIMESTAMP;
  readonly seq: typeof SEQ;
};

const SEQ = described("Its place in the order of the process that told it, from 0.", WHOLE);
const BEST = described("The best so far; `null` when nothing has a score yet.", nullable(bestSoFarSchema));
const ATTEMPT = described("1 is the first.", { type: "integer", minimum: 1 });
const ROLE = described("The stage that asked.", { enum: ROLES });

/** The schema of an event: its type, when and in which place it was told, and what it tells. */
function event<const T extends string, const P extends Properties, const O extends Properties = Nothing>(
  type: T,
  properties: P,
  optional?: O,
): Exactly<Stamp<T> & P & O, keyof O>;
function event(type: string, properties: Properties, optional: Properties = {}): ObjectSchema {
  const told: Properties = { type: { const: type }, at: TIMESTAMP, seq: SEQ, ...properties, ...optional };
  return exactly(Object.keys(optional), told);
}

const runDescription = exactly(["from"], {
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
const betweenEvents = [
  event("settings.changed", {
    from: described("The iteration from which on they count.", WHOLE),
    fields: settingChangesSchema,
  }),
  event("warning", { code: described("Stable.", TEXT), message: TEXT }, { hypothesisId: HYPOTHESIS_ID }),
  event("iteration.started", { iteration: ITERATION }, { base: carriedStateSchema }),
  event("stage.started", {
    stage: { enum: ["hypothesize", "experiment", "evaluate", "review"] },
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
  event("call.started", { callId: CALL_ID, role: ROLE, iteration: ITERATION }),
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

const OWN = [
  ...eventSchema.anyOf.map(({ properties }) => properties.type.const),
  "run.described",
  "run.planned",
  "run.summary",
  "resume.explained",
  "trial.output",
].map((type) => type.replaceAll(".", "\\."));

/** An event that is none of AURA's own. */
const otherEvent = {
  type: "object",
  description:
    "An event of another name, which a component of yours emitted or another version of AURA logged: open, what it tells is its own matter.",
  properties: {
    type: { type: "string", pattern: `^(?!(${OWN.join("|")})$)` },
    at: TIMESTAMP,
    seq: SEQ,
  },
  required: ["type", "at", "seq"],
  additionalProperties: ANY,
} as const satisfies OpenObjectSchema;

export const eventsOutput = described(
  "What `aura inspect <workspace> events --json` prints: the journal's events, oldest first.",
  exactly({ events: listOf({ anyOf: [...eventSchema.anyOf, otherEvent] }) }),
);

const NULL = { type: "null" } as const;

const frameStarted = event("run.started", {
  run: described(
    "Nothing is known when the first line is written but what the command line says; `run.described` has the rest.",
    exactly({
      runId: NULL,
      name: NULL,
      workspace: described("As the command line has it; `null` when it has none.", nullable(TEXT)),
      resumed: NULL,
      seed: NULL,
      metric: NULL,
      stop: NULL,
      best: NULL,
      totals: NULL,
    }),
  ),
});

const frameFinished = event(
  "run.finished",
  {
    exitCode: EXIT_CODE,
    reason: described("The stop condition that was reached, or what ended the command.", {
      enum: [...FINISH_REASONS, "dry-run", "explained"],
    }),
    best: described("`null` when nothing has a score, or no run was opened.", nullable(bestSoFarSchema)),
  },
  {
    message: described("What else there is to say of the end, for people.", TEXT),
    lastFailed: failedSchema,
    error: described("What went wrong, when an error ended the command.", errorSchema),
  },
);

const planned = event("run.planned", { plan: described("What a run would do: with `--dry-run`.", planSchema) });

const explained = event("resume.explained", {
  changes: described(
    "Settings that are other than before; they count from the next iteration on.",
    settingChangesSchema,
  ),
  steps: described(
    "In the order they would be done: with `--explain`.",
    listOf(
      exactly({
        step: TEXT,
        action: described(
          "`reuse`: its record is there. `adopt`: its result is there, what follows from it is not. `rerun`: it has to be done.",
          { enum: ["reuse", "adopt", "rerun"] },
        ),
        why: TEXT,
      }),
    ),
  ),
});

/** Lines that only the frame around a run's own events has. */
export const frameLines = [
  frameStarted,
  event("run.described", { run: runDescription }),
  planned,
  explained,
  frameFinished,
] as const;

export const runOutput = {
  description: "One line of what `aura run --json` and `aura resume --json` print.",
  anyOf: [...frameLines, ...betweenEvents, otherEvent],
} as const;

const summaryLine = exactly({
  type: { const: "run.summary" },
  at: TIMESTAMP,
  summary: summaryOutput,
});

export const followOutput = {
  description: "One line of what `aura inspect <workspace> [summary|events] --follow --json` prints.",
  anyOf: [summaryLine, ...eventSchema.anyOf, otherEvent, errorOutput],
} as const;

export type FrameLine = Infer<(typeof frameLines)[number]>;
export type SummaryLine = Infer<typeof summaryLine>;
