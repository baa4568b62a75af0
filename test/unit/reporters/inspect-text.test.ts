import { describe, expect, it } from "vitest";
import { NO_TOTALS } from "../../../src/model/run.ts";
import type { CallRow, HypothesisRow, SummaryView } from "../../../src/model/views.ts";
import {
  bestText,
  callsText,
  hypothesesText,
  insightsText,
  refusedText,
  showText,
  summaryText,
} from "../../../src/reporters/inspect-text.ts";
import { displayWidth } from "../../../src/text/width.ts";
import { callSums } from "../../../src/workspace/views/queries.ts";
import { HOSTILE } from "../ui/recorded-events.ts";

const best = {
  id: "i00002-h001",
  label: "wide",
  score: 0.9694444444444444,
  passed: true,
  spec: { lr: 0.05212345678, layers: [64, 32] },
};
const insight = {
  id: "i00001-n01",
  iteration: 1,
  finding: "Wide is better.",
  recommendation: "Go wider.",
  evidence: [],
};
const summary: SummaryView = {
  name: "digits",
  runId: "k3x9f2ab",
  status: "finished",
  reason: "iterations",
  message: null,
  workspace: "runs/digits",
  createdAt: "2026-01-31T12:00:00Z",
  updatedAt: "2026-01-31T12:00:00Z",
  seed: 0,
  from: null,
  iterationsCompleted: 2,
  hypotheses: { total: 5, scored: 4, failed: 1 },
  best,
  metric: { name: "accuracy", direction: "maximize" },
  baseline: 0.5,
  totals: { ...NO_TOTALS, trials: 5, calls: 2, inputTokens: 3000, outputTokens: 640, activeMs: 34_000 },
  lastInsights: [insight],
};
const row = {
  iteration: 1,
  label: null,
  passed: true,
  reason: null,
  status: "scored",
  counts: true,
  edits: 0,
} as const;
const rows: readonly HypothesisRow[] = [
  { ...row, id: "i00001-h000", label: "広い層", score: 0.8125, spec: { lr: 0.01 } },
  {
    ...row,
    id: "i00001-h001",
    label: HOSTILE,
    score: null,
    passed: false,
    status: "failed",
    reason: `exit code 1 ${HOSTILE}`,
    spec: { lr: -1 },
  },
  { ...row, id: "i00002-h001", label: "wide", score: 0.9694, spec: { lr: 0.052, hidden: 128 } },
];
const SAFE = /^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$/u;

describe("the texts of inspect", () => {
  it("sum a run up", () => {
    expect(summaryText(summary)).toMatchInlineSnapshot(`
      "run         digits  k3x9f2ab
      status      finished (iterations)
      workspace   runs/digits
      metric      accuracy, maximize, baseline 0.5
      iterations  2
      hypotheses  5 (4 scored, 1 failed)
      spent       5 trials, 2 calls, 3.6k tokens, 34s

      best        accuracy 0.9694444444444444  i00002-h001  wide  (passed)
                  lr=0.05212 layers=[64,32]

      insights
        - [1] Wide is better.
          -> Go wider.
      "
    `);
  });

  it("sum up what calls have cost at least where some have no known price, and no amount where none has", () => {
    const spent = (costUsd: number) =>
      summaryText({ ...summary, totals: { ...summary.totals, costUsd, unpriced: 1 } }).match(/^spent .*/m)?.[0];
    expect(spent(0.12)).toContain("3.6k tokens, at least $0.12, 34s");
    expect(spent(0)).toContain("3.6k tokens, 34s");
  });

  it("say of a run under way as of when they tell what it used", () => {
    const text = summaryText({ ...summary, status: "running", reason: null, updatedAt: "2026-01-31T12:00:07.000Z" });
    expect(text).toContain("spent       5 trials, 2 calls, 3.6k tokens, 34s  (as of 2026-01-31T12:00:07.000Z)\n");
  });

  it("sum up why a run failed, with what was printed", () => {
    const message = "i00001-h002: exited with code 1\nTraceback:\n\x1b[31mValueError: no data";
    const text = summaryText({ ...summary, status: "failed", reason: "failed-alike", message });
    expect(text).toMatch(
      /^status {6}failed \(failed-alike\)\nwhy {9}i00001-h002: exited .*\n {12}Traceback:\n {12}ValueError/m,
    );
  });

  it("keep the end of a reason where no terminal bounds the line", () => {
    const reason = `${"long ".repeat(60)}and what to do about it`;
    const told = hypothesesText([{ ...row, id: "i1-h0", status: "failed", score: null, reason, spec: {} }], summary);
    expect(told + refusedText([{ iteration: 1, label: "a", reason }])).toMatch(/what to do.*\n[\s\S]*what to do/);
  });

  it("say so while nothing is scored", () => {
    const hypotheses = { total: 2, scored: 0, failed: 0 };
    expect(summaryText({ ...summary, hypotheses, best: null, lastInsights: [] })).toContain("nothing was scored yet");
    expect(bestText({ ...summary, hypotheses, best: null })).toBe("nothing was scored yet\n");
    expect(hypothesesText([], summary)).toBe("no hypotheses yet\n");
    expect(insightsText([])).toBe("no insights yet\n");
    expect(callsText({ calls: [], sums: [] })).toBe("no calls yet\n");
  });

  it("say so while nothing is scored that counts", () => {
    expect(summaryText({ ...summary, best: null })).toContain("best        nothing that counts was scored yet");
    expect(bestText({ ...summary, best: null })).toBe("nothing that counts was scored yet\n");
  });

  it("line hypotheses up by display width within the terminal", () => {
    const text = hypothesesText(rows, summary, 80);
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(text).toMatch(SAFE);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(lines[1]).toContain("+  i00001-h000  広い層");
    expect(lines[2]).toMatch(/^x {2}i00001-h001 .*failed {4}exit/u);
    expect(lines[3]).toMatch(/^\* {2}i00002-h001 {2}wide .*0\.9694 {4}lr=0\.052 hidden=128$/);
  });

  it("mark a hypothesis that does not count for the best, passed or not", () => {
    const left = rows.map((row) => ({ ...row, counts: false }));
    const marks = hypothesesText(left, summary).split("\n").slice(1, 4);
    expect(marks.map((line) => line[0])).toEqual(["-", "-", "*"]);
  });

  it("say below what those marks mean that are there", () => {
    const marked = hypothesesText(rows, summary);
    expect(marked).toMatch(/\n\n\* best, \+ passed, x failed\n$/);
    const left = rows.map((row) => ({ ...row, counts: false }));
    expect(hypothesesText(left, summary)).toMatch(/\n\n\* best, - left out by a rollback\n$/);
    expect(hypothesesText([{ ...row, id: "i00001-h000", score: 1, passed: false, spec: {} }], summary)).not.toMatch(
      /\n\n/,
    );
  });

  it("leave the label column out when nothing has a label", () => {
    const [head] = hypothesesText([{ ...row, id: "i00001-h000", score: 1, spec: {} }], summary).split("\n");
    expect(head).toBe("   hypothesis   accuracy  parameters");
  });

  it("show the best parameters in full", () => {
    expect(bestText(summary)).toBe(
      "best        accuracy 0.9694444444444444  i00002-h001  wide  (passed)\n  lr: 0.05212345678\n  layers:\n    - 64\n    - 32\n",
    );
  });

  it("show all that is recorded of a hypothesis, safely", () => {
    const failure = { code: "TRIAL_FAILED", message: "exit code 1", logTail: `Traceback\n  ${HOSTILE}` };
    const text = showText({
      hypothesis: {
        id: "i00001-h001",
        label: HOSTILE,
        rationale: HOSTILE,
        spec: { [HOSTILE]: { deep: [HOSTILE] } },
        edits: [{ path: "train.py", delete: true }],
      },
      experiment: {
        hypothesisId: "i00001-h001",
        status: "failed",
        trials: [{ id: "i00001-h001-t00", index: 0, seed: 11, outcome: { status: "failed", failure } }],
        summary: null,
        failure,
      },
      evaluation: {
        hypothesisId: "i00001-h001",
        score: null,
        passed: false,
        reason: "the experiment failed",
        details: {},
      },
    });
    expect(text).toMatch(SAFE);
    expect(text).toContain("no score, not passed: the experiment failed");
    expect(text).toContain("edits\n  train.py");
    expect(text).toContain("  i00001-h001-t00  failed  11    exit code 1");
    expect(text).toContain("  logTail:\n    Traceback\n");
  });

  it("list calls with what they cost", () => {
    const call: CallRow = {
      id: "00001-researcher-a1",
      role: "researcher",
      iteration: 1,
      ask: 1,
      runner: "main",
      model: "m-1",
      state: "finished",
      hypothesisId: null,
      attempts: 1,
      promptLength: 10,
      responseLength: 10,
      inputTokens: 1200,
      outputTokens: 340,
      estimated: false,
      costUsd: 0.0087,
      durationMs: 4210,
      failure: null,
    };
    const none = { model: null, inputTokens: null, outputTokens: null, costUsd: null, durationMs: null };
    const failed: CallRow = { ...call, ...none, id: "00001-reviewer-a1", role: "reviewer", state: "failed" };
    const agent: CallRow = { ...call, ...none, id: "i00001-h000-evaluator-a1", role: "evaluator", runner: "agent" };
    const calls = [call, failed, { ...agent, inputTokens: 60, outputTokens: 40, estimated: true }];
    const text = callsText({ calls, sums: callSums(calls) });
    expect(text.split("\n")[1]).toMatch(/^00001-researcher-a1 +researcher +finished +1.5k +\$0.0087 +4s +main m-1$/);
    expect(text.split("\n")[2]).toMatch(/^00001-reviewer-a1 +reviewer {4}failed .* main$/);
    expect(text).toContain(`
by                calls  tokens  cost
stage researcher      1    1.5k  $0.0087
stage reviewer        1       0  $0
stage evaluator       1    ~100  unknown
runner main           2    1.5k  $0.0087
runner agent          1    ~100  unknown
iteration 1           3   ~1.6k  at least $0.0087
`);
  });
});

it("lists refused proposals with their iteration and reason, and nothing is said when there are none", () => {
  expect(refusedText([])).toBe("");
  const shown = refusedText([{ iteration: 2, label: "#1", reason: "it changed nothing" }]);
  expect(shown).toMatch(/iteration +refused +reason\n *2 +#1 +it changed nothing\n$/);
});
