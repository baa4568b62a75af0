import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LLMExperimenter, MetricEvaluator, Pipeline, Researcher, Workspace } from "../../../../src/index.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { formatPlan, planRun } from "../../../../src/spec/index.ts";
import { resolveData, runData } from "../../../../src/testing/run-spec.ts";
import { dataSpec } from "../../../support/data-spec.ts";
import { testFolder } from "../../../support/test-folder.ts";

const dir = testFolder({
  "cases.jsonl": '{"q": "one", "a": 1}\n\n{"q": "-two", "a": 2}\n{"q": "three SECRET", "a": 3}\n',
});

function spec(more: JsonObject): JsonObject {
  const space = { tone: { type: "categorical", choices: ["warm", "dry"] } };
  const researcher = { type: "search", method: "grid", num_tasks: 2, space };
  return dataSpec({ metric: { name: "right" }, researcher, ...more });
}

const ids = ["t00", "t01", "t02"].map((trial) => `i00001-h000-${trial}`);

describe("cases", () => {
  it("are a trial each, with the fields of the row in the command, aggregated like repeats", async () => {
    const command = ["sh", "-c", 'echo "said=$1"; echo right=$2', "sh", "{case.q}", "{case.a}"];
    const { workspace, result } = await runData(
      dir,
      spec({ experimenter: { type: "script", command, cases: "cases.jsonl" } }),
    );
    expect(result.totals.trials).toBe(6);
    expect(workspace.readExperiment("i00001-h000")?.summary).toMatchObject({
      right: 2,
      trials: { completed: 3, failed: 0 },
    });
    expect(ids.map((id) => workspace.readTrial(id)?.attempts[0]?.command?.slice(-2))).toEqual([
      ["one", "1"],
      ["-two", "2"],
      ["three SECRET", "3"],
    ]);
  });

  it("run as often as trials say, with the seeds of the repeats and not of the rows", async () => {
    const command = 'echo {case.a} > /dev/null; echo "right=$AURA_SEED"'.replace("{case.a} > /dev/null", "");
    const experimenter = { type: "script", shell: true, command, cases: "cases.jsonl", trials: 2, seeds: [5, 6] };
    const { workspace } = await runData(dir, spec({ experimenter }));
    const seeds = [0, 1, 2, 3, 4, 5].map((index) => workspace.readTrial(`i00001-h000-t0${index}`)?.seed);
    expect(seeds).toEqual([5, 6, 5, 6, 5, 6]);
  });

  it("reach no history: neither by a failure's tail nor by feedback", async () => {
    dir.write(
      "try.sh",
      'echo "{\\"right\\": 1, \\"feedback\\": \\"$1\\"}"; [ "$2" -lt 3 ] || { echo "cannot: $1" >&2; exit 1; }\n',
    );
    const experimenter = { type: "script", command: "sh try.sh {case.q} {case.a}", cases: "cases.jsonl" };
    const one = await runData(dir, spec({ experimenter: { ...experimenter, allow_failed: 1 } }));
    expect(one.workspace.readEvaluation("i00001-h000")).not.toHaveProperty("feedback");
    for (const kind of ["experiments", "evaluations"])
      expect(readFileSync(dir.join(`run/iterations/00001/${kind}/i00001-h000.json`), "utf8")).not.toMatch(
        /SECRET|-two/,
      );
    expect(readFileSync(dir.join("run/iterations/00001/trials/i00001-h000-t02.json"), "utf8")).toContain("SECRET");
  });

  it("are not in the copies that trials run in, and a change of them is another way of scoring", async () => {
    const experimenter = {
      type: "script",
      shell: true,
      command: "ls; echo right=1",
      cases: "cases.jsonl",
      cwd: "copy",
    };
    await runData(dir, spec({ experimenter }));
    expect(readFileSync(dir.join("run/iterations/00001/trials/i00001-h000-t00.a1.stdout.log"), "utf8")).not.toContain(
      "cases",
    );
    dir.write("cases.jsonl", '{"q": "other", "a": 1}\n');
    await expect(runData(dir, { ...spec({ experimenter }), stop: { iterations: 2 } })).rejects.toThrow(/cases\.jsonl/);
  });

  it("count in a dry run, as a judge's votes do, and fill the slots of an iteration", async () => {
    const experimenter = {
      type: "llm",
      runner: { type: "command", argv: ["cat"] },
      prompt: "{{case.q}}",
      cases: "cases.jsonl",
    };
    const evaluator = { type: "prompt", runner: { type: "command", argv: ["cat"] }, votes: 3 };
    const run = await resolveData(dir, { ...spec({ experimenter, evaluator }), parallel: 6 });
    const plan = await planRun(run, dir.join("run"), systemEffects());
    const { trialsPerHypothesis, atOnce, cost } = plan;
    expect([trialsPerHypothesis, atOnce, cost.callsPerIteration]).toEqual([3, 6, 6 + 6]);
    expect(formatPlan(plan, (text) => text)).toContain("2 an iteration, 3 trials each, 6 at a time");
    expect(run.loaded.warnings).toEqual([]);
  });

  it.each([
    ["[1]\n", /cases\.jsonl:1: a case is a JSON object/],
    ["\n", /has no row/],
  ])("that are none are refused before anything runs: %j", async (text, message) => {
    dir.write("cases.jsonl", text);
    const experimenter = { type: "script", command: "echo right={case.a}", cases: "cases.jsonl" };
    await expect(runData(dir, spec({ experimenter }))).rejects.toThrow(message);
  });
});

describe("a model as what is tried", () => {
  it("answers each case by a prompt that the hypothesis fills, and a judge scores the texts", async () => {
    dir.write("model.mjs", "export default (prompt) => prompt.toUpperCase();\n");
    dir.write(
      "judge.mjs",
      "export default (prompt) => JSON.stringify({ score: prompt.includes('WARM') ? 1 : 0.5 });\n",
    );
    const experimenter = {
      type: "llm",
      runner: { type: "function", module: "model.mjs" },
      prompt: "In a {{tone}} tone: {{case.q}}",
      cases: "cases.jsonl",
    };
    const evaluator = { type: "prompt", runner: { type: "function", module: "judge.mjs" } };
    const run = { ...spec({ experimenter, evaluator }) };
    const { workspace, result } = await runData(dir, run);
    expect(result).toMatchObject({ best: { id: "i00001-h000", score: 1 }, totals: { calls: 8 } });
    expect(workspace.readTrial("i00001-h000-t02")).toMatchObject({
      outcome: { status: "completed", output: "IN A WARM TONE: THREE SECRET" },
      steps: [
        { kind: "prompt", data: "In a warm tone: three SECRET" },
        { kind: "reply", data: "IN A WARM TONE: THREE SECRET" },
      ],
    });
  });

  it("sees the artifacts as the hypothesis has them", async () => {
    dir.write("skill.md", "Say hello.\n");
    dir.write(
      "propose.mjs",
      'export default () => [{ spec: {}, edits: [{ path: "skill.md", content: "Say goodbye.\\n" }] }];\n',
    );
    dir.write("model.mjs", "export default (prompt) => (prompt.includes('goodbye') ? 'Bye!' : 'Hi!');\n");
    dir.write("judge.mjs", "export default (prompt) => (prompt.includes('Bye!') ? '1' : '0.5');\n");
    const { workspace, result } = await runData(dir, {
      ...spec({
        artifacts: ["skill.md"],
        experimenter: { type: "llm", runner: { type: "function", module: "model.mjs" }, prompt: "{{artifacts}}" },
        evaluator: { type: "prompt", runner: { type: "function", module: "judge.mjs" } },
      }),
      researcher: { type: "function", module: "propose.mjs", num_tasks: 1 },
    });
    expect(workspace.readTrial("i00000-h000-t00")).toMatchObject({ outcome: { output: "Hi!" } });
    expect(result.best).toMatchObject({ id: "i00001-h000", score: 1 });
  });

  it("is told of with its cases to who proposes, in the first prompt of a dry run as in the run's", async () => {
    dir.write("propose.mjs", "export default () => '[{}, {}]';\n");
    const model = { type: "function", module: "propose.mjs" };
    const told = async (experimenter: JsonObject) => {
      const researcher = { type: "prompt", runner: model, prompt: "{{scoring}} cases {{scoring.cases}}" };
      const text = { ...spec({ experimenter: { cases: "cases.jsonl", ...experimenter } }), researcher };
      const { prompt } = await planRun(await resolveData(dir, text), dir.join("none"), systemEffects());
      return prompt;
    };
    const script = { type: "script", command: "sh run.sh {case.q}" };
    expect(await told({ ...script, trials: 2 })).toContain("Each is run 2 times for each of 3 cases by\n");
    expect(await told(script)).toMatch(/Each is run once for each of 3 cases by\n[\s\S]* cases 3$/);
    const llm = { type: "llm", runner: model, prompt: "{{case.q}}" };
    expect(await told(llm)).toContain(
      "For each a model is asked once for each of 3 cases with this prompt, a template:",
    );
    const run = {
      ...spec({ experimenter: { ...llm, cases: "cases.jsonl" } }),
      researcher: { type: "prompt", runner: model },
    };
    const { workspace } = await runData(dir, run);
    expect(workspace.readCall(1, "i00001-researcher-a1")?.prompt).toContain("asked once for each of 3 cases with");
  });

  it("is the same in code; one that fails is a failed trial, and the researcher knows its prompt", async () => {
    const asked: string[] = [];
    const propose = async (prompt: string): Promise<string> => {
      asked.push(prompt);
      return '[{"n": 1}, {"n": 2}]';
    };
    const pipeline = new Pipeline({
      researcher: new Researcher({ runner: propose, numTasks: 2, space: { n: { type: "int", low: 1, high: 2 } } }),
      experimenter: new LLMExperimenter({
        runner: async (prompt) => {
          if (prompt === "2?") throw new Error("no idea");
          return prompt;
        },
        promptTemplate: "{{n}}?",
      }),
      evaluator: new MetricEvaluator({ metric: "right" }),
      workspace: await Workspace.create(dir.join("run")),
      settings: { stop: { iterations: 1 } },
    });
    await pipeline.run();
    expect(asked[0]).toContain("a model is asked with this prompt, a template:\n```\n{{n}}?\n```");
    const workspace = await Workspace.open(dir.join("run"));
    expect(workspace.readEvaluation("i00001-h000")?.reason).toMatch(
      /^the trial's output is "1\?", not an object of metrics/,
    );
    expect(workspace.readEvaluation("i00001-h001")?.reason).toMatch(/no idea/);
    expect(() => new LLMExperimenter({ runner: async () => "", promptTemplate: 7 as never })).toThrow(/promptTemplate/);
  });
});
