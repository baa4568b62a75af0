import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { defineComponent } from "../../../src/kernel/define.ts";
import type { JsonObject, JsonValue } from "../../../src/model/json.ts";
import * as drift from "../../../src/spec/drift.ts";
import { applyOverrides } from "../../../src/spec/overrides.ts";

const builtins = await allBuiltins();

const SPEC: JsonObject = {
  version: 1,
  name: "digits",
  goal: "more",
  parallel: 1,
  metric: { name: "accuracy", direction: "maximize" },
  stop: { iterations: 3, failures: 10 },
  runners: {
    main: { type: "anthropic", model: "claude", timeout: "1m", price: { input: 3 } },
    spare: { type: "replay" },
  },
  researcher: { type: "prompt", runner: "main", space: { timeout: { type: "float", low: 0, high: 1 } } },
  experimenter: {
    type: "composed",
    executor: { type: "script", command: "run", env: { limits: "1" }, timeout: "5m", limits: {} },
  },
  reviewer: { type: "prompt", runner: { type: "replay", file: "a", timeout: "1m" } },
  evaluator: { type: "metric" },
  inputs: [{ path: "data.csv" }],
  checks: [{ name: "tests", command: "npm test", timeout: "1m" }],
};

const differences = (before: JsonObject, after: JsonObject, registry = builtins) =>
  drift.specChanges({ spec: before }, after, [], registry);
const specHash = (raw: JsonObject, registry = builtins) => drift.specHash(raw, registry);
const changed = (overrides: JsonObject) => applyOverrides(SPEC, overrides).value;

describe("a changed spec", () => {
  it.each<[string, JsonValue]>([
    ["name", "others"],
    ["goal", "less"],
    ["stop.iterations", 20],
    ["stop", { wall_clock: "1h", failures: 10 }],
    ["parallel", 4],
    ["keep", "best"],
    ["keep_files", ["*.pt"]],
    ["retries", 2],
    ["rollback", "none"],
    ["insight_window", 3],
    ["constraints.time_budget", "5m"],
    ["metric.baseline", 0.3],
    ["metric.target", 0.9],
    ["metric.min_delta", "3%"],
    ["runners.main.model", "other"],
    ["runners.spare.file", "unused.jsonl"],
    ["runners.third", { type: "replay", file: "x" }],
    ["researcher", { type: "search", space: {} }],
    ["researcher.space.timeout.high", 2],
    ["reviewer.runner.file", "b"],
    ["experimenter.executor.timeout", "10m"],
    ["experimenter.executor.limits.memory", "2G"],
    ["experimenter.executor.strict_limits", true],
    ["evaluator.baseline", 0.3],
    ["checks.0.timeout", 9],
    ["inputs.0.show", "full"],
    ["x-note", "hello"],
    ["experimenter.executor.x-why", "because"],
  ])("applies freely at %s", (path, value) => {
    const after = changed({ [path]: value });
    expect(differences(SPEC, after).map(({ scores }) => scores)).not.toContain(true);
    expect(differences(SPEC, after).length).toBeGreaterThan(0);
    expect(specHash(after)).toBe(specHash(SPEC));
  });

  it.each<[string, JsonValue]>([
    ["seed", 1],
    ["metric.name", "f1"],
    ["metric.direction", "minimize"],
    ["experimenter.executor.command", "run --fast"],
    ["experimenter.executor.env.limits", "2"],
    ["experimenter.executor.env.x-y", "2"],
    ["experimenter.executor.type", "function"],
    ["experimenter.trials", 2],
    ["experimenter.environment", { type: "none" }],
    ["evaluator.metric", "f1"],
    ["evaluator", { type: "./mine.ts", timeout: 1 }],
    ["checks", []],
    ["checks.0.command", "npm run test"],
    ["inputs.0.path", "other.csv"],
    ["artifacts", ["train.py"]],
  ])("is one that scores depend on at %s", (path, value) => {
    const after = changed({ [path]: value });
    expect(differences(SPEC, after).map(({ scores }) => scores)).toContain(true);
    expect(specHash(after)).not.toBe(specHash(SPEC));
  });

  it("is told field by field", () => {
    const after = changed({ "stop.iterations": 20, goal: "less", "checks.0.name": "t" });
    expect(differences(SPEC, after)).toEqual([
      { path: "goal", before: "more", after: "less", scores: false },
      { path: "stop.iterations", before: 3, after: 20, scores: false },
      { path: "checks.0.name", before: "tests", after: "t", scores: true },
    ]);
  });

  it("may be in a file or a variable that it names, known by its hash", () => {
    const source = (path: string, hash: string) => ({ path, name: "./m.mjs", hash });
    const before = { spec: SPEC, sources: [source("evaluator.type", "a"), source("researcher.type", "a")] };
    const now = [source("evaluator.type", "b"), source("researcher.type", "b")];
    expect(drift.specChanges(before, SPEC, now, builtins)).toEqual([
      { path: "evaluator.type", before: "./m.mjs (a)", after: "./m.mjs (b)", scores: true },
      { path: "researcher.type", before: "./m.mjs (a)", after: "./m.mjs (b)", scores: false },
    ]);
  });

  it("is no change when keys stand in another order", () => {
    const reversed = Object.fromEntries(Object.entries(SPEC).reverse());
    expect(differences(SPEC, reversed)).toEqual([]);
    expect(specHash(reversed)).toBe(specHash(SPEC));
  });

  it("has another hash exactly when scores depend on a change", () => {
    const key = fc.constantFrom(
      "goal",
      "stop",
      "runners",
      "main",
      "timeout",
      "researcher",
      "runner",
      "space",
      "x-a",
      "price",
      "type",
      "evaluator",
      "metric",
      "name",
    );
    const { spec } = fc.letrec<{ spec: JsonObject; value: JsonValue }>((tie) => ({
      spec: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("main", "stop", "anthropic", "./mine.ts", 1, null),
        fc.array(tie("value"), { maxLength: 2 }),
        tie("spec"),
      ),
    }));
    fc.assert(
      fc.property(spec, spec, (before, after) => {
        const scores = differences(before, after).some((change) => change.scores);
        expect(specHash(before) !== specHash(after)).toBe(scores);
      }),
      { numRuns: 200 },
    );
  });
});

describe("what an option of a user's own component says of itself", () => {
  const judging = builtins.with(
    defineComponent({
      kind: "evaluator",
      type: "./judge.ts",
      summary: "Judges by a model.",
      options: {
        type: "object",
        properties: {
          limits: { type: "object", properties: { top: { type: "number" } }, additionalProperties: false },
          timeout: { type: "number" },
          patience: { type: "number", "x-scores": false },
          judge: { $ref: "#/$defs/runner" },
          log: { $ref: "#/$defs/runner", "x-scores": false },
        },
        additionalProperties: false,
      },
      example: {},
      create: () => ({ evaluate: () => Promise.reject(new Error("never called")) }),
    }),
  );
  const runner = (name: string) => ({ type: "anthropic", model: name, timeout: "1m" });
  const spec: JsonObject = {
    ...SPEC,
    runners: { main: runner("main"), judge: runner("judge"), log: runner("log") },
    evaluator: { type: "./judge.ts", limits: { top: 5 }, timeout: 5, patience: 5, judge: "judge", log: "log" },
  };

  it.each<[string, JsonValue, boolean]>([
    ["evaluator.limits.top", 6, true],
    ["evaluator.timeout", 6, true],
    ["evaluator.patience", 6, false],
    ["evaluator.judge", "main", true],
    ["evaluator.log", "main", false],
    ["runners.judge.model", "other", true],
    ["runners.judge.timeout", "2m", false],
    ["runners.log.model", "other", false],
    ["runners.main.model", "other", false],
  ])("decides whether scores depend on it: %s", (path, value, scores) => {
    const after = applyOverrides(spec, { [path]: value }).value;
    expect(differences(spec, after, judging)).toMatchObject([{ path, scores }]);
    expect(specHash(after, judging) !== specHash(spec, judging)).toBe(scores);
  });
});
