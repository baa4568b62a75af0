import { describe, expect, test } from "vitest";
import type { StageResults } from "../../../src/kernel/context.ts";
import type { Experiment } from "../../../src/model/experiment.ts";
import { comparisonsBefore, parseMinDelta } from "../../../src/model/score.ts";
import { DEFAULT_SETTINGS, type RunSettings } from "../../../src/model/settings.ts";
import { RunHistory } from "../../../src/pipeline/history.ts";
import type { AppliedRollback } from "../../../src/workspace/rollbacks.ts";
import { stageResults } from "../../support/stage-context.ts";

const metric = { name: "score", direction: "maximize", minDelta: parseMinDelta(0) } as const;

function historyOf(more: Partial<RunSettings> = {}, rollbacks: readonly AppliedRollback[] = []): RunHistory {
  const settings = { ...DEFAULT_SETTINGS, name: "run", root: "/project", metric, ...more };
  const rules = { comparison: comparisonsBefore(settings.metric, []), rollback: () => settings.rollback };
  return new RunHistory(settings, rollbacks, rules);
}

/** A hypothesis with a score, and with a state of its own. */
function scored(id: string, score: number | null, state = `s-${id}`): StageResults {
  const results = stageResults(id, { id }, score);
  const experiment: Experiment = { ...results.experiment, state };
  return { ...results, experiment };
}

const base = { snapshot: "s0", hypothesisId: "i00000-h000" };
const finish = (history: RunHistory, iteration: number, ...results: readonly StageResults[]) => {
  const hypotheses = results.map(({ hypothesis }) => hypothesis.id);
  for (const { evaluation } of results) history.tell(evaluation);
  const finding = { id: `i0000${iteration}-n00`, iteration, finding: `finding ${iteration}`, evidence: [] };
  return history.finish({ iteration, base, hypotheses, refused: [], state: "proposed" }, results, [finding]).record;
};

describe("the view of finished iterations", () => {
  test("has the insights of as many iterations as the window says, and every hypothesis", () => {
    const [some, whole] = [historyOf({ insightWindow: 2 }), historyOf()];
    for (const history of [some, whole]) {
      for (const iteration of [1, 2, 3]) finish(history, iteration, scored(`i0000${iteration}-h000`, iteration));
    }
    expect(some.view().history.insights.map(({ finding }) => finding)).toEqual(["finding 2", "finding 3"]);
    expect(some.view().history.entries).toHaveLength(3);
    expect(whole.view().history.insights).toHaveLength(3);
  });

  test("carries what was told of a hypothesis and where it comes from", () => {
    const history = historyOf();
    const { hypothesis, experiment, evaluation } = scored("i00001-h000", 1);
    finish(history, 1, {
      hypothesis: { ...hypothesis, base, parents: [base.hypothesisId], operator: "mutate", island: 2 },
      experiment,
      evaluation: { ...evaluation, feedback: "loss rises late", metrics: { loss: 0.5 } },
    });
    expect(history.view().history.entries[0]).toMatchObject({
      parents: ["i00000-h000"],
      operator: "mutate",
      island: 2,
      feedback: "loss rises late",
      metrics: { loss: 0.5 },
    });
  });

  test("knows a repeat by what would run: the parameters, in whatever order their keys are, and the state", () => {
    const history = historyOf();
    const spec = { a: 1, b: { c: 2, d: 3 } };
    history.remember({ id: "i00001-h000", spec }, "s1");
    expect(history.repeatOf({ spec: { b: { d: 3, c: 2 }, a: 1 } }, "s1")).toBe("i00001-h000");
    expect(history.repeatOf({ spec: { a: 1, b: { c: 2, d: 4 } } }, "s1")).toBeUndefined();
    expect(history.repeatOf({ spec }, "s2")).toBeUndefined();
    expect(history.repeatOf({ spec }, null)).toBeUndefined();
  });

  test("gives a tie to the earlier id", () => {
    const record = finish(historyOf(), 1, scored("i00001-h000", 1), scored("i00001-h001", 1));
    expect(record).toMatchObject({ best: "i00001-h000", bestScore: 1, improved: true });
  });

  test("counts iterations that improved by too little for patience, and their score for a target", () => {
    const history = historyOf({ metric: { ...metric, minDelta: parseMinDelta("10%") } });
    finish(history, 1, scored("i00001-h000", 10));
    expect(finish(history, 2, scored("i00002-h000", 10.9)).improved).toBe(false);
    expect(history.view().progress).toMatchObject({ iterationsSinceImprovement: 1, top: { score: 10.9 } });
    expect(finish(history, 3, scored("i00003-h000", 11.1)).improved).toBe(true);
    expect(history.view().progress).toMatchObject({ iterationsSinceImprovement: 0, top: { score: 11.1 } });
  });

  test("counts failures across iterations until something is scored", () => {
    const history = historyOf();
    finish(history, 1, scored("i00001-h000", null), scored("i00001-h001", null));
    finish(history, 2, scored("i00002-h000", null));
    expect(history.view().progress.failuresInARow).toBe(3);
    finish(history, 3, scored("i00003-h000", 1), scored("i00003-h001", null));
    expect(history.view().progress.failuresInARow).toBe(1);
  });

  test("has what is carried on: the best so far, or with `rollback: none` the best of the last iteration", () => {
    const [best, none] = [historyOf(), historyOf({ rollback: "none" })];
    for (const history of [best, none]) {
      finish(history, 1, scored("i00001-h000", 5, "s1"));
      finish(history, 2, scored("i00002-h000", 3, "s2"));
      finish(history, 3, scored("i00003-h000", null, "s3"));
    }
    expect(best.view().carried?.snapshot).toBe("s1");
    expect(none.view().carried?.snapshot).toBe("s2");
  });
});

describe("a rollback in the history", () => {
  const back = (afterIteration: number, hypothesisId: string, snapshot: string) => [
    { afterIteration, hypothesisId, snapshot },
  ];

  test("makes an earlier hypothesis the best, and later ones and what was learnt from them leave", () => {
    const history = historyOf({}, back(2, "i00001-h000", "s1"));
    finish(history, 1, scored("i00001-h000", 5, "s1"));
    finish(history, 2, scored("i00002-h000", 9, "s2"));
    const { history: seen, carried } = history.view();
    expect([history.best, carried]).toEqual([
      { id: "i00001-h000", score: 5 },
      { snapshot: "s1", hypothesisId: "i00001-h000" },
    ]);
    expect(seen.entries.map(({ id }) => id)).toEqual(["i00001-h000"]);
    expect(seen.insights.map(({ iteration }) => iteration)).toEqual([1]);
    expect(history.repeatOf({ spec: { id: "i00002-h000" } }, "s2")).toBeUndefined();
  });

  test("to a worse one makes that the one to beat", () => {
    const history = historyOf({}, back(2, "i00002-h000", "s2"));
    finish(history, 1, scored("i00001-h000", 9, "s1"));
    finish(history, 2, scored("i00002-h000", 5, "s2"));
    expect(history.best).toEqual({ id: "i00002-h000", score: 5 });
    const third = finish(history, 3, scored("i00003-h000", 4, "s3"), scored("i00003-h001", 6, "s4"));
    expect(third).toMatchObject({ best: "i00003-h001", improved: true, carried: { hypothesisId: "i00003-h001" } });
  });

  test("to what has no score has anything scored be carried on", () => {
    const history = historyOf({}, back(2, "i00002-h000", "s2"));
    finish(history, 1, scored("i00001-h000", 9, "s1"));
    finish(history, 2, scored("i00002-h000", null, "s2"));
    expect(history.view().carried?.snapshot).toBe("s2");
    const third = finish(history, 3, scored("i00003-h000", 1, "s3"));
    expect(third).toMatchObject({ best: "i00003-h000", carried: { hypothesisId: "i00003-h000" } });
  });

  test("in the middle of an iteration is told at once, and what that iteration may know stays as it was", () => {
    const history = historyOf({}, back(3, "i00001-h000", "s1"));
    finish(history, 1, scored("i00001-h000", 5, "s1"));
    finish(history, 2, scored("i00002-h000", 9, "s2"));
    expect(history.best).toEqual({ id: "i00001-h000", score: 5 });
    expect(history.carriedNow).toEqual({ snapshot: "s1", hypothesisId: "i00001-h000" });
    expect(history.view().history.best?.id).toBe("i00002-h000");
    expect(history.view().carried?.hypothesisId).toBe("i00002-h000");
  });
});
