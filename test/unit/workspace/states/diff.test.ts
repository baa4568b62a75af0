import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffSnapshots, patchBetween } from "../../../../src/workspace/states/diff.ts";
import { applyEdits } from "../../../../src/workspace/states/edits.ts";
import { changedBetween } from "../../../../src/workspace/states/snapshot.ts";
import type { NewEntry } from "../../../../src/workspace/states/store.ts";
import { world } from "./rig.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, text: string | Uint8Array, mode = 0o644): NewEntry => ({
  path,
  kind: "file",
  mode,
  content: typeof text === "string" ? bytes(text) : text,
});
const folder = (path: string): NewEntry => ({ path, kind: "directory", mode: 0o755 });
const gitIsHere = spawnSync("git", ["--version"]).status === 0;

test("a diff reads like git's: changed, new and deleted files in order, modes, links and binary files", () => {
  const { store } = world();
  const a = store.putTree([
    file("a.py", "one\ntwo\nthree\n"),
    file("gone.txt", "bye"),
    file("run.sh", "x\n"),
    { path: "bin", kind: "file", mode: 0o644, content: Uint8Array.from([0, 1]) },
    { path: "link", kind: "symlink", target: "a.py" },
    folder("empty"),
  ]).id;
  const b = store.putTree([
    file("a.py", "one\n2\nthree\n"),
    file("new.txt", "hi\n"),
    file("run.sh", "x\n", 0o755),
    { path: "bin", kind: "file", mode: 0o644, content: Uint8Array.from([0, 2]) },
    { path: "link", kind: "symlink", target: "new.txt" },
  ]).id;
  expect(diffSnapshots(store, a, b)).toBe(
    [
      "diff --git a/a.py b/a.py",
      "--- a/a.py",
      "+++ b/a.py",
      "@@ -1,3 +1,3 @@",
      " one",
      "-two",
      "+2",
      " three",
      "diff --git a/bin b/bin",
      "Binary files a/bin and b/bin differ",
      "diff --git a/gone.txt b/gone.txt",
      "deleted file mode 100644",
      "--- a/gone.txt",
      "+++ /dev/null",
      "@@ -1 +0,0 @@",
      "-bye",
      "\\ No newline at end of file",
      "diff --git a/link b/link",
      "--- a/link",
      "+++ b/link",
      "@@ -1 +1 @@",
      "-a.py",
      "\\ No newline at end of file",
      "+new.txt",
      "\\ No newline at end of file",
      "diff --git a/new.txt b/new.txt",
      "new file mode 100644",
      "--- /dev/null",
      "+++ b/new.txt",
      "@@ -0,0 +1 @@",
      "+hi",
      "diff --git a/run.sh b/run.sh",
      "old mode 100644",
      "new mode 100755",
      "",
    ].join("\n"),
  );
  expect(patchBetween(store, a, b)).toContain("GIT binary patch\nliteral ");
  expect(changedBetween(store.read(a), store.read(b))).toEqual([
    "a.py",
    "bin",
    "empty",
    "gone.txt",
    "link",
    "new.txt",
    "run.sh",
  ]);
  expect(diffSnapshots(store, a, a)).toBe("");
});

test("control characters of a file or its name reach nobody's terminal", () => {
  const { store } = world();
  const a = store.putTree([file("a\u001b[2J.txt", "x\n")]).id;
  const b = store.putTree([file("a\u001b[2J.txt", "\u001b]0;owned\u0007\u202e\r\n")]).id;
  const text = diffSnapshots(store, a, b);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).toContain("+\\u001b]0;owned\\u0007\\u202e\\u000d");
});

test("a diff is cut at whole lines, and says so", () => {
  const { store } = world();
  const lines = (prefix: string) => Array.from({ length: 100 }, (_, n) => `${prefix} ${n}\n`).join("");
  const a = store.putTree([file("a", lines("a")), file("b", "1\n"), file("c", "1\n")]).id;
  const b = store.putTree([file("a", lines("é")), file("b", "2\n"), file("c", "2\n")]).id;
  const text = diffSnapshots(store, a, b, { maxBytes: 300 });
  expect(Buffer.byteLength(text)).toBeLessThan(400);
  expect(text.split("\n").at(-2)).toBe("[cut at 300 bytes; 2 more changed]");
  expect(text).not.toContain("\ufffd");
});

test("files too different to compare are shown as replaced", () => {
  const { store } = world();
  const lines = (prefix: string) => Array.from({ length: 5000 }, (_, n) => `${prefix}${n}\n`).join("");
  const a = store.putTree([file("a", lines("a"))]).id;
  const b = store.putTree([file("a", `${lines("b")}end`)]).id;
  const text = patchBetween(store, a, b);
  expect(text.split("\n")[3]).toBe("@@ -1,5000 +1,5001 @@");
  const applied = applyEdits(store, a, [{ diff: text }], { tracked: ["a"] });
  expect(applied).toMatchObject({ ok: true, snapshot: b });
});

const content = fc
  .array(
    fc.constantFrom(
      "a\n",
      "b\n",
      "c\n",
      "\n",
      "x\r\n",
      " a\n",
      "-a\n",
      "+b\n",
      "\\ c\n",
      "--- a\n",
      "+++ b\n",
      "@@ -1 +1 @@\n",
      "end",
      "é\n",
    ),
    { maxLength: 12 },
  )
  .map((lines) => lines.map((line, i) => (line === "end" && i < lines.length - 1 ? "end\n" : line)).join(""));
const names = ["a", "sp ace.txt", "tab\tx", 'q"uote', "back\\slash", "é.txt", "d/e/f.txt", "b", "new\nline", "end "];
const binary = fc
  .uint8Array({ maxLength: 200 })
  .chain((bytes) =>
    fc
      .constantFrom(1, 40)
      .map((times) => Buffer.concat(Array.from({ length: times }, () => Buffer.from([0, ...bytes])))),
  );
const tree = fc
  .uniqueArray(
    fc.record({
      path: fc.constantFrom(...names),
      text: fc.oneof(content, binary),
      mode: fc.constantFrom(0o644, 0o755),
    }),
    {
      selector: ({ path }) => path,
    },
  )
  .map((entries) => entries.map(({ path, text, mode }) => file(path, text, mode)));

test("the diff of two texts, applied as an edit, gives the second, also where all lines end in CRLF", () => {
  const { store } = world();
  const state = (text: string): string => store.putTree([file("src/f.txt", text)]).id;
  const unix = content.map((text) => text.replaceAll("\r\n", "\n"));
  fc.assert(
    fc.property(unix, unix, (before, after) => {
      fc.pre(before !== after);
      const [a, b] = [state(before), state(after)];
      const edits = [{ diff: patchBetween(store, a, b) }];
      const tracked = ["src/f.txt"];
      expect(applyEdits(store, a, edits, { tracked })).toMatchObject({ ok: true, snapshot: b });
      fc.pre(before.includes("\n"));
      const [dosBefore, dosAfter] = [before, after].map((text) => state(text.replaceAll("\n", "\r\n")));
      expect(applyEdits(store, dosBefore ?? "", edits, { tracked })).toMatchObject({ ok: true, snapshot: dosAfter });
    }),
    { numRuns: 200 },
  );
});

test.runIf(gitIsHere)(
  "git applies the patch between any two trees and gets the second",
  () => {
    const { store, dir } = world();
    let round = 0;
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const [a, b] = [store.putTree(before).id, store.putTree(after).id];
        const text = patchBetween(store, a, b);
        fc.pre(text !== "");
        const at = join(dir, String(round++));
        store.materialize(a, at);
        writeFileSync(`${at}.patch`, text);
        mkdirSync(at, { recursive: true });
        execFileSync("git", ["apply", "--whitespace=nowarn", `${at}.patch`], {
          cwd: at,
          env: { ...process.env, GIT_CEILING_DIRECTORIES: dir },
        });
        const changed = store.capture(at, ["."]).snapshot.entries.filter(({ kind }) => kind === "file");
        expect(changed).toEqual(store.read(b).entries);
      }),
      { numRuns: 30 },
    );
  },
  30_000,
);
