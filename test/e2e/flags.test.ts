import { beforeAll, describe, expect, test } from "vitest";
import { sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

describe("a flag's AURA_* twin", () => {
  const here = sharedDesk({ "tiny.yaml": spec() });
  beforeAll(async () => {
    expect((await here.run(["run", "tiny.yaml", "--workspace", "w5"])).code).toBe(0);
  });

  thorough.each([
    ["inspect", "w5"],
    ["validate", "tiny.yaml"],
    ["components", "evaluator"],
    ["repair", "w5"],
  ])("switches --json of %s on", async (...args) => {
    for (const word of ["1", "true", "YES"]) {
      expect(JSON.parse((await here.run(args, { AURA_JSON: word })).stdout)).toBeTypeOf("object");
    }
    for (const word of ["0", "false", "no", ""]) {
      expect((await here.run(args, { AURA_JSON: word })).stdout).not.toMatch(/^[[{]/);
    }
  });

  test("is refused with 2 when it is neither yes nor no", async () => {
    const { code, stderr } = await here.run(["validate", "tiny.yaml"], { AURA_JSON: "maybe" });
    expect(code).toBe(2);
    expect(stderr).toContain('AURA_JSON: "maybe" is neither yes');
    expect((await here.run(["components"], { AURA_FORCE: "maybe" })).code).toBe(0);
  });

  thorough.each([
    [["resume", "--retry-failed", "w5"]],
    [["resume", "w5", "--retry-failed"]],
    [["resume", "--retry-failed", "--json", "w5"]],
  ])("--retry-failed leaves the workspace alone: %j", async (args) => {
    const { code, stderr } = await here.run(args);
    expect(stderr).not.toContain("error:");
    expect(code).toBe(0);
  });

  test("--require is read before the workspace is looked at", async () => {
    const { code, stderr } = await here.run(["run", "tiny.yaml", "--workspace", "w5", "--require", "much"]);
    expect(code).toBe(2);
    expect(stderr).toContain('--require takes a score, "baseline" or "target", not "much"');
  });

  thorough.each([
    [["--workspace", ""], "--workspace is empty"],
    [["--workspace", "tiny.yaml/sub"], "is not a folder"],
  ])("%j is refused with 2 and what to do", async (flags, said) => {
    const { code, stderr } = await here.run(["run", "tiny.yaml", ...flags]);
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });
});
