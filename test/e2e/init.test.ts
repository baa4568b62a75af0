import { expect, it } from "vitest";
import { desk } from "../support/aura.ts";
import { few } from "../support/thorough.ts";

it.each(few(["search", "code", "agent"]))(
  "the template %s runs as it is written and comes to a score",
  async (template) => {
    using dir = desk();
    const made = await dir.run(["init", template]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toMatch(/^wrote .*spec\.yaml[\s\S]*aura run spec\.yaml/);
    expect(await dir.run(["validate", "spec.yaml"])).toMatchObject({ code: 0, stderr: "" });
    expect(await dir.run(["run", "spec.yaml"])).toMatchObject({ code: 0 });
    const { best } = await dir.document<{ best: { passed: boolean } }>([
      "inspect",
      `runs/${template}`,
      "best",
      "--json",
    ]);
    expect(best.passed).toBe(true);
    expect((await dir.run(["inspect", `runs/${template}`, "hypotheses"])).stdout).not.toContain("refused");
  },
);

it("the template library runs as it is written, and goes on where it was", async () => {
  using dir = desk();
  const made = await dir.run(["init", "library", "sub/folder"]);
  expect(made.stdout).toMatch(/cd sub\/folder\n[\s\S]*aura run loop\.mjs/);
  expect(await dir.run(["run", "sub/folder/loop.mjs"])).toMatchObject({ code: 0, stderr: "" });
  expect(await dir.run(["resume", "runs/loop", "--max-iterations", "16"])).toMatchObject({ code: 0 });
});

it("names the schema of the package that is beside the folder which a template goes to", async () => {
  using dir = desk();
  await dir.run(["init", "search", "sub/folder"]);
  expect(dir.read("sub/folder/spec.yaml")).toContain("$schema=../../node_modules/aura-research/schemas/");
});

it("writes over nothing, and says so with 2", async () => {
  using dir = desk({ "train.mjs": "mine" });
  const refused = await dir.run(["init"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("train.mjs is there already") });
  expect(dir.read("train.mjs")).toBe("mine");
  expect(dir.read("spec.yaml")).toBeNull();
  expect(await dir.run(["init", "serach"])).toMatchObject({ code: 2, stderr: expect.stringContaining('"search"') });
});

it("puts an example of many files beside those of a project only where that is asked for", async () => {
  using dir = desk({ "src/main.c": "mine", "package.json": "{}" });
  const refused = await dir.run(["init", "code"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(
    /bench\.mjs, .*test\.mjs, beside[\s\S]*aura init code my-code\n[\s\S]*aura init code \.\n/,
  );
  expect(dir.read("spec.yaml")).toBeNull();
  expect(await dir.run(["init", "code", "."])).toMatchObject({ code: 0 });
  expect(dir.read("test.mjs")).not.toBeNull();
});

it("in an empty folder the bare command says how to begin", async () => {
  using dir = desk();
  expect(await dir.run([])).toMatchObject({ code: 2, stderr: expect.stringContaining("aura init") });
});
