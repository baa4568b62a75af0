import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, describe as suite } from "vitest";
import { VenvEnvironment, type VenvOptions } from "../../../../src/components/environments/venv.ts";
import { SpecError, ToolMissingError } from "../../../../src/kernel/errors.ts";
import { environmentRig } from "../../../support/environment-rig.ts";
import { FULL, thorough } from "../../../support/thorough.ts";
import { pythonVenv } from "../../../support/tools.ts";
import { wheel } from "../../../support/wheel.ts";

const { describe, test } = pythonVenv;

const PREFIX = ["python", "-c", "import sys; print(sys.prefix)"];

describe("the venv environment", () => {
  test("runs programs of a venv that is there, and changes nothing in it", async () => {
    const { rig, printed } = environmentRig();
    const venv = rig.dir.join("venv");
    execFileSync("python3", ["-m", "venv", "--without-pip", venv]);
    writeFileSync(join(venv, "bin", "measure"), "#!/bin/sh\npython -c 'import helper; print(helper.X)'\n");
    chmodSync(join(venv, "bin", "measure"), 0o755);
    const [site] = execFileSync("find", [venv, "-name", "site-packages"], { encoding: "utf8" }).split("\n");
    writeFileSync(join(site ?? "", "helper.py"), "X = 'helped'\n");
    const before = readdirSync(venv, { recursive: true }).sort();
    expect((await printed(new VenvEnvironment({ path: "venv" }), PREFIX)).text).toBe(venv);
    expect((await printed(new VenvEnvironment({ path: venv }), ["measure"])).text).toBe("helped");
    expect(readdirSync(venv, { recursive: true }).sort()).toEqual(before);
  });

  test("says what it is: interpreter, version and packages", async () => {
    const { printed } = environmentRig();
    const version = execFileSync("python3", ["-c", "import sys; print(sys.version.split()[0])"], { encoding: "utf8" });
    const { description } = await printed(new VenvEnvironment({ python: "python3" }), PREFIX);
    expect(description).toMatchObject({ type: "venv", python: version.trim(), packages: [] });
    expect(description?.path).toMatch(/\/environments\/venv-[0-9a-f]{16}\.d-/);
  });

  test("is made once, however many want it at the same time", async () => {
    const { made, printed } = environmentRig();
    const all = await Promise.all([1, 2, 3].map(() => printed(new VenvEnvironment({ python: "python3" }), PREFIX)));
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
    expect(made()).toHaveLength(1);
  });

  thorough("is made again where one before was cut short, does not work or is not what it was any more", async () => {
    const { rig, cached, made, printed } = environmentRig();
    const first = await printed(new VenvEnvironment({ python: "python3" }), PREFIX);
    rmSync(join(first.text, "bin", "python"));
    const [key = ""] = made().map((name) => name.replace(/\.d-.*/, ""));
    mkdirSync(join(cached, `${key}.d-half`));
    const dead = { pid: 2 ** 22 + 1, startedAt: "1@x", host: rig.ctx.effects.processes.self.host };
    writeFileSync(join(cached, `${key}.lock`), JSON.stringify(dead));
    const second = await printed(new VenvEnvironment({ python: "python3" }), PREFIX);
    expect(existsSync(second.text)).toBe(true);
    expect(made()).toHaveLength(1);
    expect(existsSync(join(cached, `${key}.lock`))).toBe(false);
    const [site = ""] = readdirSync(second.text, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("site-packages"),
    );
    const planted = join(second.text, site, "planted-1.0.dist-info");
    mkdirSync(planted);
    writeFileSync(join(planted, "METADATA"), "Name: planted\nVersion: 1.0\n");
    const third = await printed(new VenvEnvironment({ python: "python3" }), PREFIX);
    expect([third.text === second.text, third.description?.packages]).toEqual([false, []]);
  });

  test("is missed before a run where there is none, or no Python to make it with", async () => {
    const { rig } = environmentRig();
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
  test("has what they name, also in files that they name, is another one when these change, and is made again when files of it are gone", async () => {
    const { rig, made, printed } = environmentRig();
    for (const version of ["1.0", "2.0"]) wheel(rig.dir.path, "measuring", version);
    rig.dir.write("more.txt", "measuring==1.0\n");
    rig.dir.write("requirements.txt", `--no-index\n--find-links ${rig.dir.path}\n-r more.txt\n`);
    const options = { requirements: "requirements.txt" };
    const first = await printed(new VenvEnvironment(options), ["measuring"]);
    expect(first.text).toBe("version: 1.0");
    expect(first.description?.packages).toContain("measuring==1.0");
    rig.dir.write("more.txt", "measuring==2.0\n");
    const second = await printed(new VenvEnvironment(options), ["measuring"]);
    expect(second.text).toBe("version: 2.0");
    expect(made()).toHaveLength(2);
    execFileSync("find", [String(second.description?.path), "-name", "measuring*.py", "-delete"]);
    expect((await printed(new VenvEnvironment(options), ["measuring"])).text).toBe("version: 2.0");
  }, 120_000);

  test("that cannot be had ends a run with what pip said", async () => {
    const { rig, printed, made } = environmentRig();
    rig.dir.write("requirements.txt", "--no-index\nno-such-thing==1\n");
    const failed = printed(new VenvEnvironment({ requirements: "requirements.txt" }), PREFIX);
    await expect(failed).rejects.toThrow(/No matching distribution found for no-such-thing==1/);
    await expect(failed).rejects.toThrow(ToolMissingError);
    expect(made()).toEqual([]);
  }, 120_000);
});
