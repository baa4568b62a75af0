import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect } from "vitest";
import { UvEnvironment, type UvOptions } from "../../../../src/components/environments/uv.ts";
import { messageOf, SpecError, ToolMissingError } from "../../../../src/kernel/errors.ts";
import { environmentRig } from "../../../support/environment-rig.ts";
import { uv } from "../../../support/tools.ts";
import { wheel } from "../../../support/wheel.ts";

const { describe, test } = uv;

/** A project that depends on a package of a folder. */
function lockedProject() {
  const made = environmentRig();
  const { dir } = made.rig;
  wheel(dir.path, "measuring", "1.0");
  dir.write(
    "own/pyproject.toml",
    [
      '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["measuring"]',
      `[tool.uv]\nno-index = true\nfind-links = ["${dir.path}"]\n`,
    ].join("\n"),
  );
  execFileSync("uv", ["lock", "--project", dir.join("own"), "--offline"], { stdio: "pipe" });
  return made;
}

describe("the uv environment", () => {
  test("has what the lock of a project names, once, and leaves the project as it is", async () => {
    const { rig, made, printed } = lockedProject();
    const before = execFileSync("ls", ["-A", rig.dir.join("own")], { encoding: "utf8" });
    const environment = new UvEnvironment({ project: "own", offline: true });
    await environment.probe(rig.ctx);
    const { text, description } = await printed(environment, ["measuring"]);
    expect(text).toBe("version: 1.0");
    expect(description).toMatchObject({ type: "uv", packages: ["measuring==1.0"] });
    expect((await printed(new UvEnvironment({ project: "own", offline: true }), ["measuring"])).text).toBe(text);
    expect(made()).toHaveLength(1);
    expect(execFileSync("ls", ["-A", rig.dir.join("own")], { encoding: "utf8" })).toBe(before);
  }, 60_000);

  test("refuses a lock that does not fit its project, with what uv says", async () => {
    const { rig, made, printed } = lockedProject();
    const text = rig.dir.read("own/pyproject.toml") ?? "";
    rig.dir.write("own/pyproject.toml", text.replace('"measuring"', '"measuring>=2"'));
    const failed = printed(new UvEnvironment({ project: "own", offline: true }), ["measuring"]);
    await expect(failed).rejects.toThrow(ToolMissingError);
    expect(made()).toEqual([]);
    expect(existsSync(rig.dir.join("own/.venv"))).toBe(false);
  }, 60_000);

  test("has what a requirements file names", async () => {
    const { rig, printed } = environmentRig();
    wheel(rig.dir.path, "measuring", "2.0");
    rig.dir.write("requirements.txt", `--no-index\n--find-links ${rig.dir.path}\nmeasuring\n`);
    const environment = new UvEnvironment({ requirements: "requirements.txt", offline: true });
    expect((await printed(environment, ["measuring"])).text).toBe("version: 2.0");
  }, 60_000);

  test("is missed before a run where there is no uv, or no lock", async () => {
    const { rig } = environmentRig();
    const said = (options: UvOptions, ctx = rig.ctx) => new UvEnvironment(options).probe(ctx).then(String, messageOf);
    rig.dir.write("own/pyproject.toml", "");
    expect(await said({ project: "own" })).toMatch(/own has no uv.lock\nwrite it there once: uv lock --project /);
    const nowhere = { get: (name: string) => (name === "PATH" ? "/nowhere" : undefined), names: () => ["PATH"] };
    const effects = { ...rig.ctx.effects, variables: nowhere };
    expect(await said({ project: "own" }, { ...rig.ctx, effects })).toContain("install uv: pip install uv");
    expect(() => new UvEnvironment({})).toThrow(SpecError);
  });
});
