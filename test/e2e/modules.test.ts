import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const EVALUATOR = `import { defineComponent, type EvaluatorPort } from "aura-research";

interface Options { readonly scale: number }
enum Sign { plus = 1 }

class Scaled implements EvaluatorPort {
  constructor(private readonly options: Options) {}
  async evaluate(hypothesis, experiment) {
    const score = Number(experiment.summary?.score) * this.options.scale * Sign.plus;
    return { hypothesisId: hypothesis.id, score, passed: score > 1, reason: "scaled", details: {} };
  }
}

export default defineComponent({
  kind: "evaluator",
  type: "scaled",
  summary: "Scales the score.",
  options: { type: "object", properties: { scale: { type: "number", default: 2 } }, additionalProperties: false },
  example: { scale: 3 },
  create: (options) => new Scaled(options),
});
`;

const RESEARCHER = `import { defineComponent } from "aura-research";
import { start } from "./lib/start.ts";
export default defineComponent({
  kind: "researcher", type: "climber", summary: "Goes up from the best.",
  options: { type: "object", properties: { step: { type: "integer" } }, required: ["step"], additionalProperties: false },
  example: { step: 1 },
  create: (options) => ({
    numTasks: 1,
    hypothesize: async (ctx) => ({ proposals: [{ spec: { x: (ctx.history.best?.spec.x ?? start) + options.step } }] }),
  }),
});
`;

const RUNNER = `import { defineComponent } from "aura-research";
export default defineComponent({
  kind: "runner", type: "parrot", summary: "Says one thing.",
  options: { type: "object", properties: { words: { type: "string" } }, required: ["words"], additionalProperties: false },
  example: { words: "[]" },
  create: (options, deps) => ({ name: deps.name, run: async () => ({ content: options.words }) }),
});
`;

const REFUSING = `import { defineComponent, RunnerError } from "aura-research";
export default defineComponent({
  kind: "runner", type: "refusing", summary: "Knows no one.",
  options: { type: "object", properties: {}, additionalProperties: false }, example: {},
  create: (_, deps) => ({
    name: deps.name,
    run: async () => { throw new RunnerError("credentials", "nobody knows you here"); },
  }),
});
`;

describe("a user's own modules", () => {
  const here = sharedDesk({
    "evaluator.ts": EVALUATOR,
    "researcher.ts": RESEARCHER,
    "runner.ts": RUNNER,
    "refusing.ts": REFUSING,
    "lib/start.ts": "export const start: number = 4;\n",
  });
  const best = (place: string) => here.json<RunManifest>(`${place}/run.json`).best;

  test("in TypeScript propose and score, whatever this Node can do by itself", async () => {
    here.write(
      "own.yaml",
      spec({
        name: "own",
        stop: "{ iterations: 3 }",
        researcher: "{ type: ./researcher.ts, step: 2 }",
        more: "evaluator: { type: ./evaluator.ts, scale: 10 }",
      }),
    );
    expect(await here.run(["run", "own.yaml", "--workspace", "own"])).toMatchObject({ code: 0, stderr: "" });
    expect(best("own")).toEqual({ id: "i00003-h000", score: 100 });
  });

  test("answer prompts as runners", async () => {
    here.write(
      "parrot.yaml",
      spec({
        name: "parrot",
        researcher: "{ type: prompt, runner: main, num_tasks: 1 }",
        more: `runners: { main: { type: ./runner.ts, words: '[{"x": 7}]' } }`,
      }),
    );
    expect((await here.run(["run", "parrot.yaml", "--workspace", "parrot"])).code).toBe(0);
    expect(best("parrot")?.score).toBe(7);
  });

  thorough("say by the errors they throw what is to become of the run", async () => {
    const researcher = "{ type: prompt, runner: { type: ./refusing.ts } }";
    here.write("refusing.yaml", spec({ name: "refusing", researcher }));
    const { code, stderr } = await here.run(["run", "refusing.yaml", "--workspace", "refusing"]);
    expect(stderr).toContain("nobody knows you here");
    expect(code).toBe(7);
  });

  test("have their options checked like built-in ones, at their line", async () => {
    here.write("wrong.yaml", spec({ more: "evaluator: { type: ./evaluator.ts, scael: 10 }" }));
    const { code, stderr } = await here.run(["validate", "wrong.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:8:\d+/);
    expect(stderr).toMatch(/did you mean.*scale/);
  });
});
