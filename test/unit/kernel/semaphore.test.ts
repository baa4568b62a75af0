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

  test("what asks to be alone waits until nothing is held, and holds up what asks after it", async () => {
    const semaphore = new Semaphore(2);
    const { signal } = new AbortController();
    const told: string[] = [];
    const ask = async (name: string, hold: "place" | "beside" | "alone") => {
      const slot = await semaphore.acquire(signal, hold);
      told.push(name);
      return slot;
    };
    const first = await ask("first", "place");
    const command = await ask("command", "beside");
    const alone = ask("alone", "alone");
    const later = ask("later", "place");
    const laterCommand = ask("later command", "beside");
    first[Symbol.dispose]();
    await Promise.resolve();
    expect(told).toEqual(["first", "command"]);
    command[Symbol.dispose]();
    (await alone)[Symbol.dispose]();
    await Promise.all([later, laterCommand]);
    expect(told).toEqual(["first", "command", "alone", "later", "later command"]);
  });

  test("what no longer waits to be alone holds nothing up", async () => {
    const semaphore = new Semaphore(2);
    const leaving = new AbortController();
    const { signal } = new AbortController();
    using _first = await semaphore.acquire(signal);
    const alone = semaphore.acquire(leaving.signal, "alone");
    const later = semaphore.acquire(signal);
    leaving.abort(new Error("leave"));
    await expect(alone).rejects.toThrow("leave");
    expect((await later).number).toBe(1);
  });
});
