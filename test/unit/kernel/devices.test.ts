import { describe, expect, test } from "vitest";
import { DevicePool } from "../../../src/kernel/devices.ts";

const { signal } = new AbortController();

describe("a pool of devices", () => {
  test("gives each device to one holder at a time, in the order asked for", async () => {
    const pool = new DevicePool(["0", "1", "2", "3"]);
    const first = await pool.acquire(1, signal);
    const three = await pool.acquire(3, signal);
    expect([first.names, three.names]).toEqual([["0"], ["1", "2", "3"]]);
    const two = pool.acquire(2, signal);
    const one = pool.acquire(1, signal);
    first[Symbol.dispose]();
    three[Symbol.dispose]();
    expect([(await two).names, (await one).names]).toEqual([["0", "1"], ["2"]]);
  });

  test("keeps out what is held already, and lets a waiting one leave", async () => {
    const pool = new DevicePool(["a", "b"]);
    const held = pool.claim(["a"]);
    const leaving = new AbortController();
    const both = pool.acquire(2, leaving.signal);
    const one = pool.acquire(1, signal);
    leaving.abort(new Error("leave"));
    await expect(both).rejects.toThrow("leave");
    expect((await one).names).toEqual(["b"]);
    held[Symbol.dispose]();
    expect((await pool.acquire(1, signal)).names).toEqual(["a"]);
  });

  test("refuses more devices than there are", async () => {
    await expect(new DevicePool(["0"]).acquire(2, signal)).rejects.toThrow("there are 1 devices, not 2");
  });
});
