import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { NO_TOTALS } from "../../../src/model/run.ts";
import { runBatch } from "../../../src/pipeline/batch.ts";
import { createEmitter } from "../../../src/pipeline/emitter.ts";
import { Gate } from "../../../src/pipeline/gate.ts";
import { RunHistory } from "../../../src/pipeline/history.ts";
import { createSlots } from "../../../src/pipeline/slots.ts";
import { Spending } from "../../../src/pipeline/spending.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { stageResults } from "../../support/stage-context.ts";

const stopSignals = () => {
  const [now, drain] = [new AbortController(), new AbortController()];
  return { signals: { now: now.signal, drain: drain.signal }, now, drain };
};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a batch", () => {
  test("keeps its order and its width, whatever order its tasks end in", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (delays, width) => {
          let running = 0;
          let most = 0;
          const { results, complete } = await runBatch(delays, width, async (delay, place) => {
            most = Math.max(most, ++running);
            for (let waited = 0; waited < delay; waited++) await tick();
            running--;
            return place;
          });
          expect(results).toEqual(delays.map((_, place) => place));
          expect(complete).toBe(true);
          expect(most).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("is incomplete when a task was cut short", async () => {
    const outcome = await runBatch([1, 2, 3], 2, async (item) => (item === 2 ? null : item));
    expect(outcome).toEqual({ results: [1, 3], complete: false });
  });

  test("starts nothing after an error, waits for what runs, and throws the first", async () => {
    const done: number[] = [];
    const batch = runBatch([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error("first");
      await tick();
      await tick();
      done.push(item);
      if (item === 2) throw new Error("second");
      return item;
    });
    await expect(batch).rejects.toThrow("first");
    expect(done).toEqual([2]);
  });
});

describe("slots", () => {
  test("are given in order, lowest free number first, and never twice", async () => {
    const slots = createSlots(2, stopSignals().signals);
    const first = await slots.acquire();
    const second = await slots.acquire();
    expect([first.number, second.number]).toEqual([0, 1]);
    const third = slots.acquire();
    const fourth = slots.acquire();
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect((await third).number).toBe(1);
    first[Symbol.dispose]();
    expect((await fourth).number).toBe(0);
  });

  test.each(["now", "drain"] as const)("waiting ones are refused when the run stops (%s)", async (kind) => {
    const stop = stopSignals();
    const slots = createSlots(1, stop.signals);
    await slots.acquire();
    const waiting = slots.acquire();
    stop[kind].abort();
    await expect(waiting).rejects.toMatchObject({ name: "Interrupted", kind });
    await expect(slots.acquire()).rejects.toMatchObject({ name: "Interrupted" });
  });
});

describe("the gate", () => {
  const spending = () => new Spending(NO_TOTALS, new ManualClock());
  test("closes at failures in a row, and a success opens it again", () => {
    const gate = new Gate({ failures: 2 }, spending(), stopSignals().signals);
    gate.experimented(false);
    expect(gate.closed()).toBeNull();
    gate.experimented(true);
    gate.experimented(false);
    expect(gate.closed()).toBeNull();
    gate.experimented(false);
    expect(gate.closed()).toBe("failures");
  });

  test("stays closed once it refused a start for failures, whatever still succeeds", () => {
    const gate = new Gate({ failures: 1 }, spending(), stopSignals().signals);
    gate.experimented(false);
    expect(gate.closed()).toBe("failures");
    gate.experimented(true);
    expect(gate.closed()).toBe("failures");
  });

  test("closes when a budget is spent or the run is stopping", () => {
    const stop = stopSignals();
    const spent = spending();
    const gate = new Gate({ failures: 9, tokens: 10 }, spent, stop.signals);
    expect(gate.closed()).toBeNull();
    spent.called({ inputTokens: 4, outputTokens: 6 });
    expect(gate.closed()).toBe("tokens");
    stop.drain.abort();
    expect(gate.closed()).toBe("interrupted");
  });
});

describe("spending", () => {
  test("adds to what earlier processes spent, time included", async () => {
    const clock = new ManualClock();
    const spending = new Spending({ ...NO_TOTALS, calls: 2, activeMs: 1000, costUsd: 0.5 }, clock);
    await clock.advance(250);
    spending.called({ inputTokens: 1, outputTokens: 2, costUsd: 0.25 });
    spending.called(undefined);
    spending.ran(3);
    spending.proposed(2);
    expect(spending.totals()).toEqual({
      calls: 4,
      inputTokens: 1,
      outputTokens: 2,
      costUsd: 0.75,
      trials: 3,
      hypotheses: 2,
      activeMs: 1250,
    });
  });
});

describe("the emitter", () => {
  test("numbers and stamps events, in order, for every observer", () => {
    const clock = new ManualClock({ start: "2026-01-31T12:00:00Z" });
    const emitter = createEmitter(clock);
    const [a, b]: [AuraEvent[], AuraEvent[]] = [[], []];
    emitter.subscribe((event) => a.push(event));
    const leave = emitter.subscribe((event) => b.push(event));
    emitter.emit({ type: "warning", code: "one", message: "" });
    leave();
    emitter.emit({ type: "warning", code: "two", message: "" });
    expect(a.map(({ seq, at }) => [seq, at])).toEqual([
      [0, "2026-01-31T12:00:00.000Z"],
      [1, "2026-01-31T12:00:00.000Z"],
    ]);
    expect(b).toHaveLength(1);
  });

  test("drops every observer that throws, and goes on when none is left", () => {
    const emitter = createEmitter(new ManualClock());
    let calls = 0;
    const broken = (): void => {
      calls++;
      throw new Error("no");
    };
    emitter.subscribe(broken);
    emitter.subscribe(() => broken());
    emitter.emit({ type: "warning", code: "one", message: "" });
    emitter.emit({ type: "warning", code: "two", message: "" });
    expect(calls).toBe(2);
  });
});

describe("the history", () => {
  const add = (history: RunHistory, iteration: number, finding: string) =>
    history.addIteration(
      iteration,
      [stageResults(`i0000${iteration}-h000`, { x: iteration }, iteration)],
      [{ id: `i0000${iteration}-n00`, iteration, finding, evidence: [] }],
      [],
    );

  test("keeps the insights of as many iterations as the window says", () => {
    const history = new RunHistory(2);
    for (const iteration of [1, 2, 3]) add(history, iteration, `finding ${iteration}`);
    expect(history.view(null).insights.map(({ finding }) => finding)).toEqual(["finding 2", "finding 3"]);
    expect(history.view(null).entries).toHaveLength(3);
    const whole = new RunHistory(null);
    for (const iteration of [1, 2, 3]) add(whole, iteration, `finding ${iteration}`);
    expect(whole.view(null).insights).toHaveLength(3);
  });

  test("knows a repeat by what would run, in whatever order its keys are, from one base state", () => {
    const history = new RunHistory(null);
    history.remember({ id: "i00001-h000", spec: { a: 1, b: { c: 2, d: 3 } } }, "s1");
    expect(history.repeatOf({ spec: { b: { d: 3, c: 2 }, a: 1 }, label: "other" }, "s1")).toBe("i00001-h000");
    expect(history.repeatOf({ spec: { a: 1, b: { c: 2, d: 4 } } }, "s1")).toBeUndefined();
    expect(history.repeatOf({ spec: { a: 1, b: { c: 2, d: 3 } } }, "s2")).toBeUndefined();
    const edits = [{ path: "a.txt", content: "x" }];
    expect(history.repeatOf({ spec: { a: 1, b: { c: 2, d: 3 } }, edits }, "s1")).toBeUndefined();
  });
});
