import { describe, expect, it } from "vitest";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { hypothesisId } from "../../../src/model/ids.ts";
import { INITIAL_STATE, MAX_ROWS } from "../../../src/ui/state.ts";
import { reduce, replay } from "../../../src/ui/store.ts";
import { experimentOf, HOSTILE, interruptedEvents, liveEvents, runStarted, stamp, totals } from "./recorded-events.ts";

describe("the dashboard's store", () => {
  it("follows a run: counts, best and the one before, rows, insights, warnings, what runs", () => {
    const state = replay(liveEvents);
    expect(state.run?.name).toBe("digits");
    expect(state.iteration).toBe(2);
    expect(state.stage).toBe("experiment");
    expect(state.iterationsCompleted).toBe(1);
    expect(state.counts).toEqual({ proposed: 5, scored: 3, failed: 1, passed: 3, refused: 1, warnings: 1 });
    expect(state.best).toMatchObject({ id: "i00002-h000", score: 0.9694444444444444, label: "wide" });
    expect(state.best?.before).toBeCloseTo(0.9339666);
    expect(state.history.points).toEqual([0.8125, 0.934, 0.9694444444444444]);
    expect(state.range).toEqual([0.8125, 0.9694444444444444]);
    expect(state.rows.map((row) => row.status)).toEqual(["scored", "failed", "scored", "scored", "running"]);
    expect(state.rows[1]?.note).toBe("exit code 1: ValueError: lr must be positive");
    expect(state.running).toMatchObject([{ trialId: "i00002-h001-t00", attempt: 2, slot: 1 }]);
    expect(state.insights).toHaveLength(2);
    expect(state.totals).toMatchObject({
      hypotheses: 5,
      calls: 2,
      inputTokens: 3700,
      outputTokens: 640,
      costUsd: 0.0087,
    });
  });

  it("shows what was asked of the run from elsewhere: a note beside the insights, and what holds it up", () => {
    const state = replay(
      stamp([
        { type: "request.heard", kind: "note", text: "try \u001b[31mred" },
        { type: "request.heard", kind: "pause" },
      ]),
    );
    expect(state.insights).toMatchObject([{ finding: expect.stringMatching(/^you: try .*red$/) }]);
    expect(state.insights[0]?.finding).not.toContain("\u001b");
    expect(state.held).toBe("pause");
    expect(replay(stamp([{ type: "request.heard", kind: "continue" }]), state).held).toBeNull();
  });

  it("shows what takes a while before the run begins", () => {
    const state = replay(stamp([{ type: "preparation.started", what: "environment \u001b[31mvenv" }]));
    expect(state.preparing).toMatch(/^environment .*venv$/);
    expect(state.preparing).not.toContain("\u001b");
    const done = stamp([{ type: "preparation.finished", what: "environment venv", durationMs: 1 }]);
    expect(replay(done, state).preparing).toBeNull();
  });

  it("shows a model call while it is under way", () => {
    const started = liveEvents.findIndex(({ type }) => type === "call.started");
    expect(replay(liveEvents.slice(0, started + 1)).calls).toMatchObject([{ role: "researcher" }]);
    expect(replay(liveEvents.slice(0, started + 2)).calls).toEqual([]);
  });

  it("ends with the reason, and nothing looks as if it still ran", () => {
    const state = replay(interruptedEvents);
    expect(state.finished).toMatchObject({ reason: "interrupted", exitCode: 130 });
    expect(state.running).toEqual([]);
    expect(state.rows.at(-1)?.status).toBe("unfinished");
    expect(state.totals.activeMs).toBe(34_000);
  });

  it("gives the same view when the journal is replayed, which has no trial output", () => {
    const journal = JSON.parse(
      JSON.stringify(interruptedEvents.filter(({ type }) => type !== "trial.output")),
    ) as AuraEvent[];
    expect(replay(journal)).toEqual(replay(interruptedEvents));
  });

  it("goes on with what it knows when the run is resumed, and starts over for another run", () => {
    if (runStarted.type !== "run.started") throw new Error("not the start");
    const before = replay(interruptedEvents);
    const run = {
      ...runStarted.run,
      resumed: true,
      best: { id: "i00002-h000", score: 0.9694444444444444 },
      totals: before.totals,
      iterationsCompleted: 1,
    };
    const [resumed, other] = stamp([
      { type: "run.started", run },
      { type: "run.started", run: { ...run, runId: "zzzz1111", resumed: false, best: null } },
    ]);
    if (!resumed || !other) throw new Error("no events");
    const after = reduce(before, resumed);
    expect(after.rows).toHaveLength(5);
    expect(after.best?.label).toBe("wide");
    expect(after.finished).toBeNull();
    expect(reduce(before, other).rows).toEqual([]);
    expect(reduce(INITIAL_STATE, resumed).best).toMatchObject({ id: "i00002-h000", parameters: [] });
  });

  it("does not count a reply that was already recorded as spent again", () => {
    const [event] = stamp([
      {
        type: "call.finished",
        callId: "x",
        role: "researcher",
        usage: { inputTokens: 9, outputTokens: 9 },
        durationMs: 0,
        reused: true,
      },
    ]);
    if (!event) throw new Error("no event");
    expect(reduce(INITIAL_STATE, event).totals).toEqual(totals({}));
  });

  it("keeps every text safe and bounded", () => {
    const huge = HOSTILE.repeat(3000);
    const state = replay(
      stamp([
        runStarted,
        {
          type: "hypothesis.proposed",
          iteration: 1,
          hypothesis: { id: "i00001-h000", label: huge, spec: { [huge]: huge } },
        },
        { type: "warning", code: huge, message: huge },
        {
          type: "insight.recorded",
          insight: { id: huge, iteration: 1, finding: huge, recommendation: huge, evidence: [] },
        },
        { type: "trial.started", trialId: "i00001-h000-t00", hypothesisId: "i00001-h000", attempt: 1, slot: 0 },
        { type: "trial.output", trialId: "i00001-h000-t00", stream: "stdout", line: huge },
      ]),
    );
    const shown = JSON.stringify([
      state.rows,
      state.warnings,
      state.insights.map(({ finding, recommendation }) => [finding, recommendation]),
    ]);
    expect(shown).not.toMatch(/\\u00[019]|\\u202e|\x7f/);
    expect(shown.length).toBeLessThan(4000);
    expect(state.running[0]?.lastLine?.length).toBeLessThanOrEqual(500);
  });

  it("keeps the last 1000 hypotheses, all counts, and takes no longer for the later ones", () => {
    const best = { id: hypothesisId(1, 0), score: 0.9 };
    const bodies = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => hypothesisId(1, from + i)).flatMap((id) => [
        { type: "hypothesis.proposed", iteration: 1, hypothesis: { id, spec: { lr: 0.1 } } } as const,
        ...experimentOf(id, 0, 0.8, best),
      ]);
    const state = replay(stamp([runStarted, ...bodies(0, 3000)], 1));
    expect(state.rows).toHaveLength(MAX_ROWS);
    expect(state.rows[0]?.id).toBe(hypothesisId(1, 2000));
    expect(state.counts.scored).toBe(3000);
    expect(state.history.points.length).toBeLessThanOrEqual(256);
    expect(state.history.seen).toBe(3000);
  });
});
