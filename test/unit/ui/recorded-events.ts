import type { AuraEvent, AuraEventBody } from "../../../src/kernel/events.ts";
import { hypothesisId, trialId } from "../../../src/model/ids.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { NO_TOTALS, type RunTotals } from "../../../src/model/run.ts";

/** What a model or a trial may put into any text: escapes, bidi controls, line breaks, wide and joined characters. */
export const HOSTILE =
  '\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil\x1b\\x\r\nsecond line\t"quoted" back\\slash \u202eesrever\u2066 \x9b31m 日本語テスト 👩‍👩‍👧‍👦 z\u0300\u0301\u0302\u0303\u0304\u0305 \ud800 \u200b=';

const START = Date.parse("2026-01-31T12:00:00.000Z");

/** Gives each event its place in time, `gapMs` apart, and its number. */
export function stamp(bodies: readonly AuraEventBody[], gapMs = 700): AuraEvent[] {
  return bodies.map((body, seq) => ({ ...body, at: new Date(START + seq * gapMs).toISOString(), seq }));
}

export function totals(part: Partial<RunTotals>): RunTotals {
  return { ...NO_TOTALS, ...part };
}

export const runStarted: AuraEventBody = {
  type: "run.started",
  run: {
    runId: "k3x9f2ab",
    name: "digits",
    goal: "Raise the validation accuracy of a small network on handwritten digits.",
    workspace: "runs/digits",
    resumed: false,
    seed: 7,
    metric: { name: "accuracy", direction: "maximize", baseline: 0.5, target: 0.99 },
    stop: { iterations: 3, hypotheses: 12, tokens: 200_000, wallClockMs: 1_800_000, failures: 10 },
    parallel: 2,
    best: null,
    totals: NO_TOTALS,
    iterationsCompleted: 0,
  },
};

/** The events of a hypothesis that ran on one slot: proposed before, here trial, experiment and verdict. */
export function experimentOf(
  id: string,
  slot: number,
  score: number | null,
  best: { id: string; score: number } | null,
) {
  const iteration = Number(id.slice(1, 6));
  const trial = trialId(id, "trial", 0);
  const failure = { code: "TRIAL_FAILED", message: "exit code 1: ValueError: lr must be positive", exitCode: 1 };
  const outcome =
    score === null
      ? ({ status: "failed", failure } as const)
      : ({ status: "completed", output: { accuracy: score } } as const);
  const bodies: AuraEventBody[] = [
    { type: "trial.started", trialId: trial, hypothesisId: id, attempt: 1, slot },
    {
      type: "trial.output",
      trialId: trial,
      stream: "stdout",
      line: JSON.stringify({ step: 12, loss: 0.3127, accuracy: score ?? 0.1 }),
    },
    {
      type: "trial.finished",
      trialId: trial,
      hypothesisId: id,
      attempt: 1,
      outcome,
      durationMs: 2345,
      retrying: false,
    },
    {
      type: "experiment.finished",
      iteration,
      experiment: {
        hypothesisId: id,
        status: score === null ? "failed" : "completed",
        trials: [{ id: trial, index: 0, seed: 11, outcome }],
        summary: score === null ? null : { accuracy: score },
        ...(score === null ? { failure } : {}),
      },
    },
    {
      type: "evaluation.scored",
      iteration,
      evaluation: {
        hypothesisId: id,
        score,
        passed: score !== null && score > 0.5,
        reason: score === null ? "the experiment failed" : "better than the baseline",
        details: {},
      },
      best,
    },
  ];
  return bodies;
}

function proposed(id: string, spec: JsonObject, label?: string): AuraEventBody {
  const hypothesis = { id, spec, ...(label === undefined ? {} : { label }) };
  return { type: "hypothesis.proposed", iteration: Number(id.slice(1, 6)), hypothesis };
}

function bodies(): AuraEventBody[] {
  const [a, b, c] = [hypothesisId(1, 0), hypothesisId(1, 1), hypothesisId(1, 2)];
  const [d, e] = [hypothesisId(2, 0), hypothesisId(2, 1)];
  const first = { id: a, score: 0.8125 };
  const second = { id: c, score: 0.934 };
  const third = { id: d, score: 0.9694444444444444 };
  return [
    runStarted,
    { type: "iteration.started", iteration: 1 },
    { type: "stage.started", stage: "hypothesize", iteration: 1 },
    { type: "call.started", callId: "00001-researcher-a1", role: "researcher", iteration: 1 },
    {
      type: "call.finished",
      callId: "00001-researcher-a1",
      role: "researcher",
      usage: { inputTokens: 1200, outputTokens: 340, costUsd: 0.0087 },
      durationMs: 4210,
      reused: false,
    },
    proposed(a, { lr: 0.01, hidden: 32, l2: 0.0001, epochs: 20, batch_size: 32 }, "small-and-steady"),
    proposed(b, { lr: -1, hidden: 64, l2: 0.001, epochs: 20, batch_size: 64 }, HOSTILE),
    proposed(c, { lr: 0.05, hidden: 64, l2: 0.000013, epochs: 30, batch_size: 16 }, "広い層を試す"),
    { type: "proposal.refused", iteration: 1, refused: { label: HOSTILE, reason: "lr 4 is above its highest, 1" } },
    { type: "stage.started", stage: "experiment", iteration: 1 },
    ...experimentOf(a, 0, 0.8125, first),
    { type: "best.improved", best: first, previous: null },
    ...experimentOf(b, 1, null, first),
    ...experimentOf(c, 0, 0.934, second),
    { type: "best.improved", best: second, previous: first },
    { type: "stage.started", stage: "review", iteration: 1 },
    {
      type: "insight.recorded",
      insight: {
        id: "i00001-s00",
        iteration: 1,
        finding: "Wider hidden layers raise the accuracy more than longer training does.",
        recommendation: "Try hidden between 64 and 128 with lr near 0.05.",
        evidence: [a, c],
      },
    },
    { type: "insight.recorded", insight: { id: "i00001-s01", iteration: 1, finding: HOSTILE, evidence: [b] } },
    {
      type: "iteration.finished",
      iteration: 1,
      hypotheses: 3,
      failed: 1,
      best: second,
      improved: true,
      totals: totals({ hypotheses: 3, trials: 3, calls: 1, inputTokens: 1200, outputTokens: 340, costUsd: 0.0087 }),
    },
    { type: "warning", code: "PLAIN_SCRIPT", message: `Code written by a model runs without a sandbox. ${HOSTILE}` },
    { type: "iteration.started", iteration: 2 },
    { type: "stage.started", stage: "hypothesize", iteration: 2 },
    { type: "call.started", callId: "00002-researcher-a1", role: "researcher", iteration: 2 },
    {
      type: "call.failed",
      callId: "00002-researcher-a1",
      role: "researcher",
      failure: { code: "RUNNER_UNAVAILABLE", message: "503 overloaded" },
      retrying: true,
    },
    { type: "call.started", callId: "00002-researcher-a2", role: "researcher", iteration: 2 },
    {
      type: "call.finished",
      callId: "00002-researcher-a2",
      role: "researcher",
      usage: { inputTokens: 2500, outputTokens: 300 },
      durationMs: 3000,
      reused: false,
    },
    proposed(d, { lr: 0.052, hidden: 128, l2: 0.000013, epochs: 40, batch_size: 16 }, "wide"),
    proposed(e, { lr: 0.08, hidden: 96, l2: 0.00001, epochs: 40, batch_size: 16, [HOSTILE]: HOSTILE }, "wide-fast"),
    { type: "stage.started", stage: "experiment", iteration: 2 },
    ...experimentOf(d, 0, 0.9694444444444444, third),
    { type: "best.improved", best: third, previous: second },
    { type: "trial.started", trialId: trialId(e, "trial", 0), hypothesisId: e, attempt: 2, slot: 1 },
    { type: "trial.output", trialId: trialId(e, "trial", 0), stream: "stderr", line: HOSTILE },
  ];
}

/** A run of two iterations, the second under way: successes, a failure, a refusal, a retry, warnings, hostile texts. */
export const liveEvents: readonly AuraEvent[] = stamp(bodies());

/** The same run, interrupted while its last trial ran. */
export const interruptedEvents: readonly AuraEvent[] = stamp([
  ...bodies(),
  {
    type: "trial.finished",
    trialId: "i00002-h001-t00",
    hypothesisId: "i00002-h001",
    attempt: 2,
    outcome: { status: "cancelled", failure: { code: "TRIAL_CANCELLED", message: "the run was interrupted" } },
    durationMs: 5000,
    retrying: false,
  },
  {
    type: "run.finished",
    reason: "interrupted",
    exitCode: 130,
    best: { id: "i00002-h000", score: 0.9694444444444444 },
    totals: totals({ hypotheses: 5, trials: 5, calls: 2, inputTokens: 3700, outputTokens: 640, activeMs: 34_000 }),
    iterationsCompleted: 1,
    message: "interrupted (SIGINT)",
  },
]);
