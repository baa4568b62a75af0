import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { defineExecutor } from "../../../src/components/executors/index.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type LoadSpecOptions, loadSpec } from "../../../src/spec/index.ts";
import { readOverrides } from "../../../src/spec/overrides.ts";
import { testFolder } from "../../support/test-folder.ts";
import { fixtures, VALID } from "./registry.ts";

const dir = testFolder();

const builtins = await allBuiltins();

async function errorsOf(path: string, options: LoadSpecOptions = {}): Promise<readonly string[]> {
  try {
    await loadSpec(path, { registry: fixtures, ...options });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    if (thrown.diagnostics.length === 0) return [thrown.message];
    return thrown.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

const EVALUATOR = `export default {
  kind: "evaluator",
  type: "mine",
  summary: "Mine.",
  options: {
    type: "object",
    properties: { bonus: { type: "number", default: 2 }, inner: { $ref: "#/$defs/runner" } },
    additionalProperties: false,
  },
  example: {},
  create: (options: { readonly bonus: number }) => ({ bonus: options.bonus, evaluate: async () => ({}) }),
};
`;

describe("loading a spec file", () => {
  it("reads it, with variables from the environment", async () => {
    const path = dir.write("specs/a.yaml", VALID.replace("goal: Raise the accuracy.", "goal: ${AURA_TEST_GOAL}"));
    const effects = {
      ...systemEffects(),
      variables: { get: (name: string) => (name === "AURA_TEST_GOAL" ? "from outside" : undefined), names: () => [] },
    };
    const loaded = await loadSpec(path, { registry: fixtures, effects });
    expect(loaded).toMatchObject({ path, dir: dir.join("specs"), spec: { goal: "from outside" } });
    expect(loaded.raw.goal).toBe("${AURA_TEST_GOAL}");
  });

  it("says so when there is none, when it is a folder, and when it is not text", async () => {
    dir.write("binary.yaml", "\u0001\u0002: [");
    expect(await errorsOf(dir.join("none.yaml"))).toEqual([expect.stringContaining("there is no spec")]);
    expect(await errorsOf(dir.path)).toEqual([expect.stringContaining("is not a file")]);
    expect(await errorsOf(dir.join("binary.yaml"))).toHaveLength(1);
  });

  it("says where it is not UTF-8", async () => {
    const write = (bytes: Uint8Array): string => {
      const path = dir.write("spec.yaml", "");
      writeFileSync(path, bytes);
      return path;
    };
    const latin = Buffer.from(VALID.replace("Raise the", "Ra\u00efse the"));
    const at = latin.indexOf(0xc3);
    const mixed = Buffer.concat([latin.subarray(0, at), Buffer.from([0xef]), latin.subarray(at + 2)]);
    expect(await errorsOf(write(mixed))).toEqual([
      "3:9 the file is not UTF-8: what stands here is in another encoding; save it as UTF-8",
    ]);
    const little = Buffer.from(`\ufeff${VALID}`, "utf16le");
    expect(await errorsOf(write(little))).toEqual([expect.stringMatching(/^1:1 .*save it as UTF-8$/)]);
    expect(await errorsOf(write(Buffer.from(`\ufeff${VALID}`)))).toEqual([]);
  });

  it("names the file beside it that was meant", async () => {
    dir.write("base.yaml", VALID);
    expect(await errorsOf(dir.join("base.yml"))).toEqual([
      `there is no spec ${dir.join("base.yml")}; did you mean ${dir.join("base.yaml")}?`,
    ]);
    expect(await errorsOf(dir.join("base"))).toEqual([expect.stringMatching(/did you mean .*\/base\.yaml\?$/)]);
    expect(await errorsOf("/dev/null")).toEqual([expect.stringContaining("cannot come from a pipe")]);
  });

  it("tells every override that cannot be read next to what is wrong with the spec and with other overrides", async () => {
    const { values, problems } = readOverrides(["seed=.inf", "foo", "parallel=2", "stop.patience=x"]);
    const path = dir.write(
      "spec.yaml",
      VALID.replace("timeout: 5m", "timeout: soon").replace("goal: Raise", "gaol: Raise"),
    );
    const told = await errorsOf(path, { overrides: values, overrideProblems: problems });
    expect(told).toEqual([
      "undefined:undefined a number here has to be finite",
      "undefined:undefined expected path=value, like stop.iterations=20",
      "undefined:undefined expected a whole number of at least 1",
      expect.stringMatching(/^3:1 unknown key "gaol"/),
      expect.stringMatching(/expected a duration/),
    ]);
  });

  it("tells every file it names that is not there, next to other mistakes", async () => {
    dir.write("project/train.py", "");
    const text = VALID.replace(
      "goal: Raise the accuracy.",
      "goal: 3\nroot: project\ninputs: [data.csv, { path: more.csv }]\nartifacts: [train.py, gone/]",
    )
      .replace("main: { type: anthropic, model: claude }", "main: { type: replay, file: replies.jsonl }")
      .replace("timeout: 5m", "timeout: soon");
    expect(await errorsOf(dir.write("spec.yaml", text))).toEqual([
      "3:7 expected text; YAML reads this as a number, so put it in quotes",
      `5:10 there is no file or folder ${dir.join("project/data.csv")}`,
      `5:28 there is no file or folder ${dir.join("project/more.csv")}`,
      `6:23 there is no file or folder ${dir.join("project/gone")}`,
      `9:31 there is no file ${dir.join("replies.jsonl")}`,
      "21:14 expected a duration like 90s, 30m or 2h, or a number of seconds",
    ]);
  });

  it("tells of a project folder that is not there, once", async () => {
    const text = VALID.replace("goal: Raise the accuracy.", "root: nowhere\ninputs: [a, b]");
    expect(await errorsOf(dir.write("spec.yaml", text))).toEqual([`3:7 there is no folder ${dir.join("nowhere")}`]);
  });
});

describe("a user's own module", () => {
  const spec = (config: string) => VALID.replace("metric: {", `evaluator: ${config}\nmetric: {`);

  it("is a component whose options are checked by its own schema", async () => {
    dir.write("my-evaluator.ts", EVALUATOR);
    const good = await loadSpec(dir.write("good.yaml", spec("{ type: ./my-evaluator.ts, inner: main }")), {
      registry: fixtures,
    });
    expect(good.spec.evaluator).toEqual({ type: "./my-evaluator.ts", inner: "main", bonus: 2 });
    expect(await errorsOf(dir.write("bad.yaml", spec("{ type: ./my-evaluator.ts, bonsu: 1, inner: mian }")))).toEqual([
      '4:39 unknown key "bonsu"',
      '4:56 there is no runner "mian" under `runners`; known: main',
    ]);
  });

  it.each([
    ["is not there", "", "there is no module"],
    [
      "exports nothing",
      "export const a = 1;",
      'has no component as its default export; end it with: export default defineComponent({ kind: "evaluator"',
    ],
    ["does not compile", "export default {", "cannot load the module"],
    ["throws", "throw new Error('boom');", "boom"],
    [
      "is of another kind",
      EVALUATOR.replace('kind: "evaluator"', 'kind: "reviewer"'),
      "./mine.ts is a reviewer, and an evaluator is needed here",
    ],
  ])("that %s is told at its place", async (_, source, reason) => {
    if (source !== "") dir.write("mine.ts", source);
    const found = await errorsOf(dir.write("spec.yaml", spec("{ type: ./mine.ts }")));
    expect(found).toEqual([expect.stringContaining(reason)]);
    expect(found[0]).toMatch(/^4:20 /);
  });

  it("that is an executor is shown where it belongs, as is one of a registry", async () => {
    dir.write(
      "nice.mjs",
      "export default { kind: 'executor', type: 'nice', summary: '', options: { properties: {} }, create() {} };",
    );
    const registry = builtins.with(
      defineExecutor({ type: "nice", summary: "Nice.", options: {}, example: { command: "a" }, starter: () => ({}) }),
    );
    for (const type of ["./nice.mjs", "nice"]) {
      const text = `version: 1
name: niced
metric: { name: a }
researcher: { type: search, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: ${type} }
`;
      expect(await errorsOf(dir.write("spec.yaml", text), { registry })).toEqual([
        expect.stringContaining(
          `5:23 ${type} is an executor, and an experimenter is needed here; ` +
            `write experimenter: { type: composed, executor: { type: ${type} } }`,
        ),
      ]);
    }
  });

  it("that is a folder is told as one, at its place", async () => {
    dir.write("mine/readme.md", "");
    expect(await errorsOf(dir.write("spec.yaml", spec("{ type: ./mine }")))).toEqual([
      `4:20 ${dir.join("mine")} is a folder without an index.ts or index.js; name the module's file`,
    ]);
  });

  it("that is not there is told with the file that was most likely meant", async () => {
    for (const name of ["good.ts", "judge.mjs", "god.md", "data.csv", "prompts/propose.md"]) dir.write(name, "");
    const told = async (text: string): Promise<readonly (string | undefined)[]> => {
      const loading = loadSpec(dir.write("spec.yaml", text), { registry: fixtures });
      const thrown: unknown = await loading.catch((error: unknown) => error);
      return thrown instanceof SpecError ? thrown.diagnostics.map(({ suggestion }) => suggestion) : [];
    };
    expect(await told(spec("{ type: ./god.ts }"))).toEqual(["./good.ts"]);
    expect(await told(spec("{ type: ./judge }"))).toEqual(["./judge.mjs"]);
    expect(await told(spec("{ type: ./nothing-like-it.ts }"))).toEqual([undefined]);
    expect(await told(spec("{ type: ./no/such/god.ts }"))).toEqual([undefined]);
    expect(
      await told(VALID.replace("goal: Raise the accuracy.", "inputs: [dta.csv, prompts/propse.md, no/such.md]")),
    ).toEqual([...["data.csv", "prompts/propose.md", undefined]]);
  });

  it("is not looked into when only the text is given", async () => {
    const { loadSpecText } = await import("../../../src/spec/index.ts");
    const loaded = loadSpecText(spec("{ type: ./mine.ts, any: thing }"), "spec.yaml", { registry: fixtures });
    expect(loaded.spec.evaluator).toEqual({ type: "./mine.ts", any: "thing" });
  });
});

describe("a prompt", () => {
  const spec = (prompt: string) => `version: 1
name: digits
metric: { name: accuracy, direction: upwards }
runners: { main: { type: anthropic, model: claude } }
researcher:
  type: prompt
  runner: main
${prompt}
experimenter: { type: script, command: "true" }
`;

  it("that uses what it cannot know is told at the name, next to other mistakes", async () => {
    const path = dir.write("spec.yaml", spec("  prompt: |\n    Improve {{goal}}.\n    {{goall}} and {{wat}}"));
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      "3:38 expected one of maximize, minimize",
      '10:7 unknown variable "goall"; did you mean "goal"?',
      '10:21 unknown variable "wat"',
    ]);
  });

  it("that reads fields which are not there is told at each of them", async () => {
    const prompt = `  vars: { b: 1 }\n  prompt: "{{vars.b}} {{vars.b.c}}\\n{{vars.zz}} {{metric.name}} {{metric.nme}}"`;
    const path = dir.write("spec.yaml", spec(prompt).replace("upwards", "maximize"));
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      '9:25 vars.b is a single value and has no field "c"',
      '9:39 vars has no field "zz"; it has b',
      expect.stringMatching(/^9:67 metric has no field "nme"; did you mean "name"\?/),
    ]);
  });

  it("in a file of its own is told with the place in that file", async () => {
    dir.write("prompt.md", "Improve {{goal}}.\n  {{wat}}\n");
    const path = dir.write("spec.yaml", spec("  prompt_file: prompt.md").replace("upwards", "maximize"));
    expect(await errorsOf(path, { registry: builtins })).toEqual(['8:16 prompt.md:2:5: unknown variable "wat"']);
    dir.write("prompt.md", "Improve.\n{{#each history}}{{nope}} {{id}}{{/each}} {{metric.nme}}\n");
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      expect.stringMatching(/^8:16 prompt\.md:2:20: an item of history has no field "nope"; it has id, /),
      expect.stringMatching(/^8:16 prompt\.md:2:45: metric has no field "nme"; did you mean "name"\? /),
    ]);
    dir.write("prompt.md", "{{#if goal}}\n");
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      "8:16 prompt.md:1:1: {{#if …}} is not closed; write {{/if}}",
    ]);
  });
});

describe("the prompts of trials and judges", () => {
  const spec = (researcher: string, experimenter: string, evaluator: string) => `version: 1
name: tones
metric: { name: score }
runners: { main: { type: anthropic, model: claude } }
researcher: { type: search, num_tasks: 1, method: random, space: ${researcher} }
experimenter: ${experimenter}
evaluator: { type: prompt, runner: main, prompt: "${evaluator}" }
`;
  const SPACE = "{ labels: { type: int, low: 1, high: 3 }, tone: { type: categorical, choices: [warm, dry] } }";

  it("are held against the space: what it does not have is told at the name, whether or not a name is near", async () => {
    const trial =
      '{ type: llm, runner: main, prompt: "{{gaol}} {{tone}} {{labels}} {{lable}} {{wat}} {{spec.tonne}}" }';
    const path = dir.write("spec.yaml", spec(SPACE, trial, "{{labels}} {{output}} {{wat}} {{best.spec.tonne}}"));
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      '6:53 unknown variable "gaol"; did you mean "goal"?',
      '6:82 unknown variable "lable"; did you mean "label"?',
      '6:92 unknown variable "wat"',
      '6:100 spec has no field "tonne"; did you mean "tone"? it has labels, tone',
      '7:75 unknown variable "wat"',
      '7:83 best.spec has no field "tonne"; did you mean "tone"? it has labels, tone',
    ]);
  });

  it("are told of in a file too, and inside a composed experimenter", async () => {
    dir.write("ask.md", "Be {{tone}}.\n{{gaol}}\n");
    const trial = "{ type: composed, executor: { type: llm, runner: main, prompt_file: ask.md } }";
    const path = dir.write("spec.yaml", spec(SPACE, trial, "{{output}}"));
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      '6:83 ask.md:2:3: unknown variable "gaol"; did you mean "goal"?',
    ]);
  });

  it("may have any parameter where proposals may, but for what is near another variable", async () => {
    const trial = '{ type: llm, runner: main, prompt: "{{tone}} {{gaol}} {{labels}} {{spec.tonne}}" }';
    const schema = "{ type: object, properties: { labels: { type: string } } }";
    const open = spec("x", trial, "{{wat}} {{outptu}} {{output}}").replace(
      /^researcher: .*$/m,
      `researcher: { type: prompt, runner: main, hypothesis_schema: ${schema} }`,
    );
    const path = dir.write("spec.yaml", open);
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      '6:62 unknown variable "gaol"; did you mean "goal"?',
      '7:61 unknown variable "outptu"; did you mean "output"?',
    ]);
  });
});

describe("a folder where a file is wanted", () => {
  it.each([
    ["researcher: { type: function, module: folder }", "4:39"],
    ["researcher: { type: prompt, runner: main, prompt_file: folder }", "4:56"],
    ["researcher: { type: prompt, runner: { type: replay, file: folder } }", "4:59"],
  ])("is told at its place, next to other mistakes: %s", async (researcher, place) => {
    dir.write("folder/inside.txt", "");
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score, direction: upwards }
${researcher}
runners: { main: { type: anthropic, model: m } }
experimenter: { type: script, command: "true" }
`,
    );
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      "3:35 expected one of maximize, minimize",
      `${place} ${dir.join("folder")} is a folder; a file is wanted here`,
    ]);
  });

  it("and the other way round", async () => {
    dir.write("f.ts", "");
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score }
root: f.ts
artifacts: [a.py]
researcher: { type: search, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: script, command: "echo {x}" }
`,
    );
    expect(await errorsOf(path, { registry: builtins })).toEqual([
      `4:7 ${dir.join("f.ts")} is no folder; a folder is wanted here`,
    ]);
  });
});

describe("a recording that is replayed", () => {
  it.each([
    ["", "is empty"],
    ["garbage\n", "not a line that holds a JSON object"],
  ])("has to hold calls: %j", async (recording, reason) => {
    dir.write("replies.jsonl", recording);
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score }
runners: { main: { type: replay, file: replies.jsonl } }
researcher: { type: prompt, runner: main }
experimenter: { type: script, command: "true" }
`,
    );
    expect(await errorsOf(path, { registry: builtins })).toEqual([expect.stringMatching(`^4:\\d+ .*${reason}`)]);
  });

  it.each([
    ["{ main: { type: replay, file: replies.jsonl } }", "main", /^4:12 .*replies\.jsonl is empty/],
    ["{ main: { type: replay, file: none.jsonl } }", "main", /^4:\d+ .*none\.jsonl/],
    ["{ main: { type: replay, fle: x, file: replies.jsonl } }", "main", /^4:\d+ unknown key "fle"/],
    ["{ main: { type: reply } }", "main", /^4:\d+ unknown runner type "reply"/],
    ["{ main: 5 }", "main", /^4:\d+ expected/],
    ["{}", "{ type: replay, file: replies.jsonl }", /^5:\d\d .*replies\.jsonl is empty/],
  ])("and does not, is told once, next to other mistakes: %s, %s", async (runners, runner, told) => {
    dir.write("replies.jsonl", "");
    const path = dir.write(
      "spec.yaml",
      `version: 1
name: tiny
metric: { name: score }
runners: ${runners}
researcher: { type: prompt, runner: ${runner}, prompt: "{{nope}}" }
experimenter: { type: script, command: "true" }
reviewer: { type: prompt, runner: ${runner === "main" ? runner : "{ type: command, argv: [cat] }"}, prompt: "{{nor}}" }
`,
    );
    // Stages that would ask it are looked at once it is mended.
    const others = runner === "main" ? [] : [expect.stringMatching(/^7:\d+ .*unknown variable "nor"/)];
    expect(await errorsOf(path, { registry: builtins })).toEqual([expect.stringMatching(told), ...others]);
  });
});
