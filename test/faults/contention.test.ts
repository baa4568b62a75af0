import { describe, expect, test } from "vitest";
import { start } from "../support/aura.ts";
import { realPlace, until } from "./support/real.ts";

const CROWD = 50;

/** Milliseconds until the last of a crowd of processes that start together has ended. */
async function lastOf(crowd: readonly (() => Promise<unknown>)[]): Promise<number> {
  const from = performance.now();
  await Promise.all(crowd.map((begin) => begin()));
  return performance.now() - from;
}

describe("50 commands on one workspace", () => {
  test("one runs, 49 end with 3, the last of them hardly later than 50 empty programs", async () => {
    using place = realPlace();
    place.write("hang", "");
    const bare = await lastOf(
      Array.from({ length: CROWD }, () => () => start(process.execPath, ["-e", "0"], { cwd: place.path }).ended),
    );
    const codes: (number | null)[] = [];
    const crowd = Array.from({ length: CROWD }, () => place.start({}, ["--grace", "100ms"]));
    const from = performance.now();
    for (const { ended } of crowd) void ended.then(({ code }) => codes.push(code));
    await until("49 that are refused", () => codes.length >= CROWD - 1).catch(() => {});
    const took = performance.now() - from;
    expect(codes).toEqual(Array.from({ length: CROWD - 1 }, () => 3));
    expect(took / bare).toBeLessThan(4);
    await until("a trial of the one that runs", () => place.tally().starts.size > 0);
    for (const { kill } of crowd) kill("SIGINT");
    for (const { kill } of crowd) kill("SIGINT");
    await Promise.all(crowd.map(({ ended }) => ended));
    expect(codes.at(-1)).toBe(130);
  });
});
