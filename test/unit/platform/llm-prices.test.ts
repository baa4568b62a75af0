import { expect, it } from "vitest";
import { anthropicConnection } from "../../../src/platform/llm-anthropic.ts";
import { openaiConnection } from "../../../src/platform/llm-openai.ts";
import { LISTED_MODELS, listedPrice } from "../../../src/platform/llm-prices.ts";
import { systemEffects } from "../../../src/platform/system.ts";

const effects = (variables: Readonly<Record<string, string>> = {}) => ({
  ...systemEffects(),
  variables: { get: (name: string) => variables[name], names: () => Object.keys(variables) },
});
const million = 1_000_000;

it("what a listed model costs is known without a price in the spec, unless another server is asked", () => {
  const model = "claude-sonnet-4-20250514";
  const most = (options: object, variables = {}) =>
    anthropicConnection({ model, maxTokens: million, ...options }, effects(variables)).mostCost(million);
  expect(most({})).toBe(3 * 1.25 + 15);
  expect(most({ price: { input: 1, output: 2 } })).toBe(1 * 1.25 + 2);
  expect(most({ baseUrl: "http://127.0.0.1:9/" })).toBeNull();
  expect(most({}, { ANTHROPIC_BASE_URL: "http://127.0.0.1:9/" })).toBeNull();
  expect(most({ model: "claude-of-tomorrow" })).toBeNull();
  expect(openaiConnection({ model: "gpt-4o", maxTokens: million }, effects()).mostCost(million)).toBe(12.5);
});

it("a system prompt counts for what a call may use and cost at most", () => {
  const price = { input: 1, output: 2 };
  const options = { model: "m", maxTokens: 500, system: "x".repeat(3000), price };
  const { mostTokens, mostCost } = openaiConnection(options, effects());
  expect(mostTokens(100)).toBeGreaterThanOrEqual(100 + 3000 / 3 + 500);
  expect(mostCost(100)).toBeGreaterThanOrEqual((100 + 3000 / 3 + 2 * 500) / million);
});

it("a cached token is listed as no dearer than another", () => {
  for (const model of LISTED_MODELS) {
    const { input, output, cache_read: cached = input } = listedPrice(model) ?? { input: 0, output: 0 };
    expect(cached, model).toBeLessThanOrEqual(input);
    expect(input, model).toBeLessThan(output);
  }
});
