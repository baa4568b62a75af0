import { utimesSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packageAt, requirementsText } from "../../../../src/components/environments/requirements.ts";
import { systemFiles } from "../../../../src/platform/files/local.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";

/** What an environment of these requirements is known by, before and after a change. */
function changed(requirements: string, file: string, content: string) {
  using dir = temporaryDirectory();
  dir.write("requirements.txt", requirements);
  for (const name of [
    "pyproject.toml",
    "src/a.py",
    ".git/index",
    "runs/x/run.json",
    "runs/x/log",
    "v/pyvenv.cfg",
    "v/x",
  ])
    dir.write(`pkg/${name}`, "old\n");
  dir.write("more/named.txt", "numpy==2.1\n");
  dir.write("m-1.0-py3-none-any.whl", "old\n");
  const known = () => requirementsText(dir.join("requirements.txt"), dir.path, systemFiles());
  const before = known();
  dir.write(file, content);
  return known() !== before;
}

describe("an environment from requirements is another one", () => {
  it.each([
    ["-r more/named.txt", "more/named.txt"],
    ["--constraint=more/named.txt", "more/named.txt"],
    ["./pkg", "pkg/src/a.py"],
    ["numpy # none\npkg/", "pkg/src/a.py"],
    ["./pkg[extra] ; python_version > '3'", "pkg/pyproject.toml"],
    ["pkg @ file:./pkg", "pkg/src/a.py"],
    ["-e ./pkg", "pkg/pyproject.toml"],
    ["dependencies:\n  - pip:\n    - -e ./pkg", "pkg/pyproject.toml"],
    ["-r \\\n  more/named.txt", "more/named.txt"],
    ["-r requirements.txt\n./pkg", "pkg/src/a.py"],
    ["m-1.0-py3-none-any.whl", "m-1.0-py3-none-any.whl"],
  ])("when what %j names changes", (requirements, file) => {
    expect(changed(requirements, file, "new\n")).toBe(true);
  });

  it.each([
    // The sources of a link are read where they are.
    ["-e ./pkg", "pkg/src/a.py"],
    ["./pkg", "pkg/.git/index"],
    ["./pkg", "pkg/runs/x/log"],
    ["./pkg", "pkg/v/x"],
    ["# ./pkg", "pkg/src/a.py"],
    ["pkg", "pkg/src/a.py"],
    ["https://example.org/pkg", "pkg/src/a.py"],
  ])("but not when %j stays and %s changes", (requirements, file) => {
    expect(changed(requirements, file, "new\n")).toBe(false);
  });

  it("when the package that it has a link to is elsewhere", () => {
    using one = temporaryDirectory();
    using other = temporaryDirectory();
    for (const dir of [one, other]) {
      dir.write("pyproject.toml", "same");
      utimesSync(dir.write("a.py", "same"), 1, 1);
    }
    const files = systemFiles();
    expect(packageAt(one.path, true, files)).not.toBe(packageAt(other.path, true, files));
    expect(packageAt(one.path, false, files)).toBe(packageAt(other.path, false, files));
  });
});
