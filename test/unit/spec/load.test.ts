import { describe, expect, it } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { type LoadSpecTextOptions, loadSpecText } from "../../../src/spec/index.ts";
import { FULL } from "../../support/thorough.ts";
import { fixtures, VALID } from "./registry.ts";

const builtins = await allBuiltins();

const load = (text: string, options: Partial<LoadSpecTextOptions> = {}) =>
  loadSpecText(text, "spec.yaml", { registry: fixtures, ...options });

function errorsOf(text: string, options: Partial<LoadSpecTextOptions> = {}) {
  try {
    load(text, options);
  } catch (thrown) {
    if (thrown instanceof SpecError) {
      return thrown.diagnostics.map(({ line, column, message, suggestion }) => {
        return `${line}:${column} ${message}${suggestion === undefined ? "" : ` -> ${suggestion}`}`;
      });
    }
    throw thrown;
  }
  return [];
}

const errorsOfBuiltIns = (text: string) => errorsOf(text, { registry: builtins });

const changed = (from: string, to: string): string => {
  if (!VALID.includes(from)) throw new Error(`no ${from}`);
  return VALID.replace(from, to);
};
const variables = (values: Record<string, string>) => ({ get: (name: string) => values[name] });

describe("a valid spec", () => {
  it("comes out typed and with defaults filled in", () => {
    const loaded = load(VALID);
    expect(loaded.spec).toMatchObject({
      name: "digits",
      seed: 0,
      parallel: 1,
      metric: { name: "accuracy", direction: "maximize", baseline: 0.5 },
      researcher: { type: "search", num_tasks: 1, space: { lr: { low: 1e-5 } } },
      experimenter: { trials: 1, executor: { shell: false, timeout: "5m" } },
      evaluator: { type: "metric" },
      reviewer: { type: "none" },
    });
    expect(loaded.raw).toEqual(loaded.spec);
    expect(loaded.warnings).toEqual([]);
    expect(loaded.text).toBe(VALID);
  });

  it("may hold x- notes in every mapping, which components do not see", () => {
    const noted = changed("    timeout: 5m", "    timeout: 5m\n    x-why: slow disk").replace(
      "metric: { name",
      "x-base: &base { a: 1 }\nmetric: { x-note: *base, name",
    );
    expect(load(noted).spec.metric).not.toHaveProperty("x-note");
    expect(load(noted).raw).toMatchObject({ "x-base": { a: 1 }, metric: { "x-note": { a: 1 } } });
  });

  it("may be written in short, and is recorded in full", () => {
    const short = `version: 1
name: short
metric: accuracy
researcher: tpe
space: { lr: { type: float, low: "\${LOW}", high: 1 } }
experimenter: { type: script, command: "train {lr}" }
`;
    const full = load(short.replace('"${LOW}"', "0.1"), { registry: builtins });
    expect(full.raw).toMatchObject({
      metric: { name: "accuracy", direction: "maximize" },
      researcher: { type: "search", method: "tpe", space: { lr: { type: "float", low: 0.1, high: 1 } } },
    });
    expect(full.raw).not.toHaveProperty("space");
    const overrides = { metric: "loss", researcher: "random", "space.lr.low": 0.2 };
    expect(load(short, { registry: builtins, overrides }).raw).toMatchObject({
      metric: { name: "loss" },
      researcher: { method: "random", space: { lr: { low: 0.2 } } },
    });
    expect(
      load(short.replace('"${LOW}"', "0.1"), { registry: builtins, overrides: { "researcher.num_tasks": 3 } }).raw,
    ).toMatchObject({
      researcher: { method: "tpe", num_tasks: 3 },
    });
    expect(errorsOfBuiltIns(short.replace('"${LOW}"', "[]"))).toEqual(["5:34 expected a number"]);
    expect(errorsOfBuiltIns(short.replace("tpe", "tpee").replace('"${LOW}"', "0"))).toEqual([
      expect.stringMatching(/^4:1 expected one of .*-> tpe$/),
    ]);
    expect(errorsOfBuiltIns(short.replace("tpe", "function").replace('"${LOW}"', "0"))).toHaveLength(2);
    expect(
      errorsOfBuiltIns(short.replace("tpe", "{ type: search, space: {} }").replace('"${LOW}"', "0")),
    ).toContainEqual(expect.stringMatching(/^5:1 .*"space"/));
  });

  it("accepts an alias of a type", () => {
    expect(errorsOf(changed("type: composed", "type: single-trial"))).toEqual([]);
  });

  it("lets anchors stand for what they mark", () => {
    const text = changed(
      "    opt: {",
      "    dr: &range { type: float, low: 0, high: 1 }\n    wd: *range\n    opt: {",
    ).replace("--opt {opt}", "--opt {opt} {dr} {wd}");
    expect(load(text).spec.researcher).toMatchObject({ space: { wd: { type: "float", high: 1 } } });
  });
});

describe("a mistake is told once, at its place, with the nearest valid name", () => {
  it.each<[string, string, string, readonly string[]]>([
    ["an unknown key", "goal: Raise", "gaol: Raise", ['3:1 unknown key "gaol" -> goal']],
    ["a misspelt required key", "name: digits", "nmae: digits", ['2:1 unknown key "nmae" -> name']],
    ["a missing key", "name: digits\n", "", ['1:1 missing key "name"']],
    ["another version", "version: 1", "version: 2", ["1:10 expected 1"]],
    [
      "a name that is no folder",
      "name: digits",
      "name: ../digits",
      [
        "2:7 expected a name that can be a folder: letters, digits, `.`, `_` and `-`, a letter or digit first, at most 100",
      ],
    ],
    [
      "a wrong enum value",
      "baseline: 0.5",
      "direction: maximise",
      ["4:38 expected one of maximize, minimize -> maximize"],
    ],
    ["a wrong type", "baseline: 0.5", "baseline: high", ["4:37 expected a number"]],
    ["an unknown key inside", "baseline: 0.5", "basline: 0.5", ['4:27 unknown key "basline" -> baseline']],
    [
      "an unknown component",
      "type: search",
      "type: serach",
      ['8:9 unknown researcher type "serach"; known: prompt, search -> search'],
    ],
    [
      "a component without type",
      "  type: search\n",
      "",
      ['7:1 missing key "type": which researcher; one of prompt, search'],
    ],
    [
      "a component that is text",
      "metric: { name",
      "reviewer: none\nmetric: { name",
      ["4:11 expected a reviewer, as { type: TYPE, … } with TYPE one of none, prompt"],
    ],
    [
      "a method that is near another",
      "method: random",
      "method: rnadom",
      ["9:11 expected one of random, grid, tpe -> random"],
    ],
    ["an unknown option", "    timeout: 5m", "    timout: 5m", ['18:5 unknown key "timout" -> timeout']],
    [
      "a bad duration",
      "timeout: 5m",
      "timeout: 5 minutes",
      ["18:14 expected a duration like 90s, 30m or 2h, or a number of seconds"],
    ],
    [
      "a bad parameter type",
      "lr: { type: float",
      "lr: { type: flaot",
      ["11:17 expected one of float, int, categorical -> float"],
    ],
    ["a parameter without a bound", "low: 1e-5, ", "", ['11:5 missing key "low"']],
    ["a space that contradicts itself", "high: 0.1", "high: 0", ["11:41 has to be at least low, 0.00001"]],
    [
      "a placeholder that is no parameter",
      "{lr}",
      "{lrr}",
      ["17:35 the search space has no parameter {lrr}; it has lr, opt -> lr"],
    ],
    [
      "a name AURA does not have",
      "{lr}",
      "{aura.sed}",
      [
        "17:35 AURA has no {aura.sed}; it has id, trial_id, trial_dir, trial_index, seed, slot, workspace, root, inputs, params_file, args -> aura.seed",
      ],
    ],
    [
      "an unknown runner",
      "name: digits",
      "name: digits\nreviewer: { type: prompt, runner: mian }",
      ['3:35 there is no runner "mian" under `runners`; known: main -> main'],
    ],
    [
      "a target on the wrong side",
      "baseline: 0.5",
      "baseline: 0.5, target: 0.4",
      ["4:50 the target has to be above the baseline 0.5, since the direction is maximize"],
    ],
    [
      "a bad time budget",
      "name: digits",
      "name: digits\nconstraints: { time_budget: soon }",
      ["3:29 expected a duration like 90s, 30m or 2h, or a number of seconds, above zero"],
    ],
    [
      "an artifact outside the project",
      "name: digits",
      "name: digits\nartifacts: [../x]",
      ["3:13 a tracked artifact has to be inside `root`"],
    ],
    [
      "a delta that is no share",
      "baseline: 0.5",
      "min_delta: 3 percent",
      ["4:38 expected a number, or a share like `3%`"],
    ],
    [
      "a check without command",
      "name: digits",
      "name: digits\nchecks: [{ name: tests }]",
      ['3:10 missing key "command"'],
    ],
    ["a command that cannot be split", "{lr} --opt", "'{lr} --opt", []],
  ])("%s", (_, from, to, expected) => {
    const found = errorsOf(changed(from, to));
    if (expected.length > 0) expect(found).toEqual(expected);
    else expect(found).toHaveLength(1);
  });

  it.each<[string, string, readonly string[]]>([
    ["nothing", "", ["1:1 the spec is empty"]],
    ["only comments", "# later\n", ["1:1 the spec is empty"]],
    ["a list", "- a\n", ["1:1 expected a mapping of keys to values"]],
    ["a tab", "version: 1\nstop:\n\titerations: 1\n", ["3:1 a tab cannot indent YAML; use spaces"]],
    [
      "two documents",
      "version: 1\n---\nname: x\n",
      ["2:1 a spec is one YAML document; remove the `---` between documents"],
    ],
    ["an open quote", "name: 'x\n", ["2:1 missing closing 'quote"]],
    ["a second colon", "name: a: b\n", ["1:7 a second `:` in one line; put the text in quotes"]],
    [
      "a value with keys under it",
      "metric: loss\n  direction: minimize\n",
      ["1:9 a key has a value on its line or keys indented under it, not both"],
    ],
    [
      "a line in no column",
      "stop:\n    patience: 3\n  iterations: 2\n",
      ["3:1 this line is indented otherwise than the keys that it stands with"],
    ],
    [
      "a bare variable in braces",
      "metric: { name: ${M} }\n",
      ['1:18 inside { } or [ ] a variable has to be in quotes: "${NAME}"'],
    ],
  ])("text that is %s", (_, text, expected) => {
    expect(errorsOf(text)).toEqual(expected);
  });

  it.each<[string, string, string, string]>([
    ["a key twice", "name: digits", "name: digits\nname: again", '3:1 the key "name" is there twice'],
    [
      "a merge key",
      "metric: { name: accuracy,",
      "metric: { <<: {}, name: accuracy,",
      "4:11 `<<` is not part of YAML 1.2; write the keys out",
    ],
    [
      "an alias of nothing",
      "goal: Raise the accuracy.",
      "goal: *nothing",
      "3:7 there is no anchor &nothing before this alias",
    ],
    [
      "an alias of itself",
      "goal: Raise the accuracy.",
      "constraints: &c { a: *c }",
      "3:22 this alias stands for a value that it is part of",
    ],
    [
      "a tag",
      "goal: Raise the accuracy.",
      "goal: !!binary aaaa",
      "3:16 the tag tag:yaml.org,2002:binary has no meaning in a spec",
    ],
    ["infinity", "baseline: 0.5", "baseline: .inf", "4:37 a number here has to be finite"],
    [
      "a number too large to be exact",
      "name: digits",
      "name: digits\nseed: 12345678901234567890",
      "3:7 this whole number is too large to be exact; the largest is 9007199254740991",
    ],
    ["a key that is a list", "name: digits", "name: digits\n? [a]\n: 1", "3:3 a key has to be plain text"],
    ["a prototype", "name: digits", "name: digits\n__proto__: { a: 1 }", '3:1 "__proto__" cannot be a key'],
  ])("%s", (_, from, to, expected) => {
    expect(errorsOf(changed(from, to))).toEqual([expected]);
  });

  it("is a limit that nothing could be done in", () => {
    const above = "expected a duration like 90s, 30m or 2h, or a number of seconds, above zero";
    expect(
      errorsOf(
        changed("goal: Raise the accuracy.", "stop: { wall_clock: 0, tokens: 0k }\nconstraints: { time_budget: 0s }"),
      ),
    ).toEqual([`3:21 ${above}`, "3:32 expected a count like 200k or 2M, or a number, above zero", `4:29 ${above}`]);
  });

  it("is a number where text belongs", () => {
    const name =
      "expected a name that can be a folder: letters, digits, `.`, `_` and `-`, a letter or digit first, at most 100";
    const hint = "YAML reads this as a number, so put it in quotes";
    expect(errorsOf(changed("name: digits", "name: 123"))).toEqual([`2:7 ${name}; ${hint}`]);
    expect(errorsOf(changed("name: digits", "name: 007"))).toEqual([`2:7 ${name}; ${hint}`]);
    expect(errorsOf(changed("goal: Raise the accuracy.", "goal: true"))).toEqual([
      "3:7 expected text; YAML reads this as true or false, so put it in quotes",
    ]);
    expect(errorsOf(changed("goal: Raise the accuracy.", "goal:\n  more: better"))).toEqual([
      "4:3 expected text; YAML reads this as a mapping, as a colon followed by a space makes one, so put it in quotes",
    ]);
  });

  it("tells five mistakes in one pass, each at its line", () => {
    const text = `version: 1
name: digits
goal: [no]
metric: { name: accuracy, direction: up }
retires: 2
researcher:
  type: serach
experimenter:
  type: script
  command: run {aura.seeed}
  timeout: 5 parsecs
`;
    expect(errorsOf(text)).toEqual([
      "3:7 expected text",
      "4:38 expected one of maximize, minimize -> maximize",
      '5:1 unknown key "retires" -> retries',
      '7:9 unknown researcher type "serach"; known: prompt, search -> search',
      "10:16 AURA has no {aura.seeed}; it has id, trial_id, trial_dir, trial_index, seed, slot, workspace, root, inputs, params_file, args -> aura.seed",
      "11:12 expected a duration like 90s, 30m or 2h, or a number of seconds",
    ]);
  });

  it("looks into the options it knows although one is unknown", () => {
    expect(errorsOf(changed("method: random", "methd: random").replace("high: 0.1", "high: 0"))).toEqual([
      '9:3 unknown key "methd" -> method',
      "11:41 has to be at least low, 0.00001",
    ]);
  });

  it("tells the one name that means the same as what was written, else the nearest", () => {
    const suggested = (from: string, to: string) => errorsOf(changed(from, to)).map((line) => line.split(" -> ")[1]);
    expect(suggested("command:", "argv:")).toEqual(["command"]);
    expect(suggested("low: 1e-5", "min: 1e-5")).toEqual(["low"]);
    expect(suggested("type: script", "type: bash")).toEqual(["script"]);
    for (const written of ["random", "radnom"])
      expect(errorsOf(changed("type: search", `type: ${written}`))).toEqual([
        expect.stringContaining(" random is a method of search: write { type: search, method: random }"),
      ]);
  });

  it("prints the line and a mark under the mistake", () => {
    expect(() => load(changed("timeout: 5m", "timout: 5m"))).toThrow(
      [
        "spec.yaml has an error",
        "",
        'spec.yaml:18:5: unknown key "timout"; did you mean "timeout"?',
        "        timout: 5m",
        "        ^^^^^^",
      ].join("\n"),
    );
  });
});

describe("hostile text", () => {
  it("is refused when aliases multiply", () => {
    const bombs = ["x-a: &a [1,1,1,1,1,1,1,1,1]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg"])
      bombs.push(`x-${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`);
    expect(errorsOf(`${bombs.join("\n")}\n`)).toEqual([
      expect.stringContaining("more than 50000 values, aliases written out"),
    ]);
  });

  it.each([
    ["deep lists", "[".repeat(FULL ? 200_000 : 20_000)],
    ["deep mappings", "{".repeat(3000)],
    ["deep blocks", "- ".repeat(5000)],
    ["deep values", `x-a: ${"[ ".repeat(80)}1${" ]".repeat(80)}`],
    ["deep keys", "? ".repeat(5000)],
    ["more than a mebibyte", `#${"x".repeat(1024 * 1024)}`],
    ["control characters", "\u0000\u001b[2J: \u0007"],
  ])("is refused when it is %s", (_, text) => {
    expect(errorsOf(text).length).toBeGreaterThan(0);
  });

  it.each([
    ["[".repeat(5000), ""],
    ["{a: ".repeat(900), "}".repeat(900)],
    ["[".repeat(80), "]".repeat(80)],
  ])("is refused where it nests too deeply", (open, close) => {
    expect(errorsOf(`goal: x\nconstraints: ${open}1${close}`)).toEqual([
      expect.stringMatching(/^2:\d+ nested more than 64 levels deep$/),
    ]);
  });

  it("is refused where it holds a NUL character", () => {
    expect(errorsOf(VALID.replace("Raise", "Ra\u0000ise"))).toEqual([
      "3:9 a NUL character; it has to be plain text, in UTF-8",
    ]);
  });

  it("cannot put escape sequences on the terminal", () => {
    try {
      load('version: 1\n"\u001b[31mred": "\u001b[2J"\n');
      expect.unreachable();
    } catch (thrown) {
      expect(String(thrown)).not.toMatch(/[^\P{Cc}\n]/u);
      expect(JSON.stringify(thrown)).not.toContain("\\u001b");
    }
  });
});

describe("variables", () => {
  const withRunner = (model: string) =>
    changed("{ type: anthropic, model: claude }", `\n    type: anthropic\n    model: ${model}`);

  it("are expanded in the spec and kept as they are in the record", () => {
    const loaded = load(withRunner("x-${MODEL}"), { variables: variables({ MODEL: "sonnet-large" }) });
    expect(loaded.spec.runners?.main).toMatchObject({ model: "x-sonnet-large" });
    expect(loaded.raw).toMatchObject({ runners: { main: { model: "x-${MODEL}", max_tokens: 4096 } } });
    expect(loaded.secrets).toEqual([]);
  });

  it("are named, and their values are not told, where what they say makes no sense", () => {
    const told = (value: string, command = "train ${GOALV} {lr}") =>
      errorsOf(changed("command: python train.py --lr {lr} --opt {opt}", `command: ${command}`), {
        variables: variables({ GOALV: value }),
      }).filter((line) => !line.includes("no command uses"));
    const filled = "the value of the environment variable GOALV is filled in here";
    expect(told("two words; rm {lr}").join()).toMatch(
      new RegExp(`the command has "\\[redacted\\]", which .*; ${filled}$`),
    );
    expect(told("{hush} x")).toEqual([
      expect.stringMatching(new RegExp(`no parameter \\{\\[redacted\\]\\}; .*; ${filled}$`)),
    ]);
    expect(told("fine", "train ${GOALV} {lrr}")).toEqual([
      expect.stringMatching(/no parameter \{lrr\}; it has [^;]*$/),
    ]);
  });

  it("become numbers only when they stand alone and unquoted", () => {
    const set = { variables: variables({ N: "4" }) };
    const text = (value: string) => changed("goal: Raise the accuracy.", `parallel: ${value}`);
    expect(load(text("${N}"), set).spec.parallel).toBe(4);
    expect(load(text("${M:-3}"), set).spec.parallel).toBe(3);
    const expected = "3:11 expected a whole number of at least 1 and at most 1024";
    expect(errorsOf(text('"${N}"'), set)).toEqual([
      `${expected}; the value of the environment variable N is filled in here`,
    ]);
    const bad = { variables: variables({ N: "abc" }) };
    expect(errorsOf(text("${N:-1}"), bad)).toEqual([
      `${expected}; the value of the environment variable N is not that`,
    ]);
    expect(errorsOf(text("${M:-abc}"), bad)).toEqual([expected]);
  });

  it("that are not set are told at their line, once", () => {
    const text = changed("goal: Raise the accuracy.", "goal: |\n  Raise\n  the ${WHAT}\n").replace(
      "timeout: 5m",
      "timeout: ${T}",
    );
    expect(errorsOf(text)).toEqual([
      "5:7 the environment variable WHAT is not set; set it, or write ${WHAT:-default}, or $${WHAT} for literal text",
      "21:14 the environment variable T is not set; set it, or write ${T:-default}, or $${T} for literal text",
    ]);
  });

  it("never show their value in a message", () => {
    const text = withRunner("claude").replace("type: search", "type: ${KIND}");
    const found = errorsOf(text, { variables: variables({ KIND: "hunter2hunter2" }) });
    expect(found).toEqual([expect.stringContaining('unknown researcher type "[redacted]"')]);
  });
});

describe("overrides", () => {
  it("persist in the record and reach the spec", () => {
    const overrides: JsonObject = {
      "stop.iterations": 20,
      "runners.main.model": "other",
      "experimenter.executor.timeout": "1h",
    };
    const loaded = load(VALID, { overrides });
    expect(loaded.spec.stop).toEqual({ iterations: 20 });
    expect(loaded.raw).toMatchObject({
      runners: { main: { model: "other" } },
      experimenter: { executor: { timeout: "1h" } },
    });
    expect(loaded.overrides).toEqual(overrides);
  });

  it("alone are blamed for a mistake that only they make", () => {
    const mistaken = () => load(VALID, { overrides: { "stop.iterations": "many" } });
    expect(mistaken).toThrow(/^what --set makes of spec\.yaml has an error\n/);
    const both = () =>
      load(changed("name: digits", "name: digits\nseed: -1"), { overrides: { "stop.iterations": "many" } });
    expect(both).toThrow(/^spec\.yaml has 2 errors\n/);
  });

  it("that make no sense are told with the nearest key", () => {
    const told = (overrides: JsonObject) => {
      try {
        load(VALID, { overrides });
      } catch (thrown) {
        return thrown instanceof SpecError ? thrown.message.split("\n").slice(2) : [String(thrown)];
      }
      return [];
    };
    expect(told({ "stpo.iterations": 3 })).toEqual(['--set stpo: unknown key "stpo"; did you mean "stop"?']);
    expect(told({ "runners.main.modle": "x" })).toEqual([
      '--set runners.main.modle: unknown key "modle"; did you mean "model"?',
    ]);
    expect(told({ "stop.iterations": "many" })).toEqual([
      "--set stop.iterations: expected a whole number of at least 1",
    ]);
    expect(told({ "name.first": 1 })).toEqual([
      '--set name.first: name is a single value, so there is no "first" in it',
    ]);
    expect(told({ "researcher.space.opt.choices.5": 1 })).toEqual([
      '--set researcher.space.opt.choices.5: researcher.space.opt.choices is a list; its entries are 0 to 1, not "5"',
    ]);
  });
});

describe("warnings", () => {
  const warnings = (text: string) =>
    load(text).warnings.map(({ line, column, message }) => `${line}:${column} ${message}`);

  it("name a parameter that no command uses", () => {
    expect(warnings(changed(" --opt {opt}", ""))).toEqual(["12:5 no command uses {opt}"]);
    expect(warnings(changed("--lr {lr} --opt {opt}", "{aura.args...}"))).toEqual([]);
    expect(warnings(changed(" --lr {lr} --opt {opt}", ""))).toEqual([
      expect.stringMatching(/^\d+:\d+ no command uses a parameter, .*AURA_TRIAL_PARAMS$/),
    ]);
  });

  it("name an optional placeholder that can have no value", () => {
    expect(warnings(changed("--opt {opt}", "--opt {opt} {momentun?} {lr.x?}"))).toEqual([
      "17:52 the search space has no parameter {momentun}; it has lr, opt",
      "17:64 no value of lr has parts, so {lr.x} is never there",
    ]);
    expect(errorsOf(changed("--opt {opt}", "--opt {opt} {lr.x}"))).toEqual([
      "17:52 no value of lr has parts, so {lr.x} is never there",
    ]);
  });

  it("name a metric that by its name is to be minimized, where no direction is given", () => {
    const of = (metric: string) => warnings(VALID.replace(/^metric: .*$/m, `metric: ${metric}`));
    for (const metric of ["val_loss", "{ name: valLoss }", "{ name: eval/loss }", "{ name: errors }"])
      expect(of(metric)).toEqual([expect.stringMatching(/ is maximized, .*`direction: minimize`/)]);
    for (const metric of ["{ name: loss, direction: maximize }", "{ name: loss, direction: minimize }", "glossary"])
      expect(of(metric)).toEqual([]);
  });

  it("name a cost limit that cannot be reached", () => {
    const costs = (runner: string) => {
      const text = changed("type: anthropic, model: claude", runner);
      return load(`${text}stop: { cost_usd: 5 }\n`, { registry: builtins }).warnings.map(({ message }) => message);
    };
    const listed = "type: anthropic, model: claude-sonnet-4-5";
    const isBlind = expect.stringContaining("no cost is known and this limit is never reached");
    expect(costs(listed)).not.toContainEqual(isBlind);
    // Only the provider itself charges what it lists.
    expect(costs(`${listed}, base_url: "http://localhost:1"`)).toContainEqual(isBlind);
    expect(warnings(`${VALID}stop: { cost_usd: 5 }\n`)).toEqual([
      "19:19 no runner has `price`, so no cost is known and this limit is never reached",
    ]);
    const other =
      'type: openai, model: m, base_url: "http://localhost:1", price: { input: 1, output: 2 } }\n  other: { ';
    expect(costs(`${other}type: openai, model: n, base_url: "http://localhost:1"`)).toContainEqual(
      "1 of 2 runners have no `price`, so what they cost is not known and does not count for this limit",
    );
    expect(
      warnings(`${changed("type: anthropic, model: claude", "type: replay, file: x")}stop: { cost_usd: 5 }\n`),
    ).toEqual([]);
  });

  it("name a conditional parameter that a command cannot do without", () => {
    const text = changed("log: true", "log: true, when: { opt: sgd }");
    expect(warnings(text)).toEqual([
      "17:35 {lr} has no value where its `when` does not hold, and the command fails there; write {lr?}",
    ]);
    expect(warnings(text.replace("{lr}", "{lr?}"))).toEqual([]);
  });
});

describe("the hash of a spec", () => {
  it("ignores comments, order, notes and what may change safely", () => {
    const hash = load(VALID).specHash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const other = `# a comment\nparallel: 7\nx-note: 1\n${changed("timeout: 5m", "timeout: 9m")}`;
    expect(load(other).specHash).toBe(hash);
    expect(load(VALID.replace("--lr {lr}", "--rate {lr}")).specHash).not.toBe(hash);
  });
});

describe("a component with a mistake that its schema finds", () => {
  const spec = (researcher: string, experimenter = 'type: script, command: "echo {n}"') =>
    errorsOfBuiltIns(`version: 1
name: tiny
metric: { name: score }
researcher: { type: search, ${researcher} }
experimenter: { ${experimenter} }
`);

  it("is told all that its own check finds beside it", () => {
    const space =
      "space: {n: {type: int, low: 5, high: 1}, m: {type: float, low: 0, high: 1, log: true}, w: {type: float, low: 0, high: 1, when: {optt: sgd}}}";
    expect(spec(`num_tasks: 0, ${space}`)).toEqual([
      expect.stringContaining("expected a whole number"),
      expect.stringContaining("low (5) is above high (1)"),
      expect.stringContaining("a log scale needs low above 0"),
      expect.stringContaining('there is no parameter "optt"'),
    ]);
  });

  it("is told what is wrong with the other parameters of its space, and nothing that follows from the mistake", () => {
    const space =
      "space: {n: {type: int, low: 1}, m: {type: int, low: 5, high: 1}, w: {type: float, low: 0, high: 1, when: {n: 1}}}";
    expect(spec(space)).toEqual([
      expect.stringContaining('missing key "high"'),
      expect.stringContaining("low (5) is above high (1)"),
    ]);
    expect(spec("space: {n: {type: int, low: 1}}")).toEqual([expect.stringContaining('missing key "high"')]);
    expect(spec("space: 5, num_tasks: 0")).toHaveLength(2);
  });

  it("is not told what only a guess at the faulty option makes wrong", () => {
    const sound = "space: {n: {type: int, low: 1, high: 2}}";
    const command = 'type: script, command: "echo {n} && echo done"';
    expect(spec(sound, `${command}, shell: maybe`)).toEqual([expect.stringMatching(/shell|true or false/)]);
    expect(spec(sound, 'type: script, command: "echo {n}", trials: many, allow_failed: 1')).toHaveLength(1);
    expect(spec(sound, "type: script, trials: 2, allow_failed: 3")).toEqual([
      expect.stringContaining('missing key "command"'),
      expect.stringContaining("has to be less than the number of trials, 2"),
    ]);
  });
});

describe("a score", () => {
  it.each([
    ["metric: { name: trials }\n", "3:17"],
    ["metric: { name: acc }\nevaluator: { type: metric, metric: spread }\n", "4:36"],
  ])("is not read from what AURA adds to summaries: %s", (lines, place) => {
    const text = `version: 1
name: tiny
${lines}researcher: { type: search, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: script, command: "echo {x}" }
`;
    expect(errorsOfBuiltIns(text)).toEqual([
      expect.stringMatching(new RegExp(`^${place} expected a name other than .trials. and .spread.`)),
    ]);
    expect(errorsOfBuiltIns(text.replace(/trials|spread/, "trial_count"))).toEqual([]);
  });
});

describe("the address of a model server", () => {
  it.each(["http://", "http://name:sesame@host/v1"])(
    "that can never work is refused, without what it says: %s",
    (url) => {
      const text = `version: 1
name: tiny
metric: { name: acc }
runners: { main: { type: anthropic, model: m, base_url: "${url}" } }
researcher: { type: prompt, runner: main }
experimenter: { type: script, command: "true" }
`;
      const thrown = thrownBy(() => load(text, { registry: builtins }));
      expect(thrown).toMatchObject({
        exitCode: 2,
        diagnostics: [{ line: 4, column: 57, path: "runners.main.base_url" }],
      });
      expect(`${JSON.stringify(thrown)} ${thrown instanceof Error ? thrown.message : ""}`).not.toContain("sesame");
    },
  );
});

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
}
