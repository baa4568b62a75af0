import { describe, expect, it } from "vitest";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { createPlainReporter } from "../../../src/reporters/plain.ts";
import { plainLine } from "../../../src/reporters/plain-fields.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { interruptedEvents, liveEvents } from "../ui/recorded-events.ts";

function linesOf(events: readonly AuraEvent[]): string[] {
  const lines: string[] = [];
  const reporter = createPlainReporter({ write: (line) => lines.push(line), clock: new ManualClock() });
  for (const event of events) reporter.sink(event);
  reporter.stop();
  return lines;
}

describe("the plain reporter", () => {
  it("writes one safe line an event, with time, level, name and key=value pairs", () => {
    const lines = linesOf(interruptedEvents);
    for (const line of lines) {
      expect(line).toMatch(
        /^2026-01-31T12:\d\d:\d\dZ (info|warn|error) [a-z]+\.?[a-z]*( [a-z_]+=([^\s"]+|"([^"\\]|\\.)*"))*$/u,
      );
      expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u);
    }
    expect(lines.map((line) => line.split(" ")[2])).toMatchSnapshot();
  });

  it("has a line for every event but trial output", () => {
    const counted = interruptedEvents.filter(({ type }) => type !== "trial.output").length;
    expect(linesOf(interruptedEvents)).toHaveLength(counted);
  });

  it("tells an experiment's score and the best so far", () => {
    expect(linesOf(liveEvents).filter((line) => line.includes("experiment.finished"))).toEqual([
      "2026-01-31T12:00:09Z info experiment.finished id=i00001-h000 score=0.8125 best=0.8125 status=completed",
      '2026-01-31T12:00:14Z warn experiment.finished id=i00001-h001 score=null best=0.8125 status=failed code=TRIAL_FAILED exit=1 message="exit code 1: ValueError: lr must be positive"',
      "2026-01-31T12:00:17Z info experiment.finished id=i00001-h002 score=0.934 best=0.934 status=completed",
      "2026-01-31T12:00:31Z info experiment.finished id=i00002-h000 score=0.9694444444444444 best=0.9694444444444444 status=completed",
    ]);
  });

  it("tells of an experiment that never got a verdict when the run ends", () => {
    const [started] = liveEvents;
    const finished = liveEvents.find(({ type }) => type === "experiment.finished");
    const end = interruptedEvents.at(-1);
    if (!started || !finished || !end) throw new Error("the recording lacks an event");
    expect(linesOf([started, finished, end]).map((line) => line.split(" ")[2])).toEqual([
      "run.started",
      "experiment.finished",
      "run.finished",
    ]);
  });

  it("marks an interrupted run as a warning and a failed one as an error", () => {
    const end = interruptedEvents.at(-1);
    if (end?.type !== "run.finished") throw new Error("the recording does not end");
    expect(linesOf([end])[0]).toContain(" warn run.finished reason=interrupted exit=130 best=0.9694444444444444");
    expect(linesOf([{ ...end, exitCode: 1, reason: "error" }])[0]).toContain(" error run.finished ");
    expect(linesOf([{ ...end, exitCode: 0, reason: "iterations" }])[0]).toContain(" info run.finished ");
  });

  it("tells the cost of a run as far as it is known, and of how many calls it is not", () => {
    const end = interruptedEvents.at(-1);
    if (end?.type !== "run.finished") throw new Error("the recording does not end");
    const cost = (costUsd: number, unpriced: number) =>
      linesOf([{ ...end, totals: { ...end.totals, costUsd, unpriced } }])[0]?.match(/ tokens=\d+ (.*) seconds/)?.[1];
    expect(cost(0.12, 0)).toBe("cost_usd=0.12");
    expect(cost(0.12, 2)).toBe("cost_usd=0.12 unpriced=2");
    expect(linesOf([{ ...end, totals: { ...end.totals, unpriced: 2 } }])[0]).toMatch(/ tokens=4340 unpriced=2 seconds/);
  });

  it("writes a heartbeat every 60 s until it is stopped", async () => {
    const lines: string[] = [];
    const clock = new ManualClock({ start: "2026-01-31T13:00:00Z" });
    const reporter = createPlainReporter({ write: (line) => lines.push(line), clock });
    for (const event of liveEvents) reporter.sink(event);
    lines.length = 0;
    await clock.advance(120_000);
    expect(lines).toEqual([
      "2026-01-31T13:01:00Z info heartbeat iteration=2 hypotheses=5 scored=3 running=1 calls=0 best=0.9694444444444444",
      "2026-01-31T13:02:00Z info heartbeat iteration=2 hypotheses=5 scored=3 running=1 calls=0 best=0.9694444444444444",
    ]);
    reporter.stop();
    await clock.advance(600_000);
    expect(lines).toHaveLength(2);
    expect(clock.waiting).toBe(0);
  });

  it("counts in a heartbeat from the beginning of the run, also after a resume", async () => {
    const lines: string[] = [];
    const clock = new ManualClock({ start: "2026-01-31T13:00:00Z" });
    const history = interruptedEvents;
    const reporter = createPlainReporter({ write: (line) => lines.push(line), clock, history });
    const started = liveEvents.find((event) => event.type === "run.started");
    if (started) reporter.sink(started);
    await clock.advance(60_000);
    expect(lines.at(-1)).toMatch(/ heartbeat .*scored=3 running=0 calls=0/);
    reporter.stop();
  });
});

describe("what a trial printed before it failed", () => {
  const failure = { code: "exit-code", message: "exited with code 1", exitCode: 1 };
  const line = (logTail: string): string => {
    const outcome = { status: "failed", failure: { ...failure, logTail } } as const;
    const event = {
      trialId: "i00001-h000-t00",
      hypothesisId: "i00001-h000",
      attempt: 1,
      durationMs: 5,
      retrying: false,
    };
    const at = "2026-01-31T12:00:00Z";
    return linesOf([{ type: "trial.finished", ...event, outcome, at, seq: 0 }])[0] ?? "";
  };

  it("is in its line, the last lines of it", () => {
    const text = line(`${"epoch\n".repeat(50)}Traceback (most recent call last):\n  File train.py\nValueError: lr\n\n`);
    expect(text).toContain('Traceback (most recent call last): |   File train.py | ValueError: lr"');
    expect(text.match(/epoch/g)).toHaveLength(7);
  });

  it("has the last line whole, which most often says why, however long those before it are", () => {
    const last = `ValueError: ${"shape 3x4 is not 4x3, ".repeat(30)}in layer 7`;
    const text = line(`${`${"frame ".repeat(100)}\n`.repeat(10)}${last}\n`);
    expect(text).toContain(` | ${last}"`);
    expect(text.length).toBeLessThan(1800);
  });

  it("is bounded and cleaned", () => {
    expect(line("\u001b[31mred\u001b[0m\u0007\n".repeat(100)).length).toBeLessThan(400);
    const text = line(`${"\u0000\ufffd\u202ex".repeat(2000)}\n10%\r90%\r100%\n`);
    expect(text.length).toBeLessThan(600);
    expect(text).not.toMatch(/[\x00-\x1f\u202e]/);
    expect(text).toContain(' | 100%"');
  });
});

describe("plainLine", () => {
  it("quotes values with blanks, quotes, equal signs and nothing in them, and bounds each, reasons at a screenful", () => {
    expect(
      plainLine("2026-01-31T12:00:00.123Z", "info", "x", {
        a: 'say "hi"',
        b: "",
        c: "k=v",
        d: 0.1,
        e: undefined,
        f: null,
      }),
    ).toBe('2026-01-31T12:00:00Z info x a="say \\"hi\\"" b="" c="k=v" d=0.1 f=null');
    const long = plainLine("2026-01-31T12:00:00Z", "info", "x", { a: "😀".repeat(500) });
    expect(long.length).toBeLessThanOrEqual("2026-01-31T12:00:00Z info x a=".length + 200);
    expect(long).not.toMatch(/\p{Surrogate}/u);
    const reason = `${"why ".repeat(300)}not`;
    expect(plainLine("2026-01-31T12:00:00Z", "info", "x", { reason })).toContain(reason);
  });
});
