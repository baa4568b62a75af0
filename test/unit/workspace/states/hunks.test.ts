import { expect, test } from "vitest";
import { applyHunks } from "../../../../src/workspace/states/unified.ts";

test("a file of any number of lines is patched at its end", () => {
  const head = "x\n".repeat(300_000);
  const hunks = [{ oldStart: 300_001, oldLines: 1, lines: ["-a", "+b"] }];
  const patched = applyHunks(`${head}a\n`, hunks);
  expect(patched.ok && patched.text === `${head}b\n`).toBe(true);
});
