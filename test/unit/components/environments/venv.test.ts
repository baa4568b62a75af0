import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, describe as suite } from "vitest";
import { VenvEnvironment, type VenvOptions } from "../../../../src/components/environments/venv.ts";
import { ScriptExecutor } from "../../../../src/components/executors/command.ts";
import { SpecError, ToolMissingError } from "../../../../src/kernel/errors.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";
import { FULL } from "../../../support/thorough.ts";
import { pythonVenv } from "../../../support/tools.ts";
import { wheel } from "../../../support/wheel.ts";

const { describe, test } = pythonVenv;

/** A project, with a cache for environments of its own. */
function project() {
  const cache = temporaryDirectory();
  const rig = executionRig({ variables: { AURA_CACHE_DIR: cache.path, PIP_CONFIG_FILE: "/dev/null" } });
  onTestFinished(() => {
    rig[Symbol.dispose]();
    cache[Symbol.dispose]();
  });
  const environments = cache.join("environments");
  const venvs = () => readdirSync(environments).filter((name) => name.includes(".d-"));
  const printed = async (options: VenvOptions, command: readonly string[]) => {
    const trial = rig.trial();
    const prepared = await new VenvEnvironment(options).prepare(hypothesis(), trial);
    const raw = await new ScriptExecutor(command).run(hypothesis(), prepared, trial);
    if (raw.kind !== "process") throw new Error(JSON.stringify(raw));
    return { text: `${raw.stdoutTail}${raw.stderrTail}`.trim(), description: prepared.description };
  };
  return { rig, environments, venvs, printed };
}

const PREFIX = ["python", "-c", "import sys; print(sys.prefix)"];

describe("the venv environment", () => {
  test("runs programs of a venv that is there, and changes nothing in it", async () => {
    const { rig, printed } = project();
    const venv = rig.dir.join("venv");
    execFileSync("python3", ["-m", "venv", "--without-pip", venv]);
    writeFileSync(join(venv, "bin", "measure"), "#!/bin/sh\npython -c 'import helper; print(helper.X)'\n");
    chmodSync(join(venv, "bin", "measure"), 0o755);
    const [site] = execFileSync("find", [venv, "-name", "site-packages"], { encoding: "utf8" }).split("\n");
    writeFileSync(join(site ?? "", "helper.py"), "X = 'helped'\n");
    const before = readdirSync(venv, { recursive: true }).sort();
    expect((await printed({ path: "venv" }, PREFIX)).text).toBe(venv);
    expect((await printed({ path: venv }, ["measure"])).text).toBe("helped");
    expect(readdirSync(venv, { recursive: true }).sort()).toEqual(before);
  });

  test("says what it is: interpreter, version and packages", async () => {
    const { printed } = project();
    const version = execFileSync("python3", ["-c", "import sys; print(sys.version.split()[0])"], { encoding: "utf8" });
    const { description } = await printed({ python: "python3" }, PREFIX);
    expect(description).toMatchObject({ type: "venv", python: version.trim(), packages: [] });
    expect(description?.path).toMatch(/\/environments\/venv-[0-9a-f]{16}\.d-/);
  });

  test("is made once, however many want it at the same time", async () => {
    const { venvs, printed } = project();
    const all = await Promise.all([1, 2, 3].map(() => printed({ python: "python3" }, PREFIX)));
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
    expect(venvs()).toHaveLength(1);
  });

  test("is made again where one before was cut short, or does not work any more", async () => {
    const { rig, environments, venvs, printed } = project();
    const first = await printed({ python: "python3" }, PREFIX);
    rmSync(join(first.text, "bin", "python"));
    const [key = ""] = venvs().map((name) => name.replace(/\.d-.*/, ""));
    mkdirSync(join(environments, `${key}.d-half`));
    const dead = { pid: 2 ** 22 + 1, startedAt: "1@x", host: rig.ctx.effects.processes.self.host };
    writeFileSync(join(environments, `${key}.lock`), JSON.stringify(dead));
    const second = await printed({ python: "python3" }, PREFIX);
    expect(existsSync(second.text)).toBe(true);
    expect(venvs()).toHaveLength(1);
    expect(existsSync(join(environments, `${key}.lock`))).toBe(false);
  });

  test("is missed before a run where there is none, or no Python to make it with", async () => {
    const { rig } = project();
    const probed = (options: VenvOptions) =>
      new VenvEnvironment(options).probe(rig.ctx).then(
        () => null,
        (error: unknown) => (error instanceof ToolMissingError ? error.message : error),
      );
    expect(await probed({ path: rig.dir.join("none") })).toContain("make it: python3 -m venv");
    expect(await probed({ python: "9.9" })).toContain("python9.9");
    expect(await probed({ python: "python3" })).toBe(null);
  });

  test("is either there or made, not both", () => {
    expect(() => new VenvEnvironment({ path: "v", packages: ["x"] })).toThrow(SpecError);
    expect(() => new VenvEnvironment({})).toThrow(SpecError);
  });
});

// Pip alone takes seconds.
(FULL ? describe : suite.skip)("a venv from requirements", () => {
  test("has what they name, also in files that they name, and is another one when these change", async () => {
    const { rig, venvs, printed } = project();
    for (const version of ["1.0", "2.0"]) wheel(rig.dir.path, "measuring", version);
    rig.dir.write("more.txt", "measuring==1.0\n");
    rig.dir.write("requirements.txt", `--no-index\n--find-links ${rig.dir.path}\n-r more.txt\n`);
    const options = { requirements: "requirements.txt" };
    const first = await printed(options, ["measuring"]);
    expect(first.text).toBe("version: 1.0");
    expect(first.description?.packages).toContain("measuring==1.0");
    rig.dir.write("more.txt", "measuring==2.0\n");
    expect((await printed(options, ["measuring"])).text).toBe("version: 2.0");
    expect(venvs()).toHaveLength(2);
  }, 120_000);

  test("that cannot be had ends a run with what pip said", async () => {
    const { rig, printed, venvs } = project();
    rig.dir.write("requirements.txt", "--no-index\nno-such-thing==1\n");
    const failed = printed({ requirements: "requirements.txt" }, PREFIX);
    await expect(failed).rejects.toThrow(/No matching distribution found for no-such-thing==1/);
    await expect(failed).rejects.toThrow(ToolMissingError);
    expect(venvs()).toEqual([]);
  }, 120_000);
});
