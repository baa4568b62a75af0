import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/model/json.ts";
import { formatDrift, specDrift, specHash } from "../../../src/spec/drift.ts";
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
  },
  researcher: { type: "prompt", runner: "main", space: { timeout: { type: "float", low: 0, high: 1 } } },
  experimenter: {
    type: "composed",
    executor: { type: "script", command: "run", env: { limits: "1" }, timeout: "5m", limits: {} },
  },
  reviewer: { type: "prompt", runner: { type: "replay", file: "a", timeout: "1m" } },
  checks: [{ name: "tests", command: "npm test", timeout: "1m" }],
};

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
    ["x-note", "hello"],
    ["experimenter.executor.x-why", "because"],
  ])("is safe at %s", (path, value) => {
    const after = changed({ [path]: value });
    expect(specDrift(SPEC, after).map(({ safe }) => safe)).not.toContain(false);
    expect(specDrift(SPEC, after).length).toBeGreaterThan(0);
    expect(specHash(after)).toBe(specHash(SPEC));
  });

  it.each<[string, JsonValue]>([
    ["goal", "less"],
    ["seed", 1],
    ["metric.direction", "minimize"],
    ["metric.min_delta", "3%"],
    ["runners.main.model", "other"],
    ["researcher.runner", "spare"],
    ["researcher.space.timeout.high", 2],
    ["researcher.space.x-y", { type: "float", low: 0, high: 1 }],
    ["experimenter.executor.command", "run --fast"],
    ["experimenter.executor.env.limits", "2"],
    ["reviewer.runner.file", "b"],
    ["checks", []],
    ["constraints.time_budget", "5m"],
    ["artifacts", ["train.py"]],
  ])("is unsafe at %s", (path, value) => {
    const after = changed({ [path]: value });
    expect(specDrift(SPEC, after).map(({ safe }) => safe)).toContain(false);
    expect(specHash(after)).not.toBe(specHash(SPEC));
  });

  it("is told field by field", () => {
    const drift = specDrift(
      SPEC,
      changed({ "stop.iterations": 20, "metric.target": 0.9, goal: "x".repeat(90), "checks.0.name": "t" }),
    );
    expect(formatDrift(drift)).toBe(
      [
        `! goal             "more" -> "${"x".repeat(59)}…"`,
        "! metric.target    (none) -> 0.9",
        "  stop.iterations  3 -> 20",
        '! checks.0.name    "tests" -> "t"',
      ].join("\n"),
    );
  });

  it("is no change when keys stand in another order", () => {
    const reversed = Object.fromEntries(Object.entries(SPEC).reverse());
    expect(specDrift(SPEC, reversed)).toEqual([]);
    expect(specHash(reversed)).toBe(specHash(SPEC));
  });

  it("has another hash exactly when a change is unsafe", () => {
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
        const unsafe = specDrift(before, after).some(({ safe }) => !safe);
        expect(specHash(before) !== specHash(after)).toBe(unsafe);
      }),
      { numRuns: 200 },
    );
  });
});
