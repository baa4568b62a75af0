import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Edit } from "../../../../src/model/hypothesis.ts";
import { EditRefused } from "../../../../src/workspace/states/draft.ts";
import { applyEdits, tryEdits } from "../../../../src/workspace/states/edits.ts";
import { workspacesIn } from "../../../../src/workspace/states/excludes.ts";
import { changedBetween } from "../../../../src/workspace/states/snapshot.ts";
import { type NewEntry, SnapshotStore } from "../../../../src/workspace/states/store.ts";
import { cpuTime } from "../../../support/cpu-time.ts";
import { contentOf } from "../../../support/states.ts";
import { files, world } from "./rig.ts";

const TRACKED = ["train.py", "src"];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, text: string, mode = 0o644): NewEntry => ({
  path,
  kind: "file",
  mode,
  content: bytes(text),
});

const BASE: readonly NewEntry[] = [
  file("train.py", "lr = 1\nepochs = 2\nlr = 3\n", 0o755),
  { path: "src", kind: "directory", mode: 0o755 },
  file("src/a.py", "one\ntwo\nthree\n"),
  file("src/dos.txt", "one\r\ntwo\r\n"),
  file("src/no-end.txt", "a\nb"),
  { path: "src/data.bin", kind: "file", mode: 0o644, content: Uint8Array.from([0, 1, 255]) },
  { path: "src/sub", kind: "directory", mode: 0o755 },
  file("src/sub/x.txt", "x\n"),
  { path: "src/away", kind: "symlink", target: "/etc" },
];

function base(): { readonly store: SnapshotStore; readonly id: string } {
  const { store } = world();
  return { store, id: store.putTree(BASE).id };
}

test("an input in a tracked folder cannot be edited", () => {
  const { store, id } = base();
  const bounds = { tracked: ["."], inputs: ["src/sub", "data.csv"] };
  for (const path of ["src/sub/x.txt", "data.csv", "./data.csv"]) {
    expect(applyEdits(store, id, [{ path, content: "mine" }], bounds)).toMatchObject({
      failure: { code: "edit-outside-artifacts", message: expect.stringContaining("one of the inputs") },
    });
  }
});

/** Contents of the state that edits make, or why they make none. */
function outcome(edits: readonly Edit[], { store, id } = base(), tracked = TRACKED) {
  const result = applyEdits(store, id, edits, { tracked });
  if (!result.ok) return `${result.failure.code}: ${result.failure.message}`;
  const text = (path: string): string | null => {
    const content = contentOf(store, result.snapshot, path);
    return content === null ? null : new TextDecoder().decode(content);
  };
  const after = store.read(result.snapshot);
  return { changed: changedBetween(store.read(id), after), text, entries: after.entries };
}

function success(edits: readonly Edit[], at = base()) {
  const result = outcome(edits, at);
  if (typeof result === "string") throw new Error(result);
  return result;
}

test("without edits the state is the base", () => {
  const { store, id } = base();
  expect(applyEdits(store, id, [], { tracked: TRACKED })).toEqual({ ok: true, snapshot: id });
});

test("content replaces a file and keeps its mode; a new file gets 0644 and the folders it needs", () => {
  const { changed, text, entries } = success([
    { path: "train.py", content: "new\n" },
    { path: "src/new/deep/b.py", content: "b" },
  ]);
  expect(changed).toEqual(["src/new", "src/new/deep", "src/new/deep/b.py", "train.py"]);
  expect(text("train.py")).toBe("new\n");
  const modes = Object.fromEntries(entries.map((entry) => [entry.path, entry.kind === "symlink" ? null : entry.mode]));
  expect(modes).toMatchObject({ "train.py": 0o755, "src/new": 0o755, "src/new/deep/b.py": 0o644 });
});

test("search and replace changes the one place and takes the replacement literally", () => {
  expect(success([{ path: "src/a.py", search: "two", replace: "$& $1 $$" }]).text("src/a.py")).toBe(
    "one\n$& $1 $$\nthree\n",
  );
  expect(success([{ path: "./src/a.py", search: "two\n", replace: "" }]).text("src/a.py")).toBe("one\nthree\n");
});

test("later edits see what earlier ones did", () => {
  const { text } = success([
    { path: "src/n.py", content: "a b" },
    { path: "src/n.py", search: "a", replace: "c" },
    { diff: "--- a/src/n.py\n+++ b/src/n.py\n@@ -1 +1 @@\n-c b\n\\ No newline at end of file\n+done\n" },
  ]);
  expect(text("src/n.py")).toBe("done\n");
});

test("a deleted file is gone and the folder it was the last in stays", () => {
  const { changed, entries } = success([{ path: "src/sub/x.txt", delete: true }]);
  expect(changed).toEqual(["src/sub/x.txt"]);
  expect(entries.some((entry) => entry.path === "src/sub" && entry.kind === "directory")).toBe(true);
  expect(success([{ path: "train.py", delete: true }]).text("train.py")).toBeNull();
  expect(success([{ path: "src/away", delete: true }]).changed).toEqual(["src/away"]);
});

test("a search text that occurs not once is refused with how often it does, and a hint", () => {
  expect(outcome([{ path: "train.py", search: "lr", replace: "x" }])).toBe(
    'edit-not-applied: the edit cannot be made: the search text occurs 2 times in "train.py", in lines 1, 3: give more of the text around it',
  );
  expect(outcome([{ path: "src/a.py", search: "nope", replace: "x" }])).toMatch(
    /occurs 0 times in "src\/a.py": it must be/,
  );
  expect(outcome([{ path: "src/a.py", search: "  two", replace: "x" }])).toMatch(/only the white space differs/);
  expect(outcome([{ path: "src/a.py", search: "", replace: "x" }])).toMatch(/^edit-invalid: .*empty/);
  const overlapping = [
    { path: "src/o", content: "aaa" },
    { path: "src/o", search: "aa", replace: "b" },
  ];
  expect(outcome(overlapping)).toMatch(/edit 2 of 2 .* occurs 2 times/);
});

test("an edit that changes nothing is a failure", () => {
  expect(outcome([{ path: "src/a.py", content: "one\ntwo\nthree\n" }])).toMatch(
    /^edit-no-change: .*has this content already/,
  );
  expect(outcome([{ path: "src/a.py", search: "two", replace: "two" }])).toMatch(/^edit-no-change/);
  expect(outcome([{ diff: "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,2 +1,2 @@\n one\n two\n" }])).toMatch(
    /^edit-no-change/,
  );
  const undone = [
    { path: "src/a.py", search: "two", replace: "2" },
    { path: "src/a.py", search: "2", replace: "two" },
  ];
  expect(outcome(undone)).toMatch(/^edit-no-change: the edits together/);
});

test.each([
  ["../x", "edit-outside-artifacts"],
  ["src/../../x", "edit-outside-artifacts"],
  ["src/..", "edit-outside-artifacts"],
  ["/etc/passwd", "edit-outside-artifacts"],
  ["C:\\x", "edit-invalid"],
  ["C:/x", "edit-outside-artifacts"],
  ["README.md", "edit-outside-artifacts"],
  ["srcx/a.py", "edit-outside-artifacts"],
  ["train.py.bak", "edit-outside-artifacts"],
  ["src/.git/hooks/pre-commit", "edit-outside-artifacts"],
  ["src/.GIT/config", "edit-outside-artifacts"],
  ["src/node_modules/x.js", "edit-outside-artifacts"],
  ["src/.env", "edit-outside-artifacts"],
  ["src/.ENV.local", "edit-outside-artifacts"],
  ["src/away/passwd", "edit-outside-artifacts"],
  ["src/away", "edit-outside-artifacts"],
  ["", "edit-invalid"],
  ["./", "edit-invalid"],
  [".", "edit-invalid"],
  ["src//a.py", "edit-invalid"],
  ["src/./a.py", "edit-invalid"],
  ["src/a.py/", "edit-invalid"],
  ["src\\a.py", "edit-invalid"],
  ["src/a\0.py", "edit-invalid"],
  ["src/a\n.py", "edit-invalid"],
  ["src/\u001b[31m.py", "edit-invalid"],
  ["src/\ud800.py", "edit-invalid"],
  [`src/${"a".repeat(2000)}`, "edit-invalid"],
  ["src", "edit-not-applied"],
  ["src/sub", "edit-not-applied"],
  ["src/a.py/b.py", "edit-not-applied"],
])("an edit of %j is refused", (path, code) => {
  const result = outcome([{ path, content: "x" }]);
  expect(result).toMatch(new RegExp(`^${code}: the edit cannot be made: `));
  expect(result).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(typeof result === "string" ? result.length : 0).toBeLessThan(500);
});

test("files that are not there, folders and binary files cannot be searched, patched or deleted", () => {
  expect(outcome([{ path: "src/none.py", search: "a", replace: "b" }])).toMatch(/^edit-not-applied: .*does not exist/);
  expect(outcome([{ path: "src/none.py", delete: true }])).toMatch(/^edit-not-applied: .*does not exist/);
  expect(outcome([{ path: "src/sub", delete: true }])).toMatch(/^edit-not-applied: .*is a folder/);
  expect(outcome([{ path: "src/data.bin", search: "a", replace: "b" }])).toMatch(/^edit-not-applied: .*is binary/);
  expect(outcome([{ diff: "--- a/src/data.bin\n+++ b/src/data.bin\n@@ -1 +1 @@\n-a\n+b\n" }])).toMatch(/is binary/);
  expect(success([{ path: "src/data.bin", content: "text" }]).text("src/data.bin")).toBe("text");
});

test("too many edits, and too much text, are refused", () => {
  const many = Array.from({ length: 201 }, (_, index) => ({ path: `src/${index}`, content: "x" }));
  expect(outcome(many)).toBe("edit-invalid: there are 201 edits: at most 200");
  expect(outcome([{ path: "src/big", content: "x".repeat(1024 * 1024 + 1) }])).toMatch(
    /^edit-invalid: .*larger than 1 MiB/,
  );
  expect(outcome([{ path: "src/half", content: "\ud800" }])).toMatch(/^edit-invalid: .*half a character/);
  const grow = [
    { path: "src/big", content: `${"x".repeat(1024 * 1024 - 1)}y` },
    { path: "src/big", search: "y", replace: "yyyyy" },
  ];
  expect(outcome(grow)).toMatch(/edit 2 of 2 .* edited file is larger/);
});

test("a unified diff of several files creates, changes and deletes", () => {
  const diff = [
    "diff --git a/src/a.py b/src/a.py",
    "index 123..456 100644",
    "--- a/src/a.py",
    "+++ b/src/a.py",
    "@@ -1,3 +1,3 @@",
    " one",
    "-two",
    "+2",
    " three",
    "--- /dev/null",
    "+++ b/src/new.py",
    "@@ -0,0 +1,2 @@",
    "+x",
    "+y",
    "--- src/sub/x.txt",
    "+++ /dev/null",
    "@@ -1 +0,0 @@",
    "-x",
    "",
  ].join("\n");
  const { changed, text } = success([{ diff }]);
  expect(changed).toEqual(["src/a.py", "src/new.py", "src/sub/x.txt"]);
  expect([text("src/a.py"), text("src/new.py"), text("src/sub/x.txt")]).toEqual(["one\n2\nthree\n", "x\ny\n", null]);
});

test("a hunk with miscounted lines goes to the only place it fits, and nowhere when there are two", () => {
  const hunk = "@@ -40,2 +40,2 @@\n two\n-three\n+3\n";
  expect(success([{ diff: `--- a/src/a.py\n+++ b/src/a.py\n${hunk}` }]).text("src/a.py")).toBe("one\ntwo\n3\n");
  const repeated = [
    { path: "src/r", content: "a\nb\na\nb\n" },
    { diff: "--- a/src/r\n+++ b/src/r\n@@ -9,2 +9,2 @@\n a\n-b\n+c\n" },
  ];
  expect(outcome(repeated)).toMatch(/^edit-not-applied: .*fits in more than one place/);
  const placed = [
    { path: "src/r", content: "a\nb\na\nb\n" },
    { diff: "--- a/src/r\n+++ b/src/r\n@@ -3,2 +3,2 @@\n a\n-b\n+c\n" },
  ];
  expect(success(placed).text("src/r")).toBe("a\nb\na\nc\n");
});

test.each([
  [
    "context that differs in white space",
    "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,2 +1,2 @@\n one \n-two\n+2\n",
    "edit-not-applied",
  ],
  [
    "a new file that exists",
    "--- /dev/null\n+++ b/src/a.py\n@@ -0,0 +1 @@\n+x\n",
    "edit-not-applied: .*exists already",
  ],
  [
    "a deletion that leaves lines",
    "--- a/src/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n",
    "edit-not-applied: .*all its lines",
  ],
  ["a file outside", "--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n", "edit-outside-artifacts"],
  ["an absolute file", "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-x\n+y\n", "edit-outside-artifacts"],
  ["a rename", "--- a/src/a.py\n+++ b/src/b.py\n@@ -1 +1 @@\n-one\n+1\n", "edit-invalid: .*renames"],
  [
    "a rename in git's words",
    "diff --git a/src/a.py b/src/b.py\nrename from src/a.py\nrename to src/b.py\n",
    "edit-invalid: .*renames",
  ],
  [
    "a new link",
    "diff --git a/src/l b/src/l\nnew file mode 120000\n--- /dev/null\n+++ b/src/l\n@@ -0,0 +1 @@\n+/etc\n",
    "edit-invalid: .*mode 120000",
  ],
  ["a new mode", "diff --git a/src/a.py b/src/a.py\nold mode 100644\nnew mode 100755\n", "edit-invalid: .*mode"],
  [
    "a binary patch",
    "diff --git a/src/data.bin b/src/data.bin\nBinary files a/src/data.bin and b/src/data.bin differ\n",
    "edit-invalid: .*binary",
  ],
  [
    "a line that belongs to no hunk before more of its changes",
    "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,3 +1,3 @@\n one\ntwo\n-three\n+3\n",
    'edit-invalid: .*begins with none of .*"two"',
  ],
  ["no diff at all", "please change two to 2", "edit-invalid"],
  ["nothing", "", "edit-invalid"],
  ["hunks without a file", "@@ -1 +1 @@\n-one\n+1\n", "edit-invalid"],
])("a diff with %s is refused", (_, diff, expected) => {
  expect(outcome([{ diff }])).toMatch(new RegExp(`^${expected}`, "s"));
});

test.each([
  ["too many", "@@ -1,9 +1,9 @@\n one\n-two\n+2\n", "one\n2\nthree\n"],
  ["too few", "@@ -1 +1 @@\n-one\n+1\n\n@@ -2,1 +2,1 @@\n two\n-three\n+3\n+4\n\n", "1\ntwo\n3\n4\n"],
  ["none", "@@ def f(): @@\n one\n two\n+2\n", "one\ntwo\n2\nthree\n"],
])("only the lines of a hunk count, whose header says %s", (_, hunks, expected) => {
  const { text } = success([
    { diff: `--- a/src/a.py\n+++ b/src/a.py\n${hunks}--- a/train.py\n+++ b/train.py\n@@ @@\n-epochs = 2\n` },
  ]);
  expect([text("src/a.py"), text("train.py")]).toEqual([expected, "lr = 1\nlr = 3\n"]);
});

test.each<[string, string, Edit, string]>([
  [
    "a search over lines",
    "a\r\nb\r\nc\r\n",
    { path: "f", search: "a\nb\n", replace: "a\nx\ny\n" },
    "a\r\nx\r\ny\r\nc\r\n",
  ],
  ["a search in the last line", "a\r\nb", { path: "f", search: "b", replace: "c\nd" }, "a\r\nc\r\nd"],
  ["a CRLF search in LF", "a\nb\n", { path: "f", search: "a\r\nb", replace: "x\r\ny" }, "x\ny\n"],
  ["whole content", "a\r\nb\r\n", { path: "f", content: "x\ny\nz" }, "x\r\ny\r\nz"],
  ["whole content where ends are mixed", "a\r\nb\n", { path: "f", content: "x\r\ny\n" }, "x\r\ny\n"],
  [
    "a search where ends are mixed",
    "a\r\nb\nc\r\nd\n",
    { path: "f", search: "a\nb\nc", replace: "1\n2\n3" },
    "1\r\n2\n3\r\nd\n",
  ],
  [
    "a diff where ends are mixed",
    "a\r\nb\nc\r\n",
    { diff: "@@ -1,3 +1,4 @@\n a\n-b\n+x\n+y\n c\n" },
    "a\r\nx\ny\nc\r\n",
  ],
  ["a diff in CRLF", "a\nb\n", { diff: "@@ -1,2 +1,2 @@\r\n a\r\n-b\r\n+c\r\n" }, "a\nc\n"],
])("line ends follow the file: %s", (_, before, edit, after) => {
  const { store } = world();
  const { id } = store.putTree([file("f", before)]);
  const edits =
    "diff" in edit
      ? [
          {
            diff: `--- a/f${edit.diff.includes("\r") ? "\r" : ""}\n+++ b/f${edit.diff.includes("\r") ? "\r" : ""}\n${edit.diff}`,
          },
        ]
      : [edit];
  const result = applyEdits(store, id, edits, { tracked: ["f"] });
  expect(result).toMatchObject({ ok: true });
  if (result.ok) expect(Buffer.from(contentOf(store, result.snapshot, "f") ?? []).toString()).toBe(after);
});

test.each<[string, string, Edit]>([
  [
    "a diff of its last line",
    "a\nc",
    { diff: "--- a/src/no-end.txt\n+++ b/src/no-end.txt\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n" },
  ],
  ["a diff that adds to it", "a\nb\nc", { diff: "--- a/src/no-end.txt\n+++ b/src/no-end.txt\n@@ -2,0 +3 @@\n+c\n" }],
  ["a search that has one", "a\nc", { path: "src/no-end.txt", search: "b\n", replace: "c\n" }],
])("a file without a final newline stays without: %s", (_, expected, edit) => {
  expect(success([edit]).text("src/no-end.txt")).toBe(expected);
});

test("what comes nearest to a text or a hunk that is not there is told with the numbers of its lines", () => {
  const { store, id } = base();
  const nearest = (edit: Edit) => {
    const made = tryEdits(store, id, [edit], { tracked: TRACKED });
    return made instanceof EditRefused ? made.nearest : "none";
  };
  expect(nearest({ path: "train.py", search: "epochs = 3\nlr = 4", replace: "" })).toBe("2| epochs = 2\n3| lr = 3");
  expect(nearest({ diff: "--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n lr=1\n-epoch = 2\n+x\n" })).toBe(
    "1| lr = 1\n2| epochs = 2",
  );
  expect(nearest({ path: "src/a.py", search: "nothing of the kind", replace: "" })).toBeNull();
});

test("a diff may create an executable file", () => {
  const diff =
    "diff --git a/src/r.sh b/src/r.sh\nnew file mode 100755\n--- /dev/null\n+++ b/src/r.sh\n@@ -0,0 +1 @@\n+x\n";
  expect(success([{ diff }]).entries.find(({ path }) => path === "src/r.sh")).toMatchObject({ mode: 0o755 });
});

test("a tracked file deleted and a tracked folder of the same name made in its place stay inside the artifact", () => {
  const { changed } = success([
    { path: "train.py", delete: true },
    { path: "train.py/x", content: "x" },
  ]);
  expect(changed).toEqual(["train.py", "train.py/x"]);
});

const anyPath = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "..",
        ".",
        "",
        "src",
        "a.py",
        "away",
        "train.py",
        "sub",
        "x",
        ".git",
        "\\",
        "\0",
        "~",
        "%2e%2e",
        "…",
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join("/")),
);
const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ path: anyPath, content: fc.string() }),
  fc.record({ path: anyPath, search: fc.string(), replace: fc.string() }),
  fc.record({ path: anyPath, delete: fc.constant(true as const) }),
  fc.record({
    diff: fc.oneof(
      fc.string(),
      anyPath.map((path) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1,2 @@\n one\n+1\n`),
    ),
  }),
  anyPath.map((path) => ({ diff: `--- /dev/null\n+++ ${path}\n@@ -0,0 +1 @@\n+1\n` })),
);

test("whatever is proposed, nothing outside the artifacts and nothing behind a link changes, and nothing throws", () => {
  const { store } = world();
  const outside = [file("README.md", "one\n"), file("x", "one\n"), file("\0".replace("\0", "~"), "one\n")];
  const { id } = store.putTree([...BASE, ...outside]);
  fc.assert(
    fc.property(fc.array(anyEdit, { minLength: 1, maxLength: 4 }), (edits) => {
      const result = applyEdits(store, id, edits, { tracked: TRACKED });
      if (!result.ok) {
        expect(result.failure.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        return;
      }
      for (const path of changedBetween(store.read(id), store.read(result.snapshot))) {
        expect(path === "train.py" || path.startsWith("train.py/") || path.startsWith("src/")).toBe(true);
        expect(path.startsWith("src/away/")).toBe(false);
        expect(path.split("/").some((name) => [".git", "..", ".", ""].includes(name))).toBe(false);
      }
    }),
    { numRuns: 600 },
  );
});

test("search and replace does what splitting at the search text and joining again does", () => {
  const { store } = world();
  const letters = (max: number) => fc.string({ unit: fc.constantFrom("a", "b", "$", "&", "\n", "é"), maxLength: max });
  fc.assert(
    fc.property(letters(12), letters(3), letters(4), (text, search, replace) => {
      const { id } = store.putTree([file("f", text)]);
      const result = applyEdits(store, id, [{ path: "f", search, replace }], { tracked: ["f"] });
      fc.pre(text.endsWith("\n") || !search.endsWith("\n"));
      const places = [...Array(text.length + 1).keys()].filter((at) => text.startsWith(search, at));
      const expected = text.split(search).join(replace);
      const applies = search !== "" && places.length === 1 && expected !== text;
      expect(result.ok).toBe(applies);
      if (result.ok)
        expect(new TextDecoder().decode(contentOf(store, result.snapshot, "f") ?? bytes(""))).toBe(expected);
    }),
    { numRuns: 200 },
  );
});

test("a diff made to take long is refused soon", () => {
  const { store } = world();
  const { id } = store.putTree([file("f", "\n".repeat(500_000))]);
  const hunk = `@@ -9,300000 +9,300000 @@\n${" \n".repeat(299_999)}-x\n+y\n`;
  const from = cpuTime();
  expect(applyEdits(store, id, [{ diff: `--- a/f\n+++ b/f\n${hunk}` }], { tracked: ["f"] })).toMatchObject({
    ok: false,
    failure: { code: "edit-not-applied", message: expect.stringMatching(/too long to look elsewhere/) },
  });
  const headers = "--- a/f\n+++ b/f\n".repeat(30_000);
  expect(applyEdits(store, id, [{ diff: headers }], { tracked: ["f"] }).ok).toBe(false);
  expect(cpuTime() - from).toBeLessThan(5000);
});

test("a name that no file system takes is refused, and is no trouble for the run", () => {
  expect(outcome([{ path: `src/${"x".repeat(256)}`, content: "y" }])).toMatch(/^edit-invalid: .*longer than 255 bytes/);
  expect(typeof outcome([{ path: `src/${"x".repeat(255)}`, content: "y" }])).toBe("object");
});

test("nothing is edited below a workspace, this one or another", () => {
  const { store, project } = world({ "a.txt": "a", "runs/other/run.json": '{ "format": 1 }' });
  const own = new SnapshotStore(join(project, "runs/e"), files);
  const { id } = own.capture(project, ["."]).snapshot;
  const bounds = { tracked: ["."], isWorkspace: workspacesIn(files, project, own.root) };
  for (const path of ["runs/e/rollbacks/00001.json", "runs/e", "runs/other/notes/evil.md"])
    expect(applyEdits(own, id, [{ path, content: "x" }], bounds), path).toMatchObject({
      ok: false,
      failure: { code: "edit-outside-artifacts", message: expect.stringContaining("a workspace of AURA") },
    });
  expect(applyEdits(own, id, [{ path: "runs/mine.txt", content: "x" }], bounds).ok).toBe(true);
  expect(store.root).not.toBe(own.root);
});
