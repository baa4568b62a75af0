import { describe, expect, it } from "vitest";
import * as aura from "../../../src/index.ts";

/** What code without a compiler may write. */
const wrong: Readonly<Record<string, (given: never) => unknown>> = {
  MetricEvaluator: (given) => new aura.MetricEvaluator(given),
  CommandRunner: (given) => new aura.CommandRunner(["agent"], given),
  FunctionRunner: (given) => new aura.FunctionRunner(() => "", given),
  LLMRunner: (given) => new aura.LLMRunner(async () => "", given),
  ReplayRunner: (given) => new aura.ReplayRunner(given),
  Researcher: (given) => new aura.Researcher(given),
  Reviewer: (given) => new aura.Reviewer(given),
  SearchResearcher: (given) => new aura.SearchResearcher(given),
  StdoutCollector: (given) => new aura.StdoutCollector(given),
  FunctionExecutor: (given) => new aura.FunctionExecutor(() => ({}), given),
  ScriptExecutor: (given) => new aura.ScriptExecutor("true", given),
  ScriptExperimenter: (given) => new aura.ScriptExperimenter("true", given),
  FunctionExperimenter: (given) => new aura.FunctionExperimenter(() => ({}), given),
  SingleTrialExperimenter: (given) => new aura.SingleTrialExperimenter(given),
  BestTrialAggregator: (given) => new aura.BestTrialAggregator(given),
  MeanTrialAggregator: (given) => new aura.MeanTrialAggregator(given),
  LastTrialAggregator: (given) => new aura.LastTrialAggregator(given),
  StatsReviewer: (given) => new aura.StatsReviewer(given),
  anthropicLlm: (given) => aura.anthropicLlm(given),
  openaiLlm: (given) => aura.openaiLlm(given),
};

describe("the library's constructors", () => {
  it("refuse an option there is not by its name, and what is no options at all", () => {
    for (const [name, make] of Object.entries(wrong)) {
      expect(() => Reflect.apply(make, null, [{ nothingOfTheKind: 1 }]), name).toThrow(
        new RegExp(`^${name}: there is no option nothingOfTheKind`),
      );
      expect(() => Reflect.apply(make, null, ["accuracy"]), name).toThrow(
        new RegExp(`^${name}: expected options, got "accuracy"; (?:known: |it takes none)`),
      );
    }
  });

  it("name the nearest option, among those of all parts", () => {
    const script = (options: object) => () => Reflect.construct(aura.ScriptExperimenter, ["true", options]);
    expect(script({ trails: 3 })).toThrow("did you mean trials?");
    expect(script({ timeoutMS: 3 })).toThrow("did you mean timeoutMs?");
    expect(script({ trials: 3, timeoutMs: 5, seeds: [1, 2, 3] })).not.toThrow();
    expect(() => Reflect.construct(aura.MetricEvaluator, [{ base_line: 1 }])).toThrow("did you mean baseline?");
  });

  const told = (make: () => unknown): string => {
    try {
      make();
    } catch (thrown) {
      expect(aura.isAuraError(thrown), String(thrown)).toBe(true);
      return String(thrown);
    }
    return "nothing is wrong";
  };

  it.each<[string, readonly unknown[], string]>([
    ["ScriptExperimenter", [], "command is missing: expected text that is not empty, or a non-empty list of text"],
    ["ScriptExperimenter", [{ command: "true" }], "command: expected text .*, got an object"],
    ["ScriptExperimenter", ["true", { trials: 0 }], "trials: expected a whole number of at least 1.*, got 0"],
    ["ScriptExecutor", [], "command is missing"],
    ["ScriptExecutor", ["true", { limits: { pids: 0 } }], "limits.pids: expected a whole number of at least 1, got 0"],
    ["ScriptExecutor", ["true", { limits: { memory: 1 } }], "there is no option limits.memory"],
    ["ScriptExecutor", ["true", { env: { A: null } }], "env.A is none of what it may be"],
    ["ScriptExecutor", ["true", { passEnv: ["A B"] }], "passEnv.0 must match"],
    ["CommandRunner", [], "argv is missing: expected a list of words"],
    ["CommandRunner", ["claude -p"], 'argv: expected a list of words, such as .*, got "claude -p"'],
    ["CommandRunner", [{ argv: ["a"], tmo: 1 }], "argv: expected a list of words, such as .*, got an object"],
    ["CommandRunner", [[], { preset: "cursor" }], "preset: expected one of claude, codex, aider"],
    ["BwrapExecutor", ["true", { netwrok: "host" }], "there is no option netwrok; did you mean network?"],
    ["SlurmExecutor", ["true", { partion: "gpu" }], "there is no option partion; did you mean partition?"],
    ["CommandRunner", [["a"], { tmo: 1 }], "there is no option tmo"],
    ["CommandRunner", [["a"], { timeout: "soon" }], "timeout: expected a duration"],
    ["SearchResearcher", [{}], "space is missing: expected an object"],
    ["SearchResearcher", [{ space: {}, method: "bayes" }], 'method: expected one of random, grid, tpe, got "bayes"'],
    ["Researcher", [{ runner: async () => "", numTasks: 0 }], "numTasks: expected a whole number of at least 1"],
    ["Researcher", [{}], "runner is missing: expected a runner"],
    ["Reviewer", [{ runner: 1 }], "runner: expected a runner: .*, got 1"],
    ["BestTrialAggregator", [{ metric: "x", direction: "up" }], "direction: expected one of maximize, minimize"],
    ["BestTrialAggregator", [], "expected options, got nothing"],
    ["MetricEvaluator", [{ baseline: "0.5" }], 'baseline: expected a number, got "0.5"'],
    ["MetricEvaluator", [{ metric: "trials" }], "metric: expected a name other than"],
    ["anthropicLlm", [{}], "model is missing"],
    ["openaiLlm", [{}], "model is missing"],
    ["openaiLlm", [{ model: "m", headers: { a: "b\nc" } }], "headers"],
    ["openaiLlm", [{ model: "m", rate: "fast" }], "rate: expected requests in a time, like 50/m"],
    ["anthropicLlm", [{ model: "m", price: { input: 1 } }], "price.output is missing"],
    ["anthropicLlm", [{ model: "m", apiKeyEnv: "sk-ant-1" }], "apiKeyEnv: expected text that matches [^ ]*$"],
    ["SingleTrialExperimenter", [], "executor is missing: expected an executor"],
    ["SingleTrialExperimenter", [{ executor: "script" }], 'executor: expected an executor.*, got "script"'],
    ["FunctionExperimenter", [], "target is missing: expected a function"],
    ["FunctionExecutor", [], "target is missing: expected a function"],
    ["FunctionRunner", [], "run is missing: expected a function"],
    ["LLMRunner", [], "run is missing: expected a function"],
    ["ReplayRunner", [{ strict: true }], "file is missing"],
    ["FileArtifact", [], "path is missing"],
    ["FileArtifact", ["../a"], '"../a" cannot be a tracked artifact'],
    ["DirectoryArtifact", [], "path is missing"],
    ["FileArtifact", ["a", { rot: "." }], "there is no option rot; did you mean root?"],
  ])("%s(...%j): %s", (name, given, message) => {
    const make: unknown = Object.entries(aura).find(([known]) => known === name)?.[1];
    if (typeof make !== "function") throw new Error(`there is no ${name}`);
    const call = name.endsWith("Llm") ? () => Reflect.apply(make, null, given) : () => Reflect.construct(make, given);
    expect(told(call)).toMatch(new RegExp(`^UsageError: ${name}: ${message}`));
  });

  it("a subclass that runs trials its own way needs no executor", () => {
    class Own extends aura.SingleTrialExperimenter {}
    expect(() => new Own()).not.toThrow();
  });

  it("so do functions that read a spec", async () => {
    await expect(Reflect.apply(aura.loadSpec, null, [])).rejects.toThrow("loadSpec: path is missing");
    await expect(Reflect.apply(aura.resolveSpec, null, [])).rejects.toThrow("resolveSpec: loaded is missing");
  });

  it("setupLogging says what it takes", () => {
    expect(() => Reflect.apply(aura.setupLogging, null, [])).toThrow(
      "setupLogging: pipeline is missing: expected a Pipeline",
    );
  });
});
