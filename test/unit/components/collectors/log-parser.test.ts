import { symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LogParserCollector, type LogParserOptions } from "../../../../src/components/collectors/log-parser.ts";
import { SpecError } from "../../../../src/kernel/errors.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { executionRig, exited, hypothesis } from "../../../support/execution-rig.ts";

const RAN = exited({ stderrTail: "the last words" });

async function collect(logs: { readonly stdout?: string; readonly stderr?: string }, options: LogParserOptions) {
  // The deadline of 5 s comes sooner here.
  const clock = systemEffects().clock;
  using rig = executionRig({ effects: { clock: { ...clock, deadline: (ms) => clock.deadline(ms / 10) } } });
  const ctx = rig.trial();
  if (logs.stdout !== undefined) writeFileSync(ctx.logs.stdout, logs.stdout);
  if (logs.stderr !== undefined) writeFileSync(ctx.logs.stderr, logs.stderr);
  const collected = await new LogParserCollector(options).collect(RAN, hypothesis(), ctx);
  return "failure" in collected ? collected.failure : collected.output;
}

const EPOCHS = "epoch 1 acc=0.5 loss: 2e-1\nepoch 2 acc=0.75 loss: 1.5e-1\nacc=none\n";

describe("the log-parser collector", () => {
  it("takes the last or the first number that a pattern finds", async () => {
    const patterns = { acc: "acc=(\\S+)", loss: "loss: (?<value>.*)$" };
    expect(await collect({ stdout: EPOCHS }, { patterns })).toEqual({ acc: 0.75, loss: 0.15 });
    expect(await collect({ stdout: EPOCHS }, { patterns, take: "first" })).toEqual({ acc: 0.5, loss: 0.2 });
  });

  it("takes the whole match where a pattern has no group, the group that took part where it has several", async () => {
    expect(await collect({ stdout: "took 12 s\n" }, { patterns: { s: "\\d+(?= s)" } })).toEqual({ s: 12 });
    expect(await collect({ stdout: "b=3\n" }, { patterns: { s: "a=(\\d)|b=(\\d)" } })).toEqual({ s: 3 });
  });

  it("looks at stderr for what stdout does not have", async () => {
    const logs = { stdout: "acc=0.9", stderr: "INFO acc=0.1\nINFO loss=2\n" };
    const patterns = { loss: "loss=(.+)", acc: "acc=(.+)", other: "other=(.+)" };
    expect(await collect(logs, { patterns })).toEqual({ loss: 2, acc: 0.9 });
  });

  it("reads a line as a terminal would show it in the end", async () => {
    const stdout = "acc=0.1\racc=0.2\n\u001b[32mloss=\u001b[1m3\u001b[0m\r\n";
    expect(await collect({ stdout }, { patterns: { acc: "acc=(.+)$", loss: "loss=(.+)$" } })).toEqual({
      acc: 0.2,
      loss: 3,
    });
  });

  it("says a number that is not finite as what it is", async () => {
    expect(await collect({ stdout: "acc=nan" }, { patterns: { acc: "acc=(.+)" } })).toEqual({ acc: "NaN" });
  });

  it("fails a trial whose output matches nothing", async () => {
    expect(await collect({ stdout: "hello" }, { patterns: { acc: "acc=(.+)" } })).toEqual({
      code: "metric-missing",
      message: "nothing it printed matches the pattern of acc with a number",
      logTail: "the last words",
    });
  });

  it("says that the middle of a log was not there to be looked at", async () => {
    const stdout = `${"x".repeat(1023)}\n`.repeat(10 * 1024);
    expect(await collect({ stdout }, { patterns: { acc: "acc=(.+)" } })).toMatchObject({
      message: expect.stringContaining("only the first 8 MiB and the last 1 MiB of its output are kept"),
    });
  });

  it("ends a search that would not end, without holding anything else up", async () => {
    const stdout = `acc=1\n${"a".repeat(60)}!\n`;
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 20);
    const failure = await collect({ stdout }, { patterns: { acc: "acc=(.+)", slow: "^(a+)+$" } });
    clearInterval(timer);
    expect(failure).toMatchObject({ message: "the pattern of slow was not through with the output after 5 s" });
    expect(turns).toBeGreaterThan(3);
  });

  it("follows no link that stands in the place of a log", async () => {
    using rig = executionRig();
    const ctx = rig.trial();
    symlinkSync(rig.dir.write("other", "acc=1"), ctx.logs.stdout);
    const collector = new LogParserCollector({ patterns: { acc: "acc=(.+)" } });
    expect(await collector.collect(RAN, hypothesis(), ctx)).toHaveProperty("failure");
  });

  it("refuses a pattern that is no regular expression", () => {
    expect(() => new LogParserCollector({ patterns: { acc: "(" } })).toThrow(SpecError);
    expect(() => new LogParserCollector({ patterns: {} })).toThrow(SpecError);
    expect(() => new LogParserCollector({ patterns: { acc: "(?P<v>.)" } })).toThrow("a named group is (?<name>…) here");
  });
});
