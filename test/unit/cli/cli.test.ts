import { afterEach, describe, expect, test, vi } from "vitest";
import { reportError } from "../../../src/cli/errors.ts";
import { graceOf, requirement, unmet } from "../../../src/cli/flags.ts";
import { program } from "../../../src/cli/main.ts";
import { openFrame } from "../../../src/cli/output.ts";
import { reporterName } from "../../../src/cli/reporter.ts";
import { ownSignals } from "../../../src/cli/signals.ts";
import { RunFailedError, SpecError, StorageError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { overridesOf } from "../../../src/spec/overrides.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { readJournal } from "../../../src/workspace/journal.ts";

afterEach(() => void vi.restoreAllMocks());

test("help fits 80 columns, broken at words", () => {
  const aura = program(() => {});
  for (const command of [aura, ...aura.commands])
    for (const line of command
      .configureOutput({ getOutHelpWidth: () => 80 })
      .helpInformation()
      .split("\n"))
      expect(line.length).toBeLessThanOrEqual(80);
});

describe("--require", () => {
  const metric = {
    name: "score",
    direction: "maximize",
    minDelta: { kind: "absolute", value: 0 },
    baseline: 0.5,
    target: 0.9,
  } as const;
  const ended = (score: number | null) => ({ best: score === null ? null : { score }, reason: "iterations" }) as const;
  test.each([
    ["0.7", 0.7, null],
    ["0.7", 0.69, 100],
    ["1e-3", 0.001, null],
    ["baseline", 0.5, 100],
    ["baseline", 0.51, null],
    ["target", 0.9, null],
    ["target", 0.89, 100],
    ["0.1", null, 100],
  ])("%s with the best at %s answers %s", (text, best, code) => {
    expect(unmet(requirement(text, metric), ended(best), metric)).toBe(code);
  });

  test("of the target is met by a run that ended with it, where min_delta keeps the best below", () => {
    const end = { best: { score: 0.89 }, reason: "target" } as const;
    expect(unmet(requirement("target", metric), end, metric)).toBeNull();
    expect(unmet(requirement("0.9", metric), end, metric)).toBe(100);
  });

  test("asks for less when less is better", () => {
    const least = { ...metric, direction: "minimize" } as const;
    expect([0.6, 0.7, 0.8].map((best) => unmet(requirement("0.7", least), ended(best), least))).toEqual([
      null,
      null,
      100,
    ]);
    expect([0.4, 0.5].map((best) => unmet(requirement("baseline", least), ended(best), least))).toEqual([null, 100]);
  });

  test("is nothing when it is not given, and a mistake when it is no score", () => {
    expect(unmet(requirement(undefined, metric), ended(null), metric)).toBeNull();
    for (const text of ["", "lots", "NaN", "Infinity", " "]) expect(() => requirement(text, metric)).toThrow(SpecError);
    const { target: _, ...untargeted } = metric;
    expect(() => requirement("target", untargeted)).toThrow(/no target/);
  });
});

describe("flags", () => {
  test("become overrides of the spec; --set is YAML, and the short forms go last", () => {
    const flags = {
      set: ["stop.iterations=20", "checks=[{name: a}]", "goal=x=y"],
      maxIterations: 3,
      parallel: 2,
      seed: 0,
    };
    expect(overridesOf(flags).overrides).toEqual({
      "stop.iterations": 3,
      checks: [{ name: "a" }],
      goal: "x=y",
      parallel: 2,
      seed: 0,
    });
  });

  test("--set is taken as it is given; its twin holds one on each line, and counts without it", () => {
    const setOf = (...words: string[]): unknown => {
      const run = program(() => {}).commands.find((command) => command.name() === "run");
      run?.parseOptions(words);
      return run?.opts().set;
    };
    expect(setOf("--set", "goal=|\n  a\n  b", "--set", "seed=1")).toEqual(["goal=|\n  a\n  b", "seed=1"]);
    expect(setOf()).toBeUndefined();
    vi.stubEnv("AURA_SET", "seed=1\n\nparallel=2\n");
    try {
      expect(setOf()).toEqual(["seed=1", "parallel=2"]);
      expect(setOf("--set", "seed=3")).toEqual(["seed=3"]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("--grace is a duration", () => {
    expect(
      [undefined, "2m", "0s", "1.5", "250ms"].map((grace) => graceOf(grace === undefined ? {} : { grace })),
    ).toEqual([undefined, 120_000, 0, 1500, 250]);
    expect(() => graceOf({ grace: "soon" })).toThrow(/--grace/);
  });
});

describe("the reporter", () => {
  test.each([
    [{}, {}, "tui"],
    [{}, {}, "plain", "background"],
    [{}, { CI: "true" }, "plain"],
    [{}, { CI: "1" }, "plain"],
    [{}, { CI: "false" }, "tui"],
    [{}, { CI: "" }, "tui"],
    [{}, { TERM: "dumb" }, "plain"],
    [{ reporter: "tui" as const }, { CI: "true" }, "tui"],
    [{ reporter: "tui" as const }, {}, "tui", "background"],
    [{ reporter: "silent" as const }, {}, "silent"],
  ])("on a terminal with %j and %j is %s %s", (flags, environment, name, place = "foreground") => {
    const before = [process.stdout.isTTY, process.stdin.isTTY];
    [process.stdout.isTTY, process.stdin.isTTY] = [true, true];
    try {
      expect(reporterName(flags, environment, () => place === "foreground")).toBe(name);
    } finally {
      [process.stdout.isTTY, process.stdin.isTTY] = [before[0] ?? false, before[1] ?? false];
    }
  });
});

describe("the owner of signals", () => {
  const owned = (graceMs?: number, hasTerminal = true) => {
    const killAll = vi.fn();
    return { killAll, owner: ownSignals({ graceMs, hasTerminal, killAll, lastWords: (_, stopped) => stopped ?? 1 }) };
  };

  test.each([
    ["SIGINT", false],
    ["SIGUSR2", false],
    ["SIGTERM", true],
    ["SIGHUP", true],
    ["closed-output", true],
  ] as const)("without --grace lets running trials take their time after %s: ended after 5 s is %s", (cause, ended) => {
    vi.useFakeTimers();
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const { owner } = owned();
    using _ = owner;
    owner.stop(cause, "graceful");
    vi.advanceTimersByTime(4999);
    expect([owner.drain.aborted, owner.now.aborted]).toEqual([true, false]);
    vi.advanceTimersByTime(1000);
    expect([owner.now.aborted, exit.mock.calls.length]).toEqual([ended, 0]);
    vi.advanceTimersByTime(3_600_000);
    // What heeds no stop is left behind.
    expect([owner.now.aborted, exit.mock.calls.length > 0]).toEqual([ended, ended]);
    vi.useRealTimers();
  });

  test("takes no notice of a hang-up without a terminal", () => {
    for (const hasTerminal of [true, false]) {
      using owner = owned(0, hasTerminal).owner;
      process.emit("SIGHUP", "SIGHUP");
      expect(owner.drain.aborted).toBe(hasTerminal);
    }
  });

  test("drains at the first stop and ends all when the grace is over", () => {
    vi.useFakeTimers();
    const { owner, killAll } = owned(1000);
    using _ = owner;
    expect(owner.exitCode()).toBeNull();
    owner.stop("SIGTERM", "graceful");
    expect([owner.drain.aborted, owner.now.aborted, owner.exitCode()]).toEqual([true, false, 143]);
    vi.advanceTimersByTime(1000);
    expect(owner.now.aborted).toBe(true);
    expect(killAll).not.toHaveBeenCalled();
    vi.useRealTimers();
  });

  test("kills at the second and leaves soon after, with the first one's code", () => {
    vi.useFakeTimers();
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const { owner, killAll } = owned(60_000);
    using _ = owner;
    owner.stop("SIGINT", "graceful");
    owner.stop("SIGTERM", "graceful");
    expect(killAll).toHaveBeenCalledOnce();
    expect([owner.now.aborted, owner.exitCode()]).toEqual([true, 130]);
    vi.advanceTimersByTime(499);
    expect(exit).toHaveBeenCalledWith(130);
    vi.useRealTimers();
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGUSR2", 75],
    ["closed-output", 129],
  ] as const)("answers %s with %i", (cause, code) => {
    using owner = owned(0).owner;
    owner.stop(cause, "graceful");
    expect([owner.cause(), owner.exitCode()]).toEqual([cause, code]);
  });

  test("gives the signals back", () => {
    const before = process.listenerCount("SIGINT");
    const { owner } = owned(0);
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    owner[Symbol.dispose]();
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});

describe("the frame of --json", () => {
  test("numbers its own lines, and leaves out trial output and the run's own end", () => {
    const lines: string[] = [];
    const frame = openFrame(
      (line) => void lines.push(line),
      () => new Date(0),
      "w",
    );
    const at = "2026-01-31T12:00:00.000Z";
    frame.sink({ type: "trial.output", trialId: "t", stream: "stdout", line: "x", at, seq: 7 });
    frame.sink({ type: "warning", code: "c", message: "bad \u009b[31m\u2028", at, seq: 8 });
    frame.tell("resume.explained", { changes: [], steps: [] });
    frame.finish({ exitCode: 2, reason: "error", best: null, message: "no" });
    expect(lines.every((line) => line.endsWith("\n") && !/[\u0080-\u009f\u2028]/.test(line))).toBe(true);
    const events = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(events.map(({ type, seq }) => [type, seq])).toEqual([
      ["run.started", 0],
      ["warning", 1],
      ["resume.explained", 2],
      ["run.finished", 3],
    ]);
    expect(events[1]).toMatchObject({ at, message: "bad \u009b[31m\u2028" });
  });
});

describe("an error", () => {
  const said = (thrown: unknown) => {
    let text = "";
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    const code = reportError(thrown);
    return { code, text };
  };

  test("that was foreseen is its message and its code, without a stack", () => {
    const { code, text } = said(new StorageError("write", "/w/run.json", new Error("no space left")));
    expect(code).toBe(6);
    expect(text).toBe("aura: cannot write /w/run.json: no space left\n");
  });

  test("of a component of the user's says where its code threw", () => {
    const { code, text } = said(new RunFailedError("the evaluator failed on h: oops", { cause: new Error("oops") }));
    expect(code).toBe(1);
    expect(text).toMatch(/^aura: the evaluator failed on h: oops\n {2}at \/.*cli\.test\.ts:\d+:\d+\n$/);
  });

  test("that was not comes with its stack and 1", () => {
    const { code, text } = said(new TypeError("x is not a function"));
    expect(code).toBe(1);
    expect(text).toMatch(/unexpected error.*\n.*TypeError: x is not a function\n\s+at /);
  });

  test("cannot act on the terminal", () => {
    expect(said(new SpecError("\u001b[2Jbad\u0007\u202e name\nsecond line")).text).toBe(
      "aura: \ufffd[2Jbad\ufffd\ufffd name\nsecond line\n",
    );
  });
});

describe("the journal", () => {
  test("is read past torn and foreign lines", () => {
    using folder = temporaryDirectory();
    const event = { type: "warning", code: "a", message: "b", at: "2026-01-31T12:00:00.000Z", seq: 1 };
    folder.write(
      "journal.jsonl",
      `${JSON.stringify(event)}\n\n{"type": "warn\nnull\n[1]\n${JSON.stringify({ ...event, seq: 2 })}\n`,
    );
    expect([...readJournal(folder.path, systemEffects().files)].map(({ seq }) => seq)).toEqual([1, 2]);
    expect([...readJournal(folder.join("nowhere"), systemEffects().files)]).toEqual([]);
  });
});
