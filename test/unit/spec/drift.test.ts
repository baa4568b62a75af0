import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/model/json.ts";
import { specChanges, specHash } from "../../../src/spec/drift.ts";
import { applyOverrides } from "../../../src/spec/overrides.ts";

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
    judge: { type: "anthropic", model: "claude" },
  },
  researcher: { type: "prompt", runner: "main", space: { timeout: { type: "float", low: 0, high: 1 } } },
  experimenter: {
    type: "composed",
    executor: { type: "script", command: "run", env: { limits: "1" }, timeout: "5m", limits: {} },
  },
  evaluator: { type: "prompt", runner: "judge" },
  reviewer: { type: "prompt", runner: { type: "replay", file: "a", timeout: "1m" } },
  checks: [{ name: "tests", command: "npm test", timeout: "1m" }],
};

const differences = (before: JsonObject, after: JsonObject) => specChanges({ spec: before }, after, []);
const changed = (overrides: JsonObject) => applyOverrides(SPEC, overrides).value;

describe("a changed spec", () => {
  it.each<[string, JsonValue]>([
    ["stop.iterations", 20],
    ["stop", { wall_clock: "1h", failures: 10 }],
    ["parallel", 4],
    ["keep", "best"],
    ["keep_files", ["*.pt"]],
    ["retries", 2],
    ["reporter", "plain"],
    ["experimenter.executor.timeout", "10m"],
    ["experimenter.executor.limits.memory", "2G"],
    ["checks.0.timeout", 9],
    ["runners.main.timeout", "9m"],
    ["runners.main.price.input", 5],
    ["runners.main.concurrency", 5],
    ["reviewer.runner.timeout", "2m"],
    ["runners.spare.file", "unused.jsonl"],
    ["runners.third", { type: "replay", file: "x" }],
    ["goal", "less"],
    ["metric.min_delta", "3%"],
    ["metric.baseline", 0.5],
    ["rollback", "none"],
    ["runners.main.model", "other"],
    ["researcher.runner", "spare"],
    ["researcher.space.timeout.high", 2],
    ["reviewer.runner.file", "b"],
    ["constraints.time_budget", "5m"],
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
    ["metric.direction", "minimize"],
    ["metric.name", "loss"],
    ["runners.judge.model", "other"],
    ["experimenter.executor.command", "run --fast"],
    ["experimenter.executor.env.limits", "2"],
    ["evaluator.runner", "spare"],
    ["checks", []],
    ["inputs", ["data.csv"]],
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
    const before = { spec: SPEC, sources: [source("evaluator.module", "a"), source("researcher.module", "a")] };
    const now = [source("evaluator.module", "b"), source("researcher.module", "b")];
    expect(specChanges(before, SPEC, now)).toEqual([
      { path: "evaluator.module", before: "./m.mjs (a)", after: "./m.mjs (b)", scores: true },
      { path: "researcher.module", before: "./m.mjs (a)", after: "./m.mjs (b)", scores: false },
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
      "evaluator",
      "metric",
      "direction",
      "runner",
      "space",
      "x-a",
      "price",
      "type",
    );
    const { spec } = fc.letrec<{ spec: JsonObject; value: JsonValue }>((tie) => ({
      spec: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("main", "stop", 1, null),
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
