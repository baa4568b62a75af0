import { describe, expect, it } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { formatPlan, loadSpecText, missingProgram, planRun, resolveSpec, unsetKeys } from "../../../src/spec/index.ts";

const builtins = await allBuiltins();

const SPEC = `version: 1
name: digits
goal: Raise the accuracy.
metric: { name: accuracy, baseline: 0.5 }
stop: { iterations: 4, hypotheses: 10 }
runners:
  main: { type: anthropic, model: claude, max_tokens: 1000, price: { input: 3, output: 15 } }
researcher:
  type: prompt
  runner: main
  num_tasks: 3
  space:
    lr: { type: float, low: 1e-5, high: 0.1, log: true }
    layers: { type: int, low: 1, high: 8 }
    opt: { type: categorical, choices: [adam, sgd] }
    momentum: { type: float, low: 0, high: 1, when: { opt: sgd } }
experimenter:
  type: composed
  executor:
    type: script
    command: python train.py --lr {lr} --layers {layers} --opt "{opt} it" --momentum {momentum?} {aura.seed}
  trials: 2
checks: [{ name: tests, command: npm test }]
reviewer: { type: prompt, runner: main }
`;

async function planOf(text: string) {
  const effects = systemEffects();
  const loaded = loadSpecText(text, "/project/spec.yaml", { registry: builtins });
  const run = await resolveSpec(loaded, { effects, probe: false });
  return planRun(run, "/project/runs/digits", effects);
}

describe("a program that a run would miss", () => {
  const missing = async (change: (text: string) => string) => {
    const effects = systemEffects();
    const text = change(SPEC.replaceAll(/python|npm/g, process.execPath));
    const loaded = loadSpecText(text, "/project/spec.yaml", { registry: builtins });
    return (await missingProgram(await resolveSpec(loaded, { effects, probe: false }), effects))?.tool ?? null;
  };
  it.each([
    ["", (text: string) => text],
    ["of a trial", (text: string) => text.replace(/command: \S+ train/, "command: no-such train")],
    ["of a check", (text: string) => text.replace(/command: \S+ test/, "command: no-such test")],
    ["of an evaluator", (text: string) => `${text}evaluator: { type: command, command: no-such x }\n`],
    ["of a runner", (text: string) => text.replace(/main: \{.*\}$/m, "main: { type: command, argv: [no-such] }")],
  ])("%s is told without starting anything", async (of, change) => {
    expect(await missing(change)).toBe(of === "" ? null : "no-such");
  });

  it("is not looked for where something would have to be started or made to see it", async () => {
    const environment = "environment: { type: docker, image: none/such }\n  executor:";
    expect(
      await missing((text) => text.replace("executor:", environment).replace(/\S+ train/, "no-such train")),
    ).toBeNull();
  });
});

describe("the keys that a run would need", () => {
  const unset = async (text: string, variables: Readonly<Record<string, string>>) => {
    const effects = systemEffects();
    const loaded = loadSpecText(text, "/project/spec.yaml", { registry: builtins });
    const run = await resolveSpec(loaded, { effects, probe: false });
    return unsetKeys(run, { variables: { ...effects.variables, get: (name) => variables[name] } });
  };
  const other = SPEC.replace("runners:", "runners:\n  spare: { type: anthropic, model: m, api_key_env: SPARE_KEY }");

  it("are told where they are not set and a runner is asked that takes one", async () => {
    const { file, path, message } = {
      file: "/project/spec.yaml",
      path: "runners.main.api_key_env",
      message: /_KEY is not/,
    };
    expect(await unset(other, {})).toEqual([{ file, path, message: expect.stringMatching(message) }]);
    expect(await unset(other, { ANTHROPIC_API_KEY: "k" })).toEqual([]);
  });
});

describe("the plan of a run", () => {
  it("says how large it is, what it costs and which commands it runs", async () => {
    const plan = await planOf(SPEC);
    expect(plan).toMatchObject({
      hypothesesPerIteration: 3,
      hypotheses: 10,
      trialsPerHypothesis: 3,
      sample: { lr: 0.001, layers: 5, opt: "adam" },
      cost: { callsPerIteration: 2 },
    });
    expect(plan.commands).toEqual([
      {
        path: "experimenter.executor.command",
        template: expect.stringContaining("{lr}"),
        argv: ["python", "train.py", "--lr", "0.001", "--layers", "5", "--opt", "adam it", "0"],
      },
      { path: "checks.0.command", template: "npm test", argv: ["npm", "test"] },
    ]);
    expect(plan.cost.firstCallUsd).toBeCloseTo(((plan.cost.promptTokens ?? 0) * 3 + 1000 * 15) / 1e6);
  });

  it("shows the first prompt as it would be sent", async () => {
    const { prompt } = await planOf(SPEC);
    expect(prompt).toContain("Raise the accuracy.");
    expect(prompt).toContain("layers");
  });

  it("prints the prompt byte for byte, but nothing that a terminal acts on, and no secret", async () => {
    const prompt = `one\r\n\r\n\ttwo e\u0301 ${"x".repeat(5000)}\r\n\u001b[2Jhidden`;
    const plan = { ...(await planOf(SPEC)), prompt };
    const text = formatPlan(plan, (given) => given.replaceAll("hidden", "[redacted]"));
    const shown = `  one\r\n\r\n  \ttwo e\u0301 ${"x".repeat(5000)}\r\n  \ufffd[2J[redacted]`;
    expect(text.endsWith(`\n\nfirst prompt\n${shown}`)).toBe(true);
  });

  it("reads well", async () => {
    const text = formatPlan(await planOf(SPEC), (given) => given);
    expect(text).toContain("size       at most 10 hypotheses, 3 an iteration, 2 trials and 1 check each, 1 at a time");
    expect(text).toContain("python train.py --lr 0.001 --layers 5 --opt 'adam it' 0");
    expect(text).toMatch(/the researcher's first call at most \$0\.\d+, the others not counted; prompts grow/);
  });

  it("shows a command as written when the parameters are the model's to choose", async () => {
    const { commands, sample } = await planOf(SPEC.replace(/ {2}space:\n( {4}.*\n)*/, ""));
    expect(sample).toBeNull();
    expect(commands[0]).toMatchObject({ argv: null, template: expect.stringContaining("{lr}") });
  });
});
