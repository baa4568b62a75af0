import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import type { JsonValue } from "../../../src/model/json.ts";
import { loadSpecText } from "../../../src/spec/index.ts";
import { FULL } from "../../support/thorough.ts";
import { fixtures, VALID } from "./registry.ts";

/** Loads, and gives the diagnostics when it is refused in the one way that is allowed. */
function refused(text: string, overrides: Record<string, JsonValue> = {}) {
  try {
    loadSpecText(text, "spec.yaml", { registry: fixtures, overrides, variables: { get: () => undefined } });
    return [];
  } catch (thrown) {
    if (thrown instanceof SpecError) return thrown.diagnostics;
    throw thrown;
  }
}

const yamlish = fc
  .array(
    fc.constantFrom(
      ..."abc:-?*&!|>%@`'\"{}[],#\n\t $0123456789.~",
      "  ",
      "\n  ",
      ": ",
      "- ",
      "? ",
      "&a ",
      "*a",
      "${A}",
      "${A:-b}",
      "$${",
      "---\n",
      "...\n",
      "!!str ",
      "<<: ",
      "version: 1\n",
      "researcher:\n",
      "type: search\n",
      "\u0000",
      "\u2028",
      "\ud800",
      "é",
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

describe("loading text of any kind", () => {
  it("either works or is refused with at least one finding", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), yamlish), (text) => {
        expect(refused(text).length).toBeGreaterThan(0);
      }),
      { numRuns: FULL ? 100 : 30 },
    );
  });

  it("survives any mutation of a valid spec, and points into the text", () => {
    const mutation = fc.record({ at: fc.nat(VALID.length), cut: fc.nat(12), insert: yamlish });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const text = mutations.reduce(
          (now, { at, cut, insert }) => now.slice(0, at) + insert + now.slice(at + cut),
          VALID,
        );
        for (const found of refused(text)) {
          expect(found.line).toBeGreaterThan(0);
          expect(found.line).toBeLessThanOrEqual(text.split("\n").length + 1);
          expect(found.column).toBeGreaterThan(0);
          expect(found.message).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: FULL ? 100 : 30 },
    );
  });

  it("survives any value in any place of a valid spec, given as an override", () => {
    const place = fc.constantFrom(
      "version",
      "name",
      "metric",
      "metric.min_delta",
      "stop",
      "stop.tokens",
      "inputs",
      "inputs.0.path",
      "artifacts",
      "checks",
      "checks.0",
      "runners",
      "runners.main",
      "runners.main.type",
      "researcher",
      "researcher.space",
      "researcher.space.lr",
      "researcher.space.opt.choices.0",
      "experimenter.executor",
      "experimenter.executor.command",
      "experimenter.environment",
      "constraints.time_budget",
      "__proto__",
      "constructor.prototype",
    );
    fc.assert(
      fc.property(fc.dictionary(place, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }), (overrides) => {
        refused(VALID, JSON.parse(JSON.stringify(overrides)));
      }),
      { numRuns: FULL ? 100 : 30 },
    );
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
