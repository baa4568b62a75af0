import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { TimeoutReached } from "../../../src/kernel/effects.ts";
import { systemClock } from "../../../src/platform/clock.ts";

const clock = systemClock();
const never = new AbortController().signal;

afterEach(() => {
  vi.useRealTimers();
});

test("a sleep ends after its time and leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  const start = clock.monotonic();
  await clock.sleep(20, signal);
  expect(clock.monotonic() - start).toBeGreaterThanOrEqual(20);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a sleep rejects with the signal's reason as soon as it aborts", async () => {
  const stop = new AbortController();
  const asleep = clock.sleep(60_000, stop.signal);
  stop.abort(new Error("stopped by the user"));
  await expect(asleep).rejects.toThrow("stopped by the user");
  await expect(clock.sleep(60_000, stop.signal)).rejects.toThrow("stopped by the user");
});

test("a deadline aborts with a reason that tells it from a stop", async () => {
  using deadline = clock.deadline(5);
  await expect(clock.sleep(60_000, deadline.signal)).rejects.toBeInstanceOf(TimeoutReached);
  expect(String(deadline.signal.reason)).toContain("timed out after 0.005 s");
});

test("a deadline that was called off never aborts", async () => {
  vi.useFakeTimers();
  const deadline = clock.deadline(10);
  deadline[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(1000);
  expect(deadline.signal.aborted).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test("a sleep and a deadline longer than a timer can hold do not fire early", async () => {
  vi.useFakeTimers();
  const forty = 40 * 24 * 3_600_000;
  using deadline = clock.deadline(forty);
  let woke = false;
  void clock.sleep(forty, never).then(() => {
    woke = true;
  });
  await vi.advanceTimersByTimeAsync(forty - 1000);
  expect([woke, deadline.signal.aborted]).toEqual([false, false]);
  await vi.advanceTimersByTimeAsync(2000);
  expect([woke, deadline.signal.aborted]).toEqual([true, true]);
});

test("an endless deadline is possible", async () => {
  vi.useFakeTimers();
  using deadline = clock.deadline(Number.POSITIVE_INFINITY);
  await vi.advanceTimersByTimeAsync(100 * 24 * 3_600_000);
  expect(deadline.signal.aborted).toBe(false);
});
