import { describe, expect, test } from "vitest";
import {
  EXIT,
  RunFailedError,
  RunnerError,
  type RunnerProblem,
  SpecError,
  StorageError,
} from "../../../src/kernel/errors.ts";
import { statusOf } from "../../../src/kernel/finish-reason.ts";
import { Interrupted } from "../../../src/kernel/interrupted.ts";
import { FINISH_REASONS, NO_TOTALS } from "../../../src/model/run.ts";
import type { TrialAttempt, TrialStatus } from "../../../src/model/trial.ts";
import { endingOf, exitCodeOf, isInterruption, withExitCode } from "../../../src/pipeline/ending.ts";
import { settingsFrom } from "../../../src/pipeline/options.ts";
import { nextStep } from "../../../src/pipeline/resume.ts";
import { type Progress, reachedTarget, stopBetweenIterations, stopStarts } from "../../../src/pipeline/stopping.ts";
import { isInfrastructureFailure, retriesUsed } from "../../../src/pipeline/trials.ts";

const metric = { name: "score", direction: "maximize", minDelta: { kind: "absolute", value: 0 } } as const;
describe("what ends a run between iterations", () => {
  const progress: Progress = {
    iterationsCompleted: 3,
    hypotheses: 9,
    iterationsSinceImprovement: 2,
    top: { id: "i00001-h000", score: 0.8 },
    exhausted: false,
    failuresInARow: 0,
    startFailed: false,
    iterationsWithoutProposal: 0,
  };
  const totals = { ...NO_TOTALS, activeMs: 5000, inputTokens: 600, outputTokens: 400, costUsd: 2 };
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
    ["failures, ten where nothing is said", { failuresInARow: 10 }, {}, metric, "failures"],
    ["failures, not yet", { failuresInARow: 9 }, {}, metric, null],
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
    const rules = { stop, metric: by, start: "must_score" } as const;
    expect(stopBetweenIterations({ ...progress, ...now }, totals, rules)).toBe(reason);
  });

  test("is a start without a score, but for a project that may begin broken", () => {
    const failed = { ...progress, startFailed: true, top: null, iterationsCompleted: 0 };
    const rules = { stop: none, metric } as const;
    expect(stopBetweenIterations(failed, totals, { ...rules, start: "must_score" })).toBe("start-failed");
    expect(stopBetweenIterations(failed, totals, { ...rules, start: "may_fail" })).toBeNull();
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

describe("settings of a pipeline written in code", () => {
  const workspace = { root: "/runs/first", module: null, ownInputs: [] };
  test("come from defaults, the evaluator and what was given, the nearest last", () => {
    expect(settingsFrom({ workspace }, { metric: { name: "accuracy" } })).toMatchObject({
      name: "first",
      metric: { name: "accuracy", direction: "maximize" },
      stop: {},
      parallel: 1,
    });
    const given = {
      workspace,
      maxIterations: 3,
      metric: { direction: "minimize" as const },
      settings: { parallel: 4, seed: 1 },
      seed: 9,
    };
    expect(settingsFrom(given, { metric: { name: "loss" } })).toMatchObject({
      metric: { name: "loss", direction: "minimize" },
      stop: { iterations: 3 },
      parallel: 4,
      seed: 9,
    });
  });
});
