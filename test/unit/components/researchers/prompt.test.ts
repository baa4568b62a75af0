import { describe, expect, it } from "vitest";
import { Researcher } from "../../../../src/components/researchers/prompt.ts";
import { RunFailedError, RunnerError, SpecError } from "../../../../src/kernel/errors.ts";
import { directCalls, scriptedRunner } from "../../../support/scripted-runner.ts";
import { historyEntry, stageContext } from "../../../support/stage-context.ts";

function context(count = 3) {
  const calls = directCalls();
  const entries = [historyEntry(1, 0, { lr: 0.5 }, 0.7), historyEntry(1, 1, { lr: 0.9 }, null)];
  const insights = [{ id: "i00001-n00", iteration: 1, finding: "small lr is better", evidence: ["i00001-h000"] }];
  const base = stageContext({ entries, insights });
  return { ...base, settings: { ...base.settings, goal: "Win." }, calls, count };
}

const space = { lr: { type: "float", low: 0, high: 1 } } as const;

describe("Researcher", () => {
  it("tells the model goal, metric, space, history, insights and failures", async () => {
    const runner = scriptedRunner('[{"lr": 0.1}]');
    const { proposals } = await new Researcher({ runner, space }).hypothesize(context());
    expect(proposals).toEqual([{ spec: { lr: 0.1 } }]);
    const prompt = runner.prompts[0] ?? "";
    for (const part of [
      "Win.",
      "accuracy (maximize",
      "lr:",
      "i00001-h000 score=0.7",
      "small lr is better",
      "# Recent failures",
      "Propose 3 new",
    ]) {
      expect(prompt).toContain(part);
    }
    expect(prompt).not.toMatch(/\n{4}|undefined|\[object/);
  });

  it("sends a prompt in which a field that a hypothesis lacks is empty, in the best as in the history", async () => {
    const runner = scriptedRunner('[{"lr": 0.1}]');
    const promptTemplate =
      "[{{best.spec.momentum}}] {{#each history}}{{id}} {{spec.net.layers}}{{metrics.loss}}{{json metrics.loss 0}}{{spec.lr.deep}};{{/each}}";
    const ctx = context();
    const history = { ...ctx.history, best: ctx.history.entries[0] ?? null };
    await new Researcher({ runner, promptTemplate }).hypothesize({ ...ctx, history });
    expect(runner.prompts[0]).toBe("[] i00001-h000 ;i00001-h001 ;");
  });

  it("fails the run, naming stage and prompt, when only the values show that it cannot be made", async () => {
    const researcher = new Researcher({
      runner: scriptedRunner(),
      promptTemplate: "{{goal}}\n{{truncate goal vars.length}}",
      promptName: "propose.md",
      vars: { length: "short" },
    });
    const failure = researcher.hypothesize(context());
    await expect(failure).rejects.toBeInstanceOf(RunFailedError);
    await expect(failure).rejects.toThrow(
      /^the prompt of the researcher cannot be made: propose\.md: the helper "truncate" needs a whole number, not "short"\nmend/,
    );
  });

  it("asks again with the reason, and gives up after the third unusable reply", async () => {
    const runner = scriptedRunner("Hm.", "[1, 2]", "```json\n[{");
    const ctx = context();
    const answer = await new Researcher({ runner }).hypothesize(ctx);
    expect(answer.proposals).toEqual([]);
    expect(answer.failure).toMatchObject({
      code: "unusable-reply",
      message: expect.stringMatching(/3 replies.*cut off/),
    });
    expect(ctx.calls.asked.map(({ ask }) => ask)).toEqual([1, 2, 3]);
    expect(runner.prompts[1]).toContain("Hm.");
    expect(runner.prompts[1]).toContain("there is no JSON in the reply");
    expect(runner.prompts[2]).toContain("#1: it is not an object");
    expect(runner.prompts[2]).not.toContain("Hm.");
  });

  it("asks again when every proposal is outside the space, and keeps single refusals for the next prompt", async () => {
    const runner = scriptedRunner('[{"lr": 7}]', '[{"lr": 0.3}, {"id": "far", "lr": 9}]');
    const answer = await new Researcher({ runner, space }).hypothesize(context());
    expect(answer.proposals).toEqual([{ spec: { lr: 0.3 } }]);
    expect(answer.refused).toMatchObject([
      { label: "#1", reason: expect.stringMatching(/lr/) },
      { label: "far", reason: expect.stringMatching(/lr/) },
    ]);
    expect(runner.prompts[1]).toMatch(/#1: .*lr/);
  });

  it("takes the whole of the one tracked file for an edit, and says so to a model that replied with less", async () => {
    const files = [{ path: "f.txt", size: 9, content: "one two three" }];
    const artifacts = { base: "s", parent: "s", start: "s", files: () => files, diff: () => "" };
    const runner = scriptedRunner("```\none\n```", "Shorter:\n```\none three\n```");
    const answer = await new Researcher({ runner }).hypothesize({ ...context(), artifacts });
    const edits = [{ path: "f.txt", content: "one three\n" }];
    expect(answer.proposals).toEqual([{ spec: {}, edits, rationale: "Shorter:" }]);
    expect(runner.prompts[1]).toMatch(
      /3 characters is not taken[\s\S]* or the whole of a new f\.txt in one fenced block/,
    );
    const other = scriptedRunner("```\none three\n```", '[{"lr": 1}]');
    await new Researcher({ runner: other, space }).hypothesize({ ...context(), artifacts });
    expect(other.prompts[1]).toContain("a JSON list of objects, one for each proposal, and nothing else");
  });

  it("uses the user's template, vars and schema", async () => {
    const runner = scriptedRunner('[{"lr": "x"}]', '[{"lr": 2}]');
    const researcher = new Researcher({
      runner,
      promptTemplate: "{{num_tasks}} for {{vars.team}} as {{role}}",
      vars: { team: "red" },
      hypothesisSchema: { type: "object", properties: { lr: { type: "number" } } },
    });
    expect((await researcher.hypothesize(context(2))).proposals).toEqual([{ spec: { lr: 2 } }]);
    expect(runner.prompts[0]).toBe("2 for red as researcher");
  });

  it("tells the model the schema that its proposals have to fit", async () => {
    const runner = scriptedRunner('[{"lr": 2}]', '[{"lr": 2}]');
    const hypothesisSchema = { type: "object", properties: { lr: { type: "number" } } };
    await new Researcher({ runner, hypothesisSchema }).hypothesize(context(1));
    await new Researcher({ runner }).hypothesize(context(1));
    expect(runner.prompts[0]).toContain(
      `must fit this JSON Schema:\n{"type":"object","properties":{"lr":{"type":"number"}}}\n`,
    );
    expect(runner.prompts[1]).not.toContain("Schema");
  });

  it("refuses a template, a space and a schema that cannot be used when it is made", () => {
    const runner = scriptedRunner();
    expect(() => new Researcher({ runner, promptTemplate: "{{histroy}}" })).toThrow(SpecError);
    expect(() => new Researcher({ runner, space: { lr: { type: "float", low: 2, high: 1 } } })).toThrow(SpecError);
    expect(() => new Researcher({ runner, hypothesisSchema: { type: "nonsense" } })).toThrow(SpecError);
  });

  it("takes edits only where artifacts are tracked", async () => {
    const reply = '[{"edits": [{"path": "a.py", "content": "x"}]}]';
    const artifacts = {
      base: "s1",
      parent: "s0",
      start: "s0",
      files: () => [{ path: "a.py", size: 3, content: "old" }],
      diff: () => "",
    };
    const runner = scriptedRunner(reply);
    const { proposals } = await new Researcher({ runner }).hypothesize({ ...context(), artifacts });
    expect(proposals).toEqual([{ spec: {}, edits: [{ path: "a.py", content: "x" }] }]);
    expect(runner.prompts[0]).toMatch(/a\.py \(3 bytes\):\n```\nold\n```/);
    const closed = scriptedRunner('[{"lr": 1}]');
    await new Researcher({ runner: closed, edits: "none" }).hypothesize({ ...context(), artifacts });
    expect(closed.prompts[0]).not.toContain("edits");
    const without = await new Researcher({ runner: scriptedRunner(reply, reply, reply) }).hypothesize(context());
    expect(without.failure?.code).toBe("unusable-reply");
  });

  it("lets a provider that cannot be used end the run", async () => {
    const runner = async () => Promise.reject(new RunnerError("credentials", "no key"));
    await expect(new Researcher({ runner }).hypothesize(context())).rejects.toThrow("no key");
  });

  it("can be subclassed", async () => {
    class Fixed extends Researcher {
      override async hypothesize() {
        return { proposals: [{ spec: { lr: this.numTasks } }] };
      }
    }
    expect(await new Fixed({ runner: scriptedRunner(), numTasks: 5 }).hypothesize()).toEqual({
      proposals: [{ spec: { lr: 5 } }],
    });
  });
});
