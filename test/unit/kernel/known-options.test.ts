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
  anthropicLlm: (given) => aura.anthropicLlm(given),
};

describe("the library's constructors", () => {
  it("refuse an option there is not by its name, and what is no options at all", () => {
    for (const [name, make] of Object.entries(wrong)) {
      expect(() => Reflect.apply(make, null, [{ nothingOfTheKind: 1 }]), name).toThrow(
        new RegExp(`^${name}: there is no option nothingOfTheKind`),
      );
      expect(() => Reflect.apply(make, null, ["accuracy"]), name).toThrow(
        new RegExp(`^${name}: (?:expected options, got "accuracy"; known: |there is no option 0)`),
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

  it("setupLogging says what it takes", () => {
    expect(() => Reflect.apply(aura.setupLogging, null, [])).toThrow(
      "setupLogging: pipeline is missing: expected a Pipeline",
    );
  });
});
