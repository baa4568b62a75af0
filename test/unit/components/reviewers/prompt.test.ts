import { describe, expect, it } from "vitest";
import { parseFindings } from "../../../../src/components/reviewers/findings.ts";
import { Reviewer } from "../../../../src/components/reviewers/prompt.ts";
import { RunnerError } from "../../../../src/kernel/errors.ts";
import type { AuraEventBody } from "../../../../src/kernel/events.ts";
import { directCalls, scriptedRunner } from "../../../support/scripted-runner.ts";
import { historyEntry, stageContext, stageResults } from "../../../support/stage-context.ts";

const none = () => undefined;

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

  it("refuses what is empty, cut off or says nothing", () => {
    for (const reply of ["", " \u0000 ", '[{"finding": "a"', "[]", "[{}]", "42", "```json\n[", "???"]) {
      expect(parseFindings(reply, none).ok, reply).toBe(false);
    }
  });
});

describe("Reviewer", () => {
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
