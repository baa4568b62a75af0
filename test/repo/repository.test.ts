import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedFiles, staleFiles } from "../../scripts/generate.ts";
import { isJsonObject } from "../../src/model/json.ts";
import { projectFiles, REPOSITORY, readProjectFile } from "../support/documents.ts";

const manifest: unknown = JSON.parse(readProjectFile("package.json"));
const PACKAGE = isJsonObject(manifest) ? manifest : {};

/** Files that are in the repository, or would be. */
const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: REPOSITORY,
  encoding: "utf8",
})
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(REPOSITORY, path)));

describe("the repository", () => {
  it("has generated files that are up to date", async () => {
    expect(staleFiles(await generatedFiles())).toEqual([]);
  });

  it("lists every component in the catalogue of the built-in ones", () => {
    const catalogue = readProjectFile("src/components/builtins.ts");
    const unlisted = projectFiles(".ts")
      .filter((path) => /^src\/components\/[a-z]+s\//.test(path))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/^export const (\w+)(?::[^=]+)? = define(?:Component|Executor)\(/gm)].map(
          ([, name = ""]) => name,
        ),
      )
      .filter((name) => !new RegExp(`\\)\\.${name}\\b`).test(catalogue));
    expect(unlisted).toEqual([]);
  });

  it("locks the optional packages of every platform, which some versions of npm insist on", () => {
    const lock: unknown = JSON.parse(readProjectFile("package-lock.json"));
    const packages = isJsonObject(lock) && isJsonObject(lock.packages) ? lock.packages : {};
    const missing = Object.values(packages).flatMap((entry) =>
      isJsonObject(entry) && isJsonObject(entry.optionalDependencies)
        ? Object.keys(entry.optionalDependencies).filter((name) => packages[`node_modules/${name}`] === undefined)
        : [],
    );
    expect(missing).toEqual([]);
  });

  it("names no machine's paths and no package registry", () => {
    const telling =
      /(?<![\w.])\/(?:home|Users|root|work)\/(?!(?:me|user|somebody)\b)[\w.-]+|registry\.(?:npmjs|yarnpkg)\.|"resolved":|npm\.pkg\./;
    const found = tracked
      .filter((path) => path !== "test/repo/repository.test.ts")
      .flatMap((path) => {
        const match = telling.exec(readFileSync(join(REPOSITORY, path), "utf8"));
        return match ? [`${path}: ${match[0]}`] : [];
      });
    expect(found).toEqual([]);
  });

  it("keeps a changelog whose newest part is of what is not released yet", () => {
    const [first] = [...readProjectFile("CHANGELOG.md").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(first).toBe("Unreleased");
  });

  it("is licensed as its package says", () => {
    expect(PACKAGE.license).toBe("Apache-2.0");
    expect(readProjectFile("LICENSE")).toMatch(/Apache License\s+Version 2\.0, January 2004/);
  });
});

describe("the package", () => {
  const listed = Array.isArray(PACKAGE.files) ? PACKAGE.files.map(String) : [];
  const ships = (path: string): boolean =>
    /^(README\.md|LICENSE|NOTICE|package\.json)$/.test(path) ||
    listed.some((entry) => path === entry || path.startsWith(`${entry}/`));

  it("ships what its documents link to", () => {
    const shipped = ["README.md", ...readdirSync(join(REPOSITORY, "docs")).map((name) => `docs/${name}`)];
    const missing = shipped
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
          .map(([, target]) => target ?? "")
          .filter((target) => !/^https?:/.test(target))
          .map((target) => join(dirname(path), target))
          .filter((target) => !ships(target)),
      );
    expect(missing).toEqual([]);
  });

  it("has nothing run where it is installed", () => {
    const scripts = Object.keys(PACKAGE.scripts ?? {});
    const atInstall = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"];
    expect(scripts.filter((name) => atInstall.includes(name))).toEqual([]);
  });

  it("ships every file its entries name", () => {
    const named = JSON.stringify([PACKAGE.bin, PACKAGE.exports]).match(/(?:bin|dist)\/[\w./]+/g) ?? [];
    expect(named.filter((path) => !ships(path))).toEqual([]);
  });
});
