import { describe, expect, test } from "vitest";
import type { HistoryEntry } from "../../../src/kernel/context.ts";
import {
  EXIT,
  RunFailedError,
  RunnerError,
  type RunnerProblem,
  SpecError,
  StorageError,
} from "../../../src/kernel/errors.ts";
import { FINISH_REASONS, NO_TOTALS } from "../../../src/model/run.ts";
import { DEFAULT_SETTINGS, type RunSettings } from "../../../src/model/settings.ts";
import type { TrialAttempt, TrialStatus } from "../../../src/model/trial.ts";
import { Interrupted, isInterruption } from "../../../src/pipeline/interruption.ts";
import { endingOf, exitCodeOf, statusOf, withExitCode } from "../../../src/pipeline/outcome.ts";
import { nextStep } from "../../../src/pipeline/resume.ts";
import { isInfrastructureFailure, retriesUsed } from "../../../src/pipeline/retry.ts";
import { RunState } from "../../../src/pipeline/run-state.ts";
import { settingsFrom } from "../../../src/pipeline/settings.ts";
import { type Progress, reachedTarget, stopBetweenIterations, stopStarts } from "../../../src/pipeline/stop.ts";

const metric = { name: "score", direction: "maximize", minDelta: { kind: "absolute", value: 0 } } as const;
const settings = (more: Partial<RunSettings> = {}): RunSettings => ({
  ...DEFAULT_SETTINGS,
  name: "run",
  root: "/project",
  metric,
  ...more,
});

describe("what ends a run between iterations", () => {
  const progress: Progress = {
    iterationsCompleted: 3,
    hypotheses: 9,
    iterationsSinceImprovement: 2,
    topScore: 0.8,
    exhausted: false,
    failuresInARow: 0,
    iterationsWithoutProposal: 0,
    totals: { ...NO_TOTALS, activeMs: 5000, inputTokens: 600, outputTokens: 400, costUsd: 2 },
  };
  const none = { failures: 10 };

  test.each([
    ["nothing", {}, none, metric, null],
    ["iterations", {}, { ...none, iterations: 3 }, metric, "iterations"],
    ["iterations, not yet", {}, { ...none, iterations: 4 }, metric, null],
    ["hypotheses", {}, { ...none, hypotheses: 9 }, metric, "hypotheses"],
    ["patience", {}, { ...none, patience: 2 }, metric, "patience"],
    ["patience, not yet", {}, { ...none, patience: 3 }, metric, null],
    ["target reached exactly", {}, none, { ...metric, target: 0.8 }, "target"],
    ["a grid at its end", { exhausted: true }, none, metric, "exhausted"],
    ["tokens", {}, { ...none, tokens: 1000 }, metric, "tokens"],
    ["cost", {}, { ...none, costUsd: 2 }, metric, "cost"],
    ["active time", {}, { ...none, wallClockMs: 5000 }, metric, "wall-clock"],
    ["failures", { failuresInARow: 10 }, none, metric, "failures"],
    ["empty iterations", { iterationsWithoutProposal: 3 }, none, metric, "no-proposals"],
    [
      "failures before success",
      { failuresInARow: 10 },
      { ...none, iterations: 3 },
      { ...metric, target: 0.1 },
      "failures",
    ],
    ["target before iterations", {}, { ...none, iterations: 3 }, { ...metric, target: 0.1 }, "target"],
  ] as const)("is %s", (_, now, stop, by, reason) => {
    expect(stopBetweenIterations({ ...progress, ...now }, stop, by)).toBe(reason);
  });

  test("a budget stops starts in the middle of one too, and a zero budget at once", () => {
    expect(stopStarts(NO_TOTALS, { failures: 10, tokens: 0 })).toBe("tokens");
    expect(stopStarts(NO_TOTALS, { failures: 10 })).toBeNull();
  });

  test("a target is reached from above when less is better, and never without a score", () => {
    const least = { ...metric, direction: "minimize", target: 0.5 } as const;
    expect([0.4, 0.5, 0.6, null].map((score) => reachedTarget(score, least))).toEqual([true, true, false, false]);
  });
});

describe("how a run ends", () => {
  test("has a status and an exit code for every reason", () => {
    expect(FINISH_REASONS.map((reason) => [reason, statusOf(reason), exitCodeOf(reason)])).toMatchSnapshot();
  });

  test.each<readonly [RunnerProblem, boolean, string, number]>([
    ["credentials", false, "error", EXIT.provider],
    ["credentials", true, "paused", EXIT.paused],
    ["unavailable", false, "paused", EXIT.paused],
    ["unavailable", true, "paused", EXIT.paused],
    ["rejected", false, "error", EXIT.provider],
    ["rejected", true, "error", EXIT.failed],
    ["failed", true, "error", EXIT.failed],
  ])("by a runner that is %s (spent before: %s) is %s, %i", (problem, spent, reason, exitCode) => {
    const thrown = new RunnerError(problem, "no");
    expect(endingOf(thrown, spent)).toEqual({ reason, exitCode });
    expect(withExitCode(thrown, endingOf(thrown, spent).exitCode)).toMatchObject({ exitCode, problem, message: "no" });
  });

  test("by another error is that error's exit code, by a foreign one 1", () => {
    expect(endingOf(new StorageError("write", "/x", new Error("full")), true).exitCode).toBe(EXIT.storage);
    expect(endingOf(new SpecError("odd"), false).exitCode).toBe(EXIT.usage);
    expect(endingOf(new TypeError("bug"), true)).toEqual({ reason: "error", exitCode: EXIT.failed });
    const storage = new StorageError("write", "/x", new Error("full"));
    expect(withExitCode(storage, EXIT.failed)).toBe(storage);
  });
});

describe("an interruption", () => {
  const signals = (now: boolean) => {
    const stopped = new AbortController();
    if (now) stopped.abort(new Error("enough"));
    return { now: stopped.signal, drain: new AbortController().signal };
  };
  test("is what says so itself, and once all is to end whatever a stage or a model throws", () => {
    expect(isInterruption(new Interrupted("drain"), signals(false))).toBe(true);
    expect(isInterruption(new TypeError("aborted"), signals(false))).toBe(false);
    expect(isInterruption(new TypeError("aborted"), signals(true))).toBe(true);
    expect(isInterruption(new RunnerError("failed", "cut off"), signals(true))).toBe(true);
  });

  test("never hides what is wrong with the disk or the run", () => {
    expect(isInterruption(new StorageError("write", "/x", new Error("full")), signals(true))).toBe(false);
    expect(isInterruption(new RunFailedError("broken"), signals(true))).toBe(false);
  });
});

describe("retries", () => {
  const attempts = (...statuses: readonly (TrialStatus | undefined)[]): readonly TrialAttempt[] =>
    statuses.map((status, place) => ({
      attempt: place + 1,
      startedAt: "",
      ...(status === undefined ? {} : { status }),
    }));

  test("count a trial's own failures apart from the machine's, and attempts cut short not at all", () => {
    const used = retriesUsed(
      attempts("failed", undefined, "cancelled", "lost", "timeout", "spawn-error", "out-of-memory"),
    );
    expect(used).toEqual({ own: 3, infrastructure: 2 });
    expect(
      ["spawn-error", "lost"].every((status) => isInfrastructureFailure(status === "lost" ? "lost" : "spawn-error")),
    ).toBe(true);
    expect(isInfrastructureFailure("timeout")).toBe(false);
  });
});

describe("the next step of a hypothesis", () => {
  const experiment = { hypothesisId: "i00001-h000", status: "completed", trials: [], summary: {} } as const;
  const evaluation = { hypothesisId: "i00001-h000", score: 1, passed: true, reason: "", details: {} };
  test.each([
    [{ hypothesis: false, experiment: null, evaluation: null, missingTrials: [] }, "propose"],
    [{ hypothesis: true, experiment: null, evaluation: null, missingTrials: [] }, "experiment"],
    [{ hypothesis: true, experiment: null, evaluation, missingTrials: [] }, "experiment"],
    [{ hypothesis: true, experiment, evaluation, missingTrials: ["i00001-h000-t00"] }, "experiment"],
    [{ hypothesis: true, experiment, evaluation: null, missingTrials: [] }, "evaluate"],
    [{ hypothesis: true, experiment, evaluation, missingTrials: [] }, "none"],
  ])("is the first whose record is missing (%#: %s)", (presence, step) => {
    expect(nextStep(presence).step).toBe(step);
  });
});

describe("where a run stands", () => {
  const entry = (id: string, score: number | null, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
    id,
    iteration: Number(id.slice(1, 6)),
    spec: {},
    score,
    passed: true,
    reason: "",
    hasEdits: false,
    ...more,
  });
  const finish = (state: RunState, iteration: number, entries: readonly HistoryEntry[], all = entries) => {
    const base = { snapshot: "s0", hypothesisId: "i00000-h000" };
    const record = {
      iteration,
      hypotheses: entries.map(({ id }) => id),
      refused: [],
      state: "finished" as const,
      ...state.conclude(entries, base),
    };
    state.take(record, entries, all);
    return record;
  };

  test("a tie goes to the earlier id, however the entries are ordered", () => {
    const state = new RunState(settings(), []);
    const record = finish(state, 1, [entry("i00001-h001", 1), entry("i00001-h000", 1), entry("i00001-h002", null)]);
    expect(record).toMatchObject({ best: "i00001-h000", bestScore: 1, improved: true });
  });

  test("nothing better is no improvement, and patience counts it", () => {
    const state = new RunState(settings({ metric: { ...metric, minDelta: { kind: "relative", value: 0.1 } } }), []);
    finish(state, 1, [entry("i00001-h000", 10)]);
    expect(finish(state, 2, [entry("i00002-h000", 10.9)]).improved).toBe(false);
    expect(state.progress(NO_TOTALS).iterationsSinceImprovement).toBe(1);
    expect(finish(state, 3, [entry("i00003-h000", 11.1)]).improved).toBe(true);
    expect(state.progress(NO_TOTALS)).toMatchObject({ iterationsSinceImprovement: 0, topScore: 11.1 });
  });

  test("failures count across iterations until something is scored", () => {
    const state = new RunState(settings(), []);
    finish(state, 1, [entry("i00001-h000", null), entry("i00001-h001", null)]);
    finish(state, 2, [entry("i00002-h000", null)]);
    expect(state.failuresInARow).toBe(3);
    finish(state, 3, [entry("i00003-h000", 1), entry("i00003-h001", null)]);
    expect(state.failuresInARow).toBe(1);
  });

  test("what is carried on is the best so far, or with `rollback: none` the best of the last iteration", () => {
    const [best, none] = [new RunState(settings(), []), new RunState(settings({ rollback: "none" }), [])];
    for (const state of [best, none]) {
      finish(state, 1, [entry("i00001-h000", 5, { state: "s1" })]);
      finish(state, 2, [entry("i00002-h000", 3, { state: "s2" })]);
      finish(state, 3, [entry("i00003-h000", null, { state: "s3" })]);
    }
    expect(best.carried?.snapshot).toBe("s1");
    expect(none.carried?.snapshot).toBe("s2");
  });

  test("a rollback makes an earlier hypothesis the one to beat, and later ones no longer count", () => {
    const back = { afterIteration: 2, hypothesisId: "i00001-h000", snapshot: "s1" };
    const state = new RunState(settings(), [back]);
    const first = entry("i00001-h000", 5, { state: "s1" });
    const second = entry("i00002-h000", 9, { state: "s2" });
    finish(state, 1, [first]);
    finish(state, 2, [second], [first, second]);
    expect(state.live.current).toEqual({ id: "i00001-h000", score: 5 });
    expect(state.carried).toEqual({ snapshot: "s1", hypothesisId: "i00001-h000" });
  });

  test("after a rollback an earlier, better hypothesis stays the best, and what beats the one gone back to is carried on", () => {
    const back = { afterIteration: 2, hypothesisId: "i00002-h000", snapshot: "s2" };
    const state = new RunState(settings(), [back]);
    const first = entry("i00001-h000", 9, { state: "s1" });
    const second = entry("i00002-h000", 5, { state: "s2" });
    finish(state, 1, [first]);
    finish(state, 2, [second], [first, second]);
    expect(state.live.current).toEqual({ id: "i00001-h000", score: 9 });
    expect(state.carried).toEqual({ snapshot: "s2", hypothesisId: "i00002-h000" });
    const third = finish(state, 3, [
      entry("i00003-h000", 4, { state: "s3" }),
      entry("i00003-h001", 6, { state: "s4" }),
    ]);
    expect(third).toMatchObject({ best: "i00001-h000", improved: false, carried: { hypothesisId: "i00003-h001" } });
    const fourth = finish(state, 4, [entry("i00004-h000", 10, { state: "s5" })]);
    expect(fourth).toMatchObject({ best: "i00004-h000", improved: true, carried: { hypothesisId: "i00004-h000" } });
  });

  test("after a rollback to what has no score, anything scored is carried on", () => {
    const state = new RunState(settings(), [{ afterIteration: 2, hypothesisId: "i00002-h000", snapshot: "s2" }]);
    const first = entry("i00001-h000", 9, { state: "s1" });
    const second = entry("i00002-h000", null, { state: "s2" });
    finish(state, 1, [first]);
    finish(state, 2, [second], [first, second]);
    expect(finish(state, 3, [entry("i00003-h000", 1, { state: "s3" })])).toMatchObject({
      best: "i00001-h000",
      carried: { hypothesisId: "i00003-h000" },
    });
  });

  test("a rollback in the middle of an iteration counts at once, and prompts of that iteration stay as they were", () => {
    const back = { afterIteration: 3, hypothesisId: "i00001-h000", snapshot: "s1" };
    const state = new RunState(settings({ metric: { ...metric, target: 9 } }), [back]);
    finish(state, 1, [entry("i00001-h000", 5, { state: "s1" })]);
    finish(state, 2, [entry("i00002-h000", 9, { state: "s2" })]);
    expect(state.live.current).toEqual({ id: "i00001-h000", score: 5 });
    expect(state.progress(NO_TOTALS).topScore).toBe(5);
    expect(state.carriedNow).toEqual({ snapshot: "s1", hypothesisId: "i00001-h000" });
    expect(state.best?.id).toBe("i00002-h000");
    expect(state.carried?.hypothesisId).toBe("i00002-h000");
  });
});

describe("settings of a pipeline written in code", () => {
  const workspace = { root: "/runs/first" };
  test("come from defaults, the evaluator and what was given, the nearest last", () => {
    expect(settingsFrom({ workspace }, { name: "accuracy" })).toMatchObject({
      name: "first",
      metric: { name: "accuracy", direction: "maximize" },
      stop: { failures: 10 },
      parallel: 1,
    });
    const given = {
      workspace,
      maxIterations: 3,
      metric: { direction: "minimize" as const },
      settings: { parallel: 4, seed: 1 },
      seed: 9,
    };
    expect(settingsFrom(given, { name: "loss" })).toMatchObject({
      metric: { name: "loss", direction: "minimize" },
      stop: { failures: 10, iterations: 3 },
      parallel: 4,
      seed: 9,
    });
  });
});
