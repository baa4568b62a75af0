import { describe, expect, test } from "vitest";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { NO_TOTALS } from "../../../src/model/run.ts";
import { createEmitter } from "../../../src/pipeline/emitter.ts";
import { Spending } from "../../../src/pipeline/spending.ts";
import { Gate } from "../../../src/pipeline/stopping.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";

const stopSignals = () => {
  const [now, drain] = [new AbortController(), new AbortController()];
  return { signals: { now: now.signal, drain: drain.signal }, now, drain };
};

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
      unpriced: 1,
      trials: 3,
      hypotheses: 2,
      activeMs: 1250,
    });
  });

  test("counts no time while the run is paused, once nothing runs any more", async () => {
    const clock = new ManualClock();
    const spending = new Spending(NO_TOTALS, clock);
    const [trial, call] = [spending.running(), spending.running()];
    spending.pause();
    await clock.advance(100);
    trial[Symbol.dispose]();
    await clock.advance(20);
    call[Symbol.dispose]();
    await clock.advance(5000);
    spending.pause();
    expect(spending.totals().activeMs).toBe(120);
    spending.continue();
    await clock.advance(3);
    expect(spending.totals().activeMs).toBe(123);
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
