import { describe, expect, it } from "vitest";
import { TOKEN_BUDGETS } from "../../../../src/components/prompting/budgets.ts";
import { parseFindings } from "../../../../src/components/reviewers/findings.ts";
import { Reviewer } from "../../../../src/components/reviewers/prompt.ts";
import { RunnerError } from "../../../../src/kernel/errors.ts";
import type { AuraEventBody } from "../../../../src/kernel/events.ts";
import { directCalls, scriptedRunner } from "../../../support/scripted-runner.ts";
import { historyEntry, stageContext, stageResults } from "../../../support/stage-context.ts";

const none = { evidence: () => undefined, insights: new Set(["i00001-n00", "i00001-n01"]) };

describe("parseFindings", () => {
  it("reads a list of findings, strings, and wrapped or single ones", () => {
    const expected = { ok: true, value: [{ finding: "a", recommendation: "b" }] };
    expect(parseFindings('[{"finding": "a", "recommendation": "b"}]', none)).toEqual(expected);
    expect(parseFindings('{"insights": [{"insight": "a", "suggestion": "b"}]}', none)).toEqual(expected);
    expect(parseFindings('{"finding": "a", "recommendation": "b", "evidence": ["x"]}', none)).toEqual(expected);
    expect(parseFindings('["a", " "]', none)).toEqual({ ok: true, value: [{ finding: "a" }] });
  });

  it("takes prose as one finding, bounded and without control characters", () => {
    expect(parseFindings("Small \u001b[1mlr\u001b[0m wins, see [1].", none)).toEqual({
      ok: true,
      value: [{ finding: "Small lr wins, see [1]." }],
    });
    expect(parseFindings("<think>Is it lr? Yes.</think>\nSmall lr wins.", none)).toEqual({
      ok: true,
      value: [{ finding: "Small lr wins." }],
    });
    const long = parseFindings(`So ${"x".repeat(9000)}`, none);
    expect(long.ok && long.value[0]?.finding.length).toBe(2000);
  });

  it("takes an empty list for a review that found nothing", () => {
    for (const reply of ["[]", '{"insights": []}', "```json\n[]\n```", "Nothing new here.\n[]"]) {
      expect(parseFindings(reply, none), reply).toEqual({ ok: true, value: [] });
    }
    expect(parseFindings("The list [] was empty, so lower it.", none)).toMatchObject({ ok: true, value: [{}] });
  });

  it("reads which insights a finding replaces or takes back, as far as they stand", () => {
    const reply = [
      { replace: ["i00001-n00", "i00009-n00"], finding: "better" },
      { replaces: "i00009-n00", finding: "new" },
      { retract: "i00001-n01", reason: "wrong" },
      { retracts: ["i00001-n01"] },
      { retract: "i00009-n00", reason: "of none" },
    ];
    expect(parseFindings(reply, none)).toEqual({
      ok: true,
      value: [
        { finding: "better", replaces: ["i00001-n00"] },
        { finding: "new" },
        { finding: "wrong", retracts: ["i00001-n01"] },
        { finding: "It does not hold.", retracts: ["i00001-n01"] },
      ],
    });
    expect(parseFindings({ retract: "i00001-n01" }, none)).toMatchObject({ ok: true, value: [{}] });
    expect(parseFindings([{ retract: "i00009-n00" }], none)).toEqual({ ok: true, value: [] });
  });

  it("refuses what is empty, cut off or says nothing", () => {
    for (const reply of ["", " \u0000 ", '[{"finding": "a"', "[{}]", "42", "```json\n[", "???"]) {
      expect(parseFindings(reply, none).ok, reply).toBe(false);
    }
  });
});

describe("Reviewer", () => {
  it("puts its own vars into its prompt, and refuses one that names others", () => {
    const options = { runner: scriptedRunner(), promptTemplate: "In {{vars.language}}: {{results}}" };
    const reviewer = new Reviewer({ ...options, vars: { language: "Dutch" } });
    expect(reviewer.prompt([], stageContext())).toMatch(/^In Dutch: /);
    expect(() => new Reviewer({ ...options, vars: { tongue: "Dutch" } })).toThrow(/language/);
  });

  const batch = [
    stageResults("i00002-h000", { lr: 0.1 }, 0.9),
    stageResults("i00002-h001", { lr: 0.9 }, null, "it crashed"),
  ];

  it("shows the results and keeps evidence of known hypotheses only, labels included", async () => {
    const reply = '[{"finding": "f", "evidence": ["i00002-h000", "nope", "old one", "../x", "i00002-h000"]}]';
    const runner = scriptedRunner(reply);
    const ctx = stageContext({ iteration: 2, entries: [{ ...historyEntry(1, 0, { lr: 1 }, 0.2), label: "old one" }] });
    const findings = await new Reviewer({ runner }).review(batch, { ...ctx, calls: directCalls() });
    expect(findings).toEqual([{ finding: "f", evidence: ["i00002-h000", "i00001-h000"] }]);
    expect(runner.prompts[0]).toMatch(/i00002-h000: score 0.9, passed[\s\S]*i00002-h001: no score \(it crashed\)/);
  });

  it("shows stderr, feedback, the own diff and failed edits, and stays in its budget", async () => {
    const [good, bad] = batch;
    if (!good || !bad) expect.unreachable();
    const base = { snapshot: "s1", hypothesisId: "i00001-h003" };
    const failure = { code: "exit", message: "exited with 1", logTail: "Traceback\nValueError: no" };
    const told = [
      {
        hypothesis: { ...good.hypothesis, base },
        experiment: { ...good.experiment, state: "s2", summary: { loss: 0.25, feedback: "once" } },
        evaluation: { ...good.evaluation, feedback: "case 3 is wrong" },
      },
      { ...bad, experiment: { ...bad.experiment, failure } },
    ];
    const artifacts = {
      base: "other",
      parent: "s0",
      start: "s0",
      files: () => [],
      diff: (a: string, b: string) => `${a}>${b}`,
    };
    const refused = [{ label: "third", reason: "it cannot be made", edit: '{"path":"a.py","delete":true}' }];
    const prompt = (results: typeof batch) =>
      new Reviewer({ runner: scriptedRunner() }).prompt(results, { ...stageContext(), artifacts, refused });
    const text = prompt(told);
    for (const part of ["case 3 is wrong", "ValueError: no", "in i00001-h003:\n```diff\ns1>s2", '{"loss":0.25}']) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("once");
    expect(text).toContain('"third": it cannot be made\n  its edit: {"path":"a.py","delete":true}');
    const many = Array.from({ length: 300 }, (_, i) => {
      const long = "z".repeat(4000);
      const { hypothesis, experiment, evaluation } = stageResults(`i00002-h${i}`, { long }, 1, long);
      return {
        hypothesis,
        experiment: { ...experiment, summary: { long } },
        evaluation: { ...evaluation, feedback: long },
      };
    });
    expect(prompt(many).length).toBeLessThan(TOKEN_BUDGETS.results * 4 + 40_000);
  });

  it("offers the results to a template of one's own", async () => {
    const runner = scriptedRunner('["ok"]');
    const promptTemplate = "{{#each results}}{{this.id}} {{this.spec.lr}} {{this.score}};{{/each}}";
    await new Reviewer({ runner, promptTemplate }).review(batch, { ...stageContext(), calls: directCalls() });
    expect(runner.prompts[0]).toBe("i00002-h000 0.1 0.9;i00002-h001 0.9 ;");
  });

  it("asks again at most twice, then warns and goes without insights", async () => {
    const events: AuraEventBody[] = [];
    const runner = scriptedRunner("[", "", "{}");
    const ctx = { ...stageContext({ events }), calls: directCalls() };
    expect(await new Reviewer({ runner }).review(batch, ctx)).toEqual([]);
    expect(runner.prompts).toHaveLength(3);
    expect(events).toMatchObject([
      { type: "warning", code: "review-unusable", message: expect.stringMatching(/3 replies/) },
    ]);
  });

  it.each(["failed", "unusable-reply", "rejected", "budget"] as const)(
    "goes without insights, with a warning, when its call is %s",
    async (problem) => {
      const events: AuraEventBody[] = [];
      const ctx = { ...stageContext(), calls: directCalls(), emit: (event: AuraEventBody) => void events.push(event) };
      const reviewer = new Reviewer({ runner: () => Promise.reject(new RunnerError(problem, "prompt is too long")) });
      expect(await reviewer.review(batch, ctx)).toEqual([]);
      expect(events).toMatchObject([
        { type: "warning", code: "review-unusable", message: expect.stringMatching(/prompt is too long/) },
      ]);
    },
  );

  it.each(["unavailable", "credentials"] as const)(
    "does not survive a provider whose problem is %s",
    async (problem) => {
      const reviewer = new Reviewer({ runner: () => Promise.reject(new RunnerError(problem, "gone")) });
      await expect(reviewer.review(batch, { ...stageContext(), calls: directCalls() })).rejects.toThrow("gone");
    },
  );
});
