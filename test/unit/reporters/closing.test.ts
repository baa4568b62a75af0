import { describe, expect, it } from "vitest";
import { FINISH_REASONS, NO_TOTALS } from "../../../src/model/run.ts";
import { type ClosingSummary, closingText } from "../../../src/reporters/closing.ts";
import { HOSTILE } from "../ui/recorded-events.ts";

const done: ClosingSummary = {
  name: "digits",
  workspace: "runs/digits",
  anew: "aura run digits.yaml --new",
  reason: "iterations",
  metric: { name: "accuracy", baseline: 0.5 },
  stop: { iterations: 3 },
  best: { id: "i00002-h001", label: "wide", score: 0.9694444, spec: { lr: 0.052, hidden: 128 } },
  iterationsCompleted: 3,
  totals: {
    ...NO_TOTALS,
    hypotheses: 9,
    trials: 18,
    calls: 3,
    inputTokens: 9000,
    outputTokens: 3400,
    costUsd: 0.12,
    activeMs: 192_000,
  },
  resumable: false,
};

describe("the closing text", () => {
  it("names a workspace so that no command takes it for an option", () => {
    expect(closingText({ ...done, workspace: "-ws" })).toContain("  aura inspect ./-ws best ");
  });

  it("tells how the run ended, its best, where the results are and what to type next", () => {
    expect(closingText(done)).toBe(
      `digits finished: all iterations are done

  best     accuracy 0.9694  (baseline 0.5000)  i00002-h001  wide
           lr=0.052 hidden=128
  spent    3 iterations, 9 hypotheses, 18 trials, 12.4k tokens, $0.12 in 3m12s
  results  runs/digits

  aura inspect runs/digits best                    # the best configuration in full
  aura inspect runs/digits hypotheses              # everything that was tried
  aura resume runs/digits --set stop.iterations=6  # go on, for as many again at most
`,
    );
  });

  it("breaks lines at words where the terminal is narrower, and commands nowhere", () => {
    const failed = { hypothesisId: "i00002-h000", code: "exit-code", message: "exited with code 3", exitCode: 3 };
    const last = { ...failed, logTail: "ValueError: the learning rate has to be a positive number" };
    expect(closingText({ ...done, failed: last }, 80)).toBe(
      `digits finished: all iterations are done

  best     accuracy 0.9694  (baseline 0.5000)  i00002-h001  wide
           lr=0.052 hidden=128
  failed   the last was i00002-h000: exited with code 3: ValueError: the
           learning rate has to be a positive number
  spent    3 iterations, 9 hypotheses, 18 trials, 12.4k tokens, $0.12 in 3m12s
  results  runs/digits

  aura inspect runs/digits best              # the best configuration in full
  aura inspect runs/digits logs i00002-h000  # what the last failure printed
  aura inspect runs/digits hypotheses        # everything that was tried
  # go on, for as many again at most
  aura resume runs/digits --set stop.iterations=6
`,
    );
  });

  it("says what calls have cost at least where some have no known price, and no amount where none has", () => {
    const spent = (costUsd: number) =>
      closingText({ ...done, totals: { ...done.totals, costUsd, unpriced: 1 } }).match(/^ {2}spent .*/m)?.[0];
    expect(spent(0.12)).toContain("12.4k tokens, at least $0.12 in 3m12s");
    expect(spent(0)).toContain("12.4k tokens in 3m12s");
  });

  it("names the resume command where the run can go on, quoted for a shell", () => {
    const text = closingText({ ...done, workspace: "my runs/it's", reason: "interrupted", resumable: true });
    expect(text).toMatch(/^digits interrupted\n/);
    expect(text).toContain("aura resume 'my runs/it'\\''s' ");
  });

  it("says that nothing was scored, with the message, and shows no best command", () => {
    const text = closingText({ ...done, best: null, reason: "nothing-scored", message: "exit code 1\x1b[2J" });
    expect(text).toContain("digits failed: nothing was ever scored\n  exit code 1\n");
    expect(text).toContain("best     none: nothing was scored");
    expect(text).not.toContain("inspect runs/digits best");
  });

  it("names what goes on with a run that failed: to resume one that has reached its stop would change nothing", () => {
    const failed = { ...done, best: null, resumable: true };
    const waysOn = (summary: ClosingSummary) =>
      closingText(summary)
        .split("\n")
        .filter((line) => line.startsWith("  aura resume"))
        .map((line) => line.replace(/ *#.*/, "").trim());
    expect(waysOn({ ...failed, reason: "nothing-scored" })).toEqual(["aura resume runs/digits --retry-failed"]);
    expect(waysOn({ ...failed, reason: "nothing-scored", totals: NO_TOTALS })).toEqual([
      "aura resume runs/digits --set stop.iterations=6",
    ]);
    expect(waysOn({ ...failed, reason: "nothing-scored", stop: { tokens: 12_000 } })).toEqual([
      "aura resume runs/digits --set stop.tokens=24000",
    ]);
    expect(waysOn({ ...done, reason: "patience", stop: { iterations: 9, patience: 4 } })).toEqual([
      "aura resume runs/digits --set stop.patience=8",
    ]);
    expect(waysOn({ ...done, reason: "hypotheses", stop: { iterations: 3, hypotheses: 9, patience: 4 } })).toEqual([
      "aura resume runs/digits --set stop.iterations=6 --set stop.hypotheses=18",
    ]);
    expect(waysOn({ ...done, iterationsCompleted: 29, totals: { ...done.totals, hypotheses: 31 } })).toEqual([
      "aura resume runs/digits --set stop.iterations=58",
    ]);
    expect(waysOn({ ...done, reason: "target" })).toEqual(["aura resume runs/digits --set metric.target=SCORE"]);
    expect(waysOn({ ...done, reason: "exhausted", stop: {} })).toEqual([]);
    expect(waysOn({ ...failed, reason: "failures" })).toEqual([
      "aura resume runs/digits --retry-failed",
      "aura resume runs/digits",
    ]);
  });

  it("of a module names the one limit that the command line knows, and leaves the others to the module", () => {
    const of = (more: Partial<ClosingSummary>) => closingText({ ...done, isModule: true, ...more });
    expect(of({})).toContain("aura resume runs/digits --max-iterations ");
    expect(of({ reason: "target" })).toMatch(
      /aura resume runs\/digits +# go on, after a change of the target in the module/,
    );
    for (const reason of ["target", "patience", "start-failed", "nothing-scored"] as const)
      expect(of({ reason, stop: { patience: 2 } })).not.toContain("--set");
  });

  it("names the difference and apply where the best is a changed state, and the log of the last failure", () => {
    const changed = closingText({ ...done, isChanged: true });
    expect(changed).toContain("aura inspect runs/digits diff start best ");
    expect(changed).toContain("aura apply runs/digits ");
  });

  it("names the log of the last failure, and in a run that goes on for all that the last line of it", () => {
    const failed = { hypothesisId: "i00003-h001", code: "exit-code", message: "exited with code 1", exitCode: 1 };
    const last = { ...failed, logTail: "Traceback (most recent call last):\nValueError: lr" };
    for (const reason of ["failures", "iterations"] as const)
      expect(closingText({ ...done, reason, failed: last })).toContain("aura inspect runs/digits logs i00003-h001 ");
    expect(closingText({ ...done, failed: last })).toContain(
      "last was i00003-h001: exited with code 1: ValueError: lr",
    );
  });

  it("of a run without proposals names what gets further, and a new start where files were read when it began", () => {
    const none = { ...done, best: null, reason: "no-proposals", resumable: true } as const;
    expect(closingText(none)).toMatch(/aura resume runs\/digits --set stop\.iterations=6 /);
    const fixed = closingText({ ...none, stop: {}, isFixed: true });
    expect(fixed).toMatch(/aura resume runs\/digits +# go on from here\n +aura run digits\.yaml --new +# start anew/);
  });

  it("of a damaged workspace names what mends it, and no resume, which would end again", () => {
    const text = closingText({ ...done, reason: "error", resumable: true, mend: "workspace" });
    expect(text).toContain("  aura repair runs/digits ");
    expect(text).not.toContain("aura resume");
  });

  it("offers no look at hypotheses where nothing was tried", () => {
    const text = closingText({ ...done, best: null, reason: "error", resumable: true, totals: NO_TOTALS });
    expect(text).not.toContain("inspect");
    expect(text).toContain("  aura resume runs/digits  # go on from here");
  });

  it("of a start that failed names what mends it: the project, or hypotheses", () => {
    const text = closingText({ ...done, best: null, reason: "start-failed", resumable: true, isFixed: true });
    expect(text).toMatch(/aura run digits.yaml --new .*\n.*--set start=may_fail /);
  });

  it("names no other try of what trials took from files as they were when the run began", () => {
    for (const reason of ["start-failed", "failed-alike", "failures", "nothing-scored"] as const) {
      const text = closingText({ ...done, best: null, reason, resumable: true, isFixed: true });
      expect(text).not.toContain("--retry-failed");
      expect(text).toContain("aura run digits.yaml --new ");
    }
  });

  it("names a new start where the command of the spec may be what fails alike", () => {
    const text = closingText({ ...done, best: null, reason: "failed-alike", resumable: true });
    expect(text).toMatch(/--retry-failed .*\n.*aura run digits.yaml --new .*\n.*aura resume runs\/digits {2}/);
  });

  it("names what goes on after a program that is missing: it is there by then, or the spec is another", () => {
    const text = closingText({ ...done, best: null, reason: "error", resumable: true, mend: "tool" });
    expect(text).toMatch(/aura resume runs\/digits .*\n.*aura run digits.yaml --new /);
  });

  it("tells a best from a baseline that it would look like", () => {
    const best = { id: "i00002-h001", score: 0.50001, spec: {} };
    expect(closingText({ ...done, best })).toContain("accuracy 0.50001  (baseline 0.5)");
  });

  it("keeps the lines of a message, so many of them", () => {
    const message = Array.from({ length: 20 }, (_, n) => `line ${n}`).join("\n\n");
    const lines = closingText({ ...done, reason: "error", message }).split("\n");
    expect(lines.slice(1, 15)).toEqual([
      ...Array.from({ length: 12 }, (_, n) => `  line ${n}`),
      "  … 8 more lines",
      "",
    ]);
  });

  it("is safe for a terminal for every reason and any text", () => {
    for (const reason of FINISH_REASONS) {
      const best = { id: "i00001-h000", label: HOSTILE, score: 1, spec: { [HOSTILE]: HOSTILE } };
      const text = closingText({ ...done, reason, name: HOSTILE, workspace: HOSTILE, message: HOSTILE, best });
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u);
    }
  });
});
