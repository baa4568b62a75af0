import { describe, expect, test } from "vitest";
import { Semaphore } from "../../../src/kernel/semaphore.ts";

describe("a semaphore", () => {
  test("runs so many at a time, in order, and lets a waiting one leave", async () => {
    const limit = new Semaphore(2);
    const never = new AbortController().signal;
    const doors: (() => void)[] = [];
    const started: number[] = [];
    const start = (number: number, signal = never) =>
      limit.run(() => {
        started.push(number);
        return new Promise<void>((resolve) => doors.push(resolve));
      }, signal);
    const stop = new AbortController();
    const first = start(1);
    const second = start(2);
    const third = start(3, stop.signal);
    const fourth = start(4);
    await Promise.resolve();
    stop.abort(new Error("leave"));
    await expect(third).rejects.toThrow("leave");
    expect(started).toEqual([1, 2]);
    doors[0]?.();
    await first;
    await Promise.resolve();
    expect(started).toEqual([1, 2, 4]);
    for (const open of doors) open();
    await Promise.all([second, fourth]);
  });

  test("gives the lowest free place, and one that is given back to the next that waits", async () => {
    const semaphore = new Semaphore(2);
    const { signal } = new AbortController();
    const first = await semaphore.acquire(signal);
    const second = await semaphore.acquire(signal);
    expect([first.number, second.number]).toEqual([0, 1]);
    const third = semaphore.acquire(signal);
    const fourth = semaphore.acquire(signal);
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect((await third).number).toBe(1);
    first[Symbol.dispose]();
    expect((await fourth).number).toBe(0);
  });
});
