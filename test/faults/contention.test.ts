import { describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { FULL } from "../support/thorough.ts";
import { realPlace } from "./support/real.ts";

const CROWD = FULL ? 50 : 6;

describe("many commands on one workspace", () => {
  test("one runs, all others end with 3", async () => {
    using place = realPlace();
    place.write("hang", "");
    const codes: (number | null)[] = [];
    const crowd = Array.from({ length: CROWD }, () => place.start({}, ["--grace", "100ms"]));
    for (const { ended } of crowd) void ended.then(({ code }) => codes.push(code));
    await until("all others to be refused", () => codes.length >= CROWD - 1, 60).catch(() => {});
    expect(codes).toEqual(Array.from({ length: CROWD - 1 }, () => 3));
    await until("a trial of the one that runs", () => place.tally().starts.size > 0);
    for (const { kill } of crowd) kill("SIGINT");
    for (const { kill } of crowd) kill("SIGINT");
    await Promise.all(crowd.map(({ ended }) => ended));
    expect(codes.at(-1)).toBe(130);
  });
});
