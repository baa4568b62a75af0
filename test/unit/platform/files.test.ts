import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isAuraError, StorageError } from "../../../src/kernel/errors.ts";
import { TEMPORARY_NAME } from "../../../src/platform/files/atomic.ts";
import { systemFiles } from "../../../src/platform/files/local.ts";
import { testFolder } from "../../support/test-folder.ts";

const dir = testFolder();

const files = systemFiles();

test("a written file has exactly its content, mode and no temporary beside it", () => {
  files.writeAtomic(dir.join("a.json"), "ü\n", { durable: true });
  files.writeAtomic(dir.join("run.sh"), new Uint8Array([1, 0, 2]), { mode: 0o755 });
  expect(files.readText(dir.join("a.json"))).toBe("ü\n");
  expect([...(files.readBytes(dir.join("run.sh")) ?? [])]).toEqual([1, 0, 2]);
  expect(files.stat(dir.join("run.sh"))).toMatchObject({ kind: "file", mode: 0o755, size: 3, nlink: 1 });
  expect(files.list(dir.path)?.map(({ name }) => name)).toEqual(["a.json", "run.sh"]);
});

test("a write replaces a link instead of writing through it", () => {
  dir.write("secret", "untouched");
  symlinkSync(dir.join("secret"), dir.join("record.json"));
  files.writeAtomic(dir.join("record.json"), "mine");
  files.copyFile(dir.join("record.json"), dir.join("copy"), 0o644);
  symlinkSync(dir.join("secret"), dir.join("link"));
  files.copyFile(dir.join("record.json"), dir.join("link"), 0o600);
  expect(dir.read("secret")).toBe("untouched");
  expect(files.stat(dir.join("record.json"))?.kind).toBe("file");
  expect(files.stat(dir.join("link"))).toMatchObject({ kind: "file", mode: 0o600 });
});

test("a write that fails leaves the old content and no temporary file", () => {
  mkdirSync(dir.join("taken/full"), { recursive: true });
  expect(() => files.writeAtomic(dir.join("taken"), "x")).toThrow(StorageError);
  expect(files.list(dir.path)?.map(({ name }) => name)).toEqual(["taken"]);
});

test("a temporary file that a dead process left does not stop a write", () => {
  for (let n = 1; n <= 3; n++) dir.write(`.r.${process.pid}-${n}.tmp`, "torn");
  systemFiles().writeAtomic(dir.join("r"), "whole");
  expect(dir.read("r")).toBe("whole");
  for (const { name } of files.list(dir.path) ?? []) expect(name === "r" || TEMPORARY_NAME.test(name)).toBe(true);
});

test("the longest name the disk takes can be written, a longer one is a storage error", () => {
  files.writeAtomic(dir.join("n".repeat(255)), "x");
  expect(files.readText(dir.join("n".repeat(255)))).toBe("x");
  expect(() => files.writeAtomic(dir.join("n".repeat(256)), "x")).toThrow(StorageError);
  expect(files.readText(dir.join("n".repeat(256)))).toBeNull();
});

test("of several who create a file one wins, and its content is whole", () => {
  expect(files.createExclusive(dir.join("lock"), "first")).toBe(true);
  expect(files.createExclusive(dir.join("lock"), "second")).toBe(false);
  expect(dir.read("lock")).toBe("first");
  expect(files.list(dir.path)).toHaveLength(1);
});

test("what is not there is null, and what cannot be there too", () => {
  dir.write("file", "");
  symlinkSync("loop", dir.join("loop"));
  for (const name of ["absent", "file/below", "loop/x"]) {
    const path = dir.join(name);
    expect(files.readText(path)).toBeNull();
    expect(files.readBytes(path)).toBeNull();
    expect(files.list(path)).toBeNull();
    expect(files.stat(path)).toBeNull();
    expect(files.realPath(path)).toBeNull();
    expect(files.readLink(path)).toBeNull();
    expect(files.hash(path)).toBeNull();
    files.remove(path);
  }
  expect(files.readLink(dir.join("file"))).toBeNull();
  expect(files.readLink(dir.join("loop"))).toBe("loop");
  expect(files.list(dir.join("file"))).toBeNull();
});

test("entries are sorted by name and a link is not followed", () => {
  for (const name of ["b", "a", "B", "ä"]) dir.write(name, "");
  mkdirSync(dir.join("d"));
  symlinkSync("d", dir.join("l"));
  expect(files.list(dir.path)).toEqual([
    { name: "B", kind: "file" },
    { name: "a", kind: "file" },
    { name: "b", kind: "file" },
    { name: "d", kind: "directory" },
    { name: "l", kind: "symlink" },
    { name: "ä", kind: "file" },
  ]);
  expect(files.stat(dir.join("l"))?.kind).toBe("symlink");
});

test("a named pipe does not hold a reader up", () => {
  execFileSync("mkfifo", [dir.join("metrics.json")]);
  expect(files.readText(dir.join("metrics.json"))).toBe("");
  expect(files.hash(dir.join("metrics.json"))).toBeNull();
  files.flush([dir.join("metrics.json")]);
});

test("a hash is the one of the bytes, however many", () => {
  for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000]) {
    const bytes = Buffer.alloc(size, size % 251);
    writeFileSync(dir.join("f"), bytes);
    expect(files.hash(dir.join("f"))).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
  expect(files.hash(dir.path)).toBeNull();
});

test("append, rename, times, modes and flush do what they say", () => {
  const path = dir.join("journal");
  files.append(path, "one\n");
  files.append(path, "two\n");
  expect(files.readText(path)).toBe("one\ntwo\n");
  files.rename(path, dir.join("moved"));
  files.chmod(dir.join("moved"), 0o640);
  files.setTimes(dir.join("moved"), 1_700_000_000_250);
  expect(files.stat(dir.join("moved"))).toMatchObject({ mode: 0o640, mtimeMs: 1_700_000_000_250 });
  files.flush([dir.join("moved"), dir.join("absent"), dir.path]);
  files.makeDirectory(dir.join("x/y"), 0o711);
  files.makeDirectory(dir.join("x/y"));
  expect(files.stat(dir.join("x/y"))?.mode).toBe(0o711);
  files.symlink("../elsewhere", dir.join("x/link"));
  expect(files.readLink(dir.join("x/link"))).toBe("../elsewhere");
  expect(files.realPath(dir.join("x/../moved"))).toBe(dir.join("moved"));
});

test("times of a link are its own", () => {
  dir.write("target", "");
  utimesSync(dir.join("target"), 1000, 1000);
  files.symlink("target", dir.join("link"));
  files.setTimes(dir.join("link"), 5_000_000);
  expect(statSync(dir.join("target")).mtimeMs).toBe(1_000_000);
  expect(files.stat(dir.join("link"))?.mtimeMs).toBe(5_000_000);
});

test("removal does not follow links and is content with nothing", () => {
  dir.write("kept/file", "kept");
  mkdirSync(dir.join("gone"));
  symlinkSync(dir.join("kept"), dir.join("gone/link"));
  files.remove(dir.join("gone"));
  files.remove(dir.join("gone"));
  expect(dir.read("kept/file")).toBe("kept");
  expect(files.stat(dir.join("gone"))).toBeNull();
});

test("a user who is not root can remove a tree with read-only folders in it", () => {
  chmodSync(dir.path, 0o777);
  mkdirSync(dir.join("tree/a/b"), { recursive: true });
  dir.write("tree/a/b/file", "");
  chmodSync(dir.join("tree/a/b"), 0o555);
  chmodSync(dir.join("tree/a"), 0o500);
  if (process.getuid?.() === 0) execFileSync("chown", ["-R", "65534", dir.join("tree")]);
  const script = `
    const { removeTree } = await import(${JSON.stringify(new URL("../../../src/platform/files/local.ts", import.meta.url).href)});
    if (process.getuid() === 0) process.setuid(65534);
    removeTree(${JSON.stringify(dir.join("tree/a"))});
  `;
  const result = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  expect(result.stderr).toBe("");
  expect(files.stat(dir.join("tree/a"))).toBeNull();
});

test("a full and a failing disk are storage errors that name the file and can be told from others", () => {
  try {
    files.append("/dev/full", "x");
    expect.unreachable();
  } catch (thrown) {
    expect(isAuraError(thrown) && thrown.exitCode).toBe(6);
    expect(String(thrown)).toContain("cannot append to /dev/full: ENOSPC");
  }
  expect(() => files.writeAtomic("/proc/none/x", "x")).toThrow(StorageError);
});

test("a folder keeps its identity when it is moved or reached by a link, and a copy has another", () => {
  mkdirSync(dir.join("run"));
  const identity = files.identity(dir.join("run"));
  expect(identity).toMatch(/^\d+-\d+$/);
  symlinkSync(dir.join("run"), dir.join("link"));
  expect(files.identity(dir.join("link"))).toBe(identity);
  files.rename(dir.join("run"), dir.join("moved"));
  expect(files.identity(dir.join("moved"))).toBe(identity);
  mkdirSync(dir.join("copy"));
  expect(files.identity(dir.join("copy"))).not.toBe(identity);
  expect(files.identity(dir.join("nothing"))).toBeNull();
});
