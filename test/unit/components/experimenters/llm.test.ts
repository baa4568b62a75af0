import { describe, expect, it } from "vitest";
import {
  asResearcher,
  Evaluator,
  LLMExperimenter,
  Pipeline,
  SearchResearcher,
  Workspace,
} from "../../../../src/index.ts";
import { testFolder } from "../../../support/test-folder.ts";

const dir = testFolder();

async function run(trialPrompt: string, judgePrompt: string) {
  const trials: string[] = [];
  const judged: string[] = [];
  const pipeline = new Pipeline({
    researcher: asResearcher(() => [{ tone: "warm" }, { other: 1 }, { tone: "dry" }]),
    experimenter: new LLMExperimenter({
      runner: async (prompt) => `answer ${trials.push(prompt)}`,
      promptTemplate: trialPrompt,
      vars: { manner: "Be" },
    }),
    evaluator: new Evaluator({
      runner: async (prompt) => `{ "score": 0.${judged.push(prompt)} }`,
      promptTemplate: judgePrompt,
    }),
    workspace: await Workspace.create(dir.join("run")),
    maxIterations: 1,
  });
  const { reason } = await pipeline.run();
  const workspace = await Workspace.open(dir.join("run"));
  const evaluations = ["h000", "h001", "h002"].map((id) => workspace.readEvaluation(`i00001-${id}`));
  return { reason, trials: trials.toSorted(), judged, evaluations };
}

describe("the parameters of a hypothesis that a space declares", () => {
  it("are empty in the prompts of trial and judge where they do not exist, and in no list of those that do", async () => {
    const prompts: string[] = [];
    const prompt = "{{opt}} [{{mom}}{{spec.mom}}{{#if spec.mom}}!{{/if}}{{#if mom}}!{{/if}}] {{spec}}";
    const asked = (reply: string) => async (prompt: string) => {
      prompts.push(prompt);
      return reply;
    };
    const pipeline = new Pipeline({
      researcher: new SearchResearcher({
        method: "grid",
        numTasks: 2,
        space: {
          opt: { type: "categorical", choices: ["adam", "sgd"] },
          mom: { type: "categorical", choices: [0.5], when: { opt: "sgd" } },
        },
      }),
      experimenter: new LLMExperimenter({ runner: asked("Done."), promptTemplate: `Try ${prompt}` }),
      evaluator: new Evaluator({ runner: asked("0.5"), promptTemplate: `Judge ${prompt}` }),
      workspace: await Workspace.create(dir.join("run")),
      maxIterations: 1,
    });
    await pipeline.run();
    expect(prompts.toSorted()).toEqual([
      'Judge adam [] {"opt":"adam"}',
      'Judge sgd [0.50.5!!] {"opt":"sgd","mom":0.5}',
      'Try adam [] {"opt":"adam"}',
      'Try sgd [0.50.5!!] {"opt":"sgd","mom":0.5}',
    ]);
  });
});

describe("the parameters of a hypothesis that no space declares", () => {
  it("fill the prompts of a trial and of a judge by their bare names, next to its own values, and one that is missing fails its hypothesis alone", async () => {
    const { reason, trials, judged, evaluations } = await run(
      "{{vars.manner}} {{tone}}.",
      "Is it {{tone}}? {{output}}",
    );
    expect(trials).toEqual(["Be dry.", "Be warm."]);
    expect(judged.map((prompt) => prompt.split("\n")[0])).toEqual([
      expect.stringMatching(/^Is it warm\?/),
      expect.stringMatching(/^Is it dry\?/),
    ]);
    expect(evaluations[1]).toMatchObject({ score: null });
    expect(evaluations[1]?.reason).toMatch(/experimenter prompt:1: unknown variable "tone"$/);
    expect(reason).toBe("iterations");
  });

  it("fail a hypothesis alone also where only the judge asks for them, or as a field of `spec`", async () => {
    const { reason, trials, evaluations } = await run("Answer.", "Is it {{spec.tone}}?");
    expect(trials).toHaveLength(3);
    expect(evaluations.map((evaluation) => evaluation?.score)).toEqual([0.1, null, 0.2]);
    expect(evaluations[1]?.reason).toMatch(/\{\{spec\.tone\}\}: there is no field "tone" here$/);
    expect(reason).toBe("iterations");
  });

  it("are not what a name near another variable means", async () => {
    await expect(run("{{gaol}} {{tone}}", "{{output}}")).rejects.toThrow(
      /unknown variable "gaol"; did you mean "goal"/,
    );
    await expect(run("{{tone}}", "{{outptu}}")).rejects.toThrow(/unknown variable "outptu"; did you mean "output"/);
  });
});
