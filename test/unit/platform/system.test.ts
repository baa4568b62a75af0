import { afterEach, expect, test, vi } from "vitest";
import { systemEffects } from "../../../src/platform/system.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("variables are read as they are now, and a missing one is undefined", () => {
  const { variables } = systemEffects();
  vi.stubEnv("AURA_TEST_VARIABLE", "1");
  expect(variables.get("AURA_TEST_VARIABLE")).toBe("1");
  expect(variables.names()).toContain("AURA_TEST_VARIABLE");
  vi.unstubAllEnvs();
  expect(variables.get("AURA_TEST_VARIABLE")).toBeUndefined();
});

test("tokens are hex of the asked size and never repeat", () => {
  const { token } = systemEffects();
  const tokens = Array.from({ length: 100 }, () => token(8));
  expect(new Set(tokens).size).toBe(100);
  for (const text of tokens) expect(text).toMatch(/^[0-9a-f]{16}$/);
});
