import { expect, test } from "vitest";
import { TimeoutReached } from "../../../src/kernel/effects.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";

const never = new AbortController().signal;

test("time stands still until it is moved, and then wakes sleepers in order, each at its own time", async () => {
  const clock = new ManualClock({ start: "2026-01-31T12:00:00Z" });
  const seen: string[] = [];
  const sleeper = async (ms: number): Promise<void> => {
    await clock.sleep(ms, never);
    seen.push(`${ms} at ${clock.monotonic()}`);
  };
  const all = [sleeper(30), sleeper(10), sleeper(20)];
  expect(clock.waiting).toBe(3);
  await clock.advance(25);
  expect(seen).toEqual(["10 at 10", "20 at 20"]);
  expect(clock.now().toISOString()).toBe("2026-01-31T12:00:00.025Z");
  await clock.advance(5);
  await Promise.all(all);
  expect(clock.waiting).toBe(0);
});

test("a deadline falls due and can be called off", async () => {
  const clock = new ManualClock();
  using due = clock.deadline(100);
  const off = clock.deadline(100);
  off[Symbol.dispose]();
  await clock.advance(100);
  expect(due.signal.reason).toBeInstanceOf(TimeoutReached);
  expect(off.signal.aborted).toBe(false);
});

test("an aborted sleep rejects with the reason and waits no more", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const asleep = clock.sleep(5, stop.signal);
  stop.abort(new Error("stop"));
  await expect(asleep).rejects.toThrow("stop");
  expect(clock.waiting).toBe(0);
});

test("skipped sleeps take no time but move the clock", async () => {
  const clock = new ManualClock({ skipSleeps: true });
  await clock.sleep(3_600_000, never);
  expect(clock.now().toISOString()).toBe("2026-01-01T01:00:00.000Z");
});
