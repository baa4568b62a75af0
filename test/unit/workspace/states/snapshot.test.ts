import fc from "fast-check";
import { expect, test } from "vitest";
import { isAuraError } from "../../../../src/kernel/errors.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import {
  makeSnapshot,
  manifestText,
  parseManifest,
  type SnapshotEntry,
  snapshotSchema,
} from "../../../../src/workspace/states/snapshot.ts";

const SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const ENTRIES: readonly SnapshotEntry[] = [
  { path: "src", kind: "directory", mode: 0o755 },
  { path: "src/a.py", kind: "file", mode: 0o644, size: 4, sha256: SHA },
  { path: "src/latest", kind: "symlink", target: "a.py" },
  { path: "run.sh", kind: "file", mode: 0o755, size: 4, sha256: SHA },
];

test("equal trees have equal ids, in whatever order their entries came", () => {
  const forwards = makeSnapshot(ENTRIES);
  expect(makeSnapshot([...ENTRIES].reverse())).toEqual(forwards);
  expect(forwards.id).toMatch(/^[0-9a-f]{16}$/);
  expect(forwards.entries.map((entry) => entry.path)).toEqual(["run.sh", "src", "src/a.py", "src/latest"]);
});

test("a mode, a link's target, a byte or a name that differs gives another id", () => {
  const { id } = makeSnapshot(ENTRIES);
  const others: SnapshotEntry[][] = [
    ENTRIES.map((entry) => (entry.path === "run.sh" && entry.kind === "file" ? { ...entry, mode: 0o744 } : entry)),
    ENTRIES.map((entry) => (entry.kind === "symlink" ? { ...entry, target: "b.py" } : entry)),
    ENTRIES.map((entry) => (entry.kind === "file" ? { ...entry, sha256: SHA.replace("9", "8") } : entry)),
    ENTRIES.filter((entry) => entry.path !== "src"),
  ];
  expect(new Set([id, ...others.map((entries) => makeSnapshot(entries).id)]).size).toBe(5);
});

test("a manifest is readable, fits its schema and reads back as it was", () => {
  const snapshot = makeSnapshot(ENTRIES);
  const text = manifestText(snapshot);
  expect(text.split("\n").slice(0, 4)).toEqual([
    "{",
    `  "id": "${snapshot.id}",`,
    '  "entries": {',
    `    "run.sh": "0755 4 ${SHA}",`,
  ]);
  expect(compileSchema(snapshotSchema)(JSON.parse(text))).toEqual([]);
  expect(parseManifest(text, snapshot.id, "m.json")).toEqual(snapshot);
  const empty = makeSnapshot([]);
  expect(parseManifest(manifestText(empty), empty.id, "m.json")).toEqual(empty);
});

test("names that are numbers, __proto__, or hold quotes, line ends and control characters survive", () => {
  const names = ["10", "9", "__proto__", 'a"b', "line\nend", "bell\u0007", "ümlaut", "constructor", " ", "-> x"];
  const snapshot = makeSnapshot(names.map((path) => ({ path, kind: "file", mode: 0o600, size: 0, sha256: SHA })));
  expect(parseManifest(manifestText(snapshot), snapshot.id, "m.json")).toEqual(snapshot);
});

test("what cannot be one tree is refused", () => {
  const file = (path: string): SnapshotEntry => ({ path, kind: "file", mode: 0o644, size: 0, sha256: SHA });
  for (const path of ["", "/abs", "a/../b", "./a", "a//b", "a/", "nul\0"]) {
    expect(() => makeSnapshot([file(path)]), path).toThrow(RangeError);
  }
  expect(() => makeSnapshot([file("a"), file("a")])).toThrow(/twice/);
  expect(() => makeSnapshot([file("a"), file("a-b"), file("a/b/c")])).toThrow(/no folder/);
  expect(() => makeSnapshot([{ path: "l", kind: "symlink", target: ".." }, file("l/x")])).toThrow(/no folder/);
});

test("a manifest with any byte cut off or flipped is damaged, and the error names its file", () => {
  const snapshot = makeSnapshot(ENTRIES);
  const text = manifestText(snapshot);
  const bad = (damagedText: string): void => {
    try {
      expect(parseManifest(damagedText, snapshot.id, "/w/snapshots/x.json")).toEqual(snapshot);
    } catch (error) {
      if (!isAuraError(error)) throw error;
      expect(error).toMatchObject({ problem: "damaged", exitCode: 4, file: "/w/snapshots/x.json" });
    }
  };
  for (let length = 0; length < text.length; length++) bad(text.slice(0, length));
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
      bad(text.slice(0, at) + char + text.slice(at + 1));
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.json(), (json) => bad(json)));
});
