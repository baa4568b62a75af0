import { describe, expect, it } from "vitest";
import { LineKeeper } from "../../../../src/components/executors/output.ts";
import { cpuTime } from "../../../support/cpu-time.ts";

const at = (): string => "2026-01-01T00:00:00.000Z";

function kept(lines: readonly string[], metrics = 3, others = 2): readonly string[] {
  const keeper = new LineKeeper(at, { lines: metrics, bytes: 1000 }, { lines: others, bytes: 1000 });
  for (const line of lines) keeper.add(line);
  return keeper.lines().stdout.map((line) => line.text);
}

describe("the lines kept of an output", () => {
  it("are all of them, in order, while there are few", () => {
    expect(kept(["hello there", '{"a":1}', "loss: 2", "bye now"])).toEqual([
      "hello there",
      '{"a":1}',
      "loss: 2",
      "bye now",
    ]);
  });

  it("are the newest of each sort: talk does not push out metrics", () => {
    const talk = Array.from({ length: 5000 }, (_, i) => `just talking ${i}`);
    expect(kept(['{"a":1}', ...talk])).toEqual(['{"a":1}', "just talking 4998", "just talking 4999"]);
    expect(kept(["a=1", "a=2", "a=3", "a=4"])).toEqual(["a=2", "a=3", "a=4"]);
  });

  it("are bounded in size too", () => {
    const keeper = new LineKeeper(at, { lines: 100, bytes: 50 }, { lines: 100, bytes: 50 });
    for (let i = 0; i < 20; i++) keeper.add(`{"a":${i + 100}}`);
    expect(keeper.lines().truncated).toBe(true);
    expect(keeper.lines().stdout.map((line) => line.text)).toEqual([115, 116, 117, 118, 119].map((n) => `{"a":${n}}`));
  });

  it("are cut where they are long and no metric, so that one does not push out all others", () => {
    const keeper = new LineKeeper(at);
    keeper.add("before");
    keeper.add("x".repeat(1024 * 1024));
    expect(keeper.lines().stdout.map(({ text }) => text.length)).toEqual([6, 64 * 1024]);
  });

  it("have the time of the turn in which they came", async () => {
    let reads = 0;
    const keeper = new LineKeeper(() => String(++reads));
    keeper.add("a=1");
    keeper.add("talk");
    await Promise.resolve();
    keeper.add("a=2");
    expect(keeper.lines().stdout.map(({ observedAt }) => observedAt)).toEqual(["1", "1", "2"]);
  });

  it("cost next to nothing each when there are millions", () => {
    const keeper = new LineKeeper(at);
    const from = cpuTime();
    for (let i = 0; i < 1_000_000; i++) keeper.add("x");
    expect(cpuTime() - from).toBeLessThan(1500);
  });

  it("cost little time, whatever they are", () => {
    const keeper = new LineKeeper(at);
    const nasty = [`a${" ".repeat(998)}x`, '\\"'.repeat(30_000), `{${"[".repeat(60_000)}`, "a ".repeat(499)];
    const from = cpuTime();
    for (let i = 0; i < 2000; i++) for (const line of nasty) keeper.add(line);
    expect(cpuTime() - from).toBeLessThan(2000);
  });
});
