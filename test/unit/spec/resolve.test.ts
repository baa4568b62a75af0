import { describe, expect, it } from "vitest";
import { defineComponent } from "../../../src/kernel/define.ts";
import { SpecError, ToolMissingError } from "../../../src/kernel/errors.ts";
import { comparisonsOf, isBetter } from "../../../src/model/score.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type LoadSpecTextOptions, loadSpec, loadSpecText, resolveSpec } from "../../../src/spec/index.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { type Built, fixtures, VALID } from "./registry.ts";

const load = (text: string, options: Partial<LoadSpecTextOptions> = {}) =>
  loadSpecText(text, "/project/spec.yaml", { registry: fixtures, ...options });

function built(component: object): Built {
  if (!isBuilt(component)) throw new Error("not a fixture");
  return component;
}
function isBuilt(component: object): component is Built {
  return "parts" in component;
}

describe("resolving a spec", () => {
  it("builds the stages from the inside out, without notes and types among their options", async () => {
    const run = await resolveSpec(load(VALID.replace("    timeout: 5m", "    timeout: 5m\n    x-note: hello")));
    const experimenter = built(run.experimenter);
    expect(experimenter).toMatchObject({ kind: "experimenter", name: "composed", options: { trials: 1 } });
    expect(experimenter.parts.executor).toMatchObject({
      kind: "executor",
      options: { command: "python train.py --lr {lr} --opt {opt}", shell: false, timeout: "5m" },
    });
    expect(experimenter.parts.executor).not.toHaveProperty("options.x-note");
    expect(run.reviewer).toMatchObject({ kind: "reviewer", name: "none" });
  });

  it("builds a runner that has a name once, and shares it", async () => {
    const text = VALID.replace(
      "researcher:\n  type: search\n  method: random",
      "reviewer: { type: prompt, runner: main }\nresearcher:\n  type: prompt\n  runner: main",
    );
    const run = await resolveSpec(load(text));
    const runner = built(run.researcher).parts.runner;
    expect(runner).toMatchObject({ kind: "runner", name: "main", options: { model: "claude" } });
    expect(built(run.reviewer).parts.runner).toBe(runner);
  });

  it("takes what rounding makes of a score for no better than the best, live and in records alike", async () => {
    const { settings, spec } = await resolveSpec(load(VALID));
    expect(isBetter(0.30000000000000004, 0.3, settings.metric)).toBe(false);
    expect(settings.metric).toMatchObject(comparisonsOf({ spec: spec.raw })("i00001-h000"));
  });

  it("gives the settings of the run in plain units", async () => {
    const text = `${VALID}seed: 7
stop: { iterations: 3, wall_clock: 30m, tokens: 200k }
constraints: { time_budget: 90s, note: free }
inputs: [data/digits.csv, { path: /big/notes, show: full }]
artifacts: [train.py, src/]
root: ..
checks: [{ name: tests, command: npm test, timeout: 5m }]
`;
    const { settings, spec } = await resolveSpec(
      load(text.replace("baseline: 0.5", "baseline: 0.5, target: 0.9, min_delta: 3%")),
    );
    expect(settings).toEqual({
      name: "digits",
      goal: "Raise the accuracy.",
      seed: 7,
      metric: {
        name: "accuracy",
        direction: "maximize",
        baseline: 0.5,
        target: 0.9,
        minDelta: { kind: "relative", value: 0.03 },
      },
      stop: { iterations: 3, wallClockMs: 1_800_000, tokens: 200_000 },
      parallel: 1,
      retries: 0,
      insightWindow: null,
      constraints: { time_budget: "90s", note: "free" },
      timeBudgetMs: 90_000,
      inputs: [
        { path: "data/digits.csv", absolutePath: "/data/digits.csv", show: "name" },
        { path: "/big/notes", absolutePath: "/big/notes", show: "full" },
      ],
      hidden: [],
      root: "/",
      artifacts: ["train.py", "src"],
      files: null,
      rollback: "best",
      start: "must_score",
      keep: "all",
      keepFiles: [],
      checks: [{ name: "tests", command: "npm test", shell: false, timeoutMs: 300_000 }],
    });
    expect(spec).toMatchObject({
      file: "/project/spec.yaml",
      overrides: {},
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("checks what a component builds from a config of its own making", async () => {
    const careless = defineComponent({
      kind: "reviewer",
      type: "careless",
      summary: "Builds a collector from options that are wrong.",
      options: { type: "object", properties: {}, additionalProperties: false },
      example: {},
      create: (_, deps) => {
        deps.build("collector", { type: "json-file", path: 3 });
        return { review: async () => [] };
      },
    });
    const loaded = load(`${VALID}reviewer: { type: careless }\n`, { registry: fixtures.with(careless) });
    await expect(resolveSpec(loaded)).rejects.toThrow("collector json-file: path: expected text");
  });
});

describe("the programs that components need", () => {
  const needing = (tool: string, args: readonly string[]) =>
    fixtures.with(
      defineComponent({
        kind: "aggregator",
        type: "unused",
        summary: "Never looked for.",
        options: { type: "object", properties: {}, additionalProperties: false },
        example: {},
        requires: [{ tool: "no-such-program-either", args: [], hint: "" }],
        create: () => ({ aggregate: () => null }),
      }),
      defineComponent({
        kind: "reviewer",
        type: "needy",
        summary: "Needs a program.",
        options: { type: "object", properties: {}, additionalProperties: false },
        example: {},
        requires: [{ tool, args, hint: "Install it with your package manager." }],
        create: () => ({ review: async () => [] }),
      }),
    );
  const text = `${VALID}reviewer: { type: needy }\n`;
  const resolve = (tool: string, args: readonly string[]) => {
    using dir = temporaryDirectory();
    const registry = needing(tool, args);
    const loaded = loadSpecText(text, dir.join("spec.yaml"), { registry });
    return resolveSpec({ ...loaded, dir: "/" }, { effects: systemEffects() });
  };

  it("are run to see that they work", async () => {
    await expect(resolve(process.execPath, ["--version"])).resolves.toBeDefined();
  });

  it("end it with a message that names the program and what to do", async () => {
    await expect(resolve("no-such-program", ["--version"])).rejects.toThrow(ToolMissingError);
    await expect(resolve("no-such-program", ["--version"])).rejects.toThrow(
      /no-such-program is needed[\s\S]*Install it/,
    );
    await expect(resolve(process.execPath, ["-e", "console.error('broken'); process.exit(3)"])).rejects.toThrow(
      "broken",
    );
  });
});

describe("what only shows when components are built", () => {
  const picky = fixtures.with(
    defineComponent({
      kind: "reviewer",
      type: "picky",
      summary: "Refuses its prompt when it is built.",
      options: { type: "object", properties: { prompt: { type: "string" } }, additionalProperties: false },
      example: {},
      create: ({ prompt }) => {
        if (prompt?.includes("{{")) throw new SpecError("the prompt uses {{wat}}, which is not a variable");
        return { review: async () => [] };
      },
    }),
  );

  it("is told with the other mistakes, at the component", async () => {
    using dir = temporaryDirectory();
    const text = `${VALID.replace("name: digits", "nmae: digits")}reviewer: { type: picky, prompt: "{{wat}}" }\n`;
    await expect(loadSpec(dir.write("spec.yaml", text), { registry: picky })).rejects.toMatchObject({
      diagnostics: [
        { line: 2, suggestion: "name" },
        { line: 19, path: "reviewer", message: "the prompt uses {{wat}}, which is not a variable" },
      ],
    });
  });
});
