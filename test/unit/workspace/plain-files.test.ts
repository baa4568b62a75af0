import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemEffects } from "../../../src/platform/system.ts";
import { applyRepair, planRepair } from "../../../src/workspace/repair.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { effects, startedWorkspace, temporaryFolder, writeIteration } from "./rig.ts";

const { files } = systemEffects();

/** A workspace whose writer has ended, with something else in the place of a file. */
async function withMisfit(name: string, put: (path: string) => void): Promise<string> {
  const workspace = await startedWorkspace();
  writeIteration(workspace, 1, [0.5]);
  workspace.flush();
  rmSync(join(workspace.root, "lock.json"));
  rmSync(join(workspace.root, name), { force: true, recursive: true });
  put(join(workspace.root, name));
  return workspace.root;
}

const pipe = (path: string): void => void execFileSync("mkfifo", [path]);

describe("what the writer needs as a file or a folder", () => {
  it.each([
    ["journal.jsonl", pipe, "a pipe"],
    ["index.jsonl", pipe, "a pipe"],
    ["journal.jsonl", mkdirSync, "a folder"],
    ["spec.yaml", mkdirSync, "a folder"],
    ["lock.json", mkdirSync, "a folder"],
    ["iterations", pipe, "a pipe"],
    ["snapshots", (path: string) => files.writeAtomic(path, ""), "a file"],
    ["rollbacks", (path: string) => files.writeAtomic(path, ""), "a file"],
    ["lock.json", (path: string) => symlinkSync("/nowhere", path), "a symbolic link"],
  ] as const)(
    "%s that is something else is damage with its name, and nothing waits for it",
    async (name, put, what) => {
      const root = await withMisfit(name, put);
      const locking = (await Workspace.open(root, { effects: effects() })).lock();
      await expect(locking).rejects.toMatchObject({
        exitCode: 4,
        file: join(root, name),
        message: expect.stringContaining(`it is ${what}`),
      });
      const steps = planRepair(root, files).steps;
      expect(steps).toEqual([
        expect.objectContaining({ action: name === "lock.json" ? "by-hand" : "set-aside", file: name }),
      ]);
      if (name === "lock.json") return;
      applyRepair(planRepair(root, files), files, { token: "", assertHeld: () => {}, release: () => {} });
      expect(planRepair(root, files).steps).toEqual([]);
    },
  );

  it("may be a link to a file elsewhere", async () => {
    const journal = join(temporaryFolder(), "log");
    files.writeAtomic(journal, "{}\n");
    const root = await withMisfit("journal.jsonl", (path) => symlinkSync(journal, path));
    const workspace = await Workspace.open(root, { effects: effects() });
    await workspace.lock();
    workspace.appendJournal("{}");
    expect(readFileSync(journal, "utf8")).toBe("{}\n{}\n");
  });
});

describe("a line that is appended", () => {
  it.each([
    ["{}\n", "{}\n[]\n"],
    ['{"to', '{"to\n[]\n'],
  ])("starts a line of its own and leaves none empty", async (before, after) => {
    const root = await withMisfit("journal.jsonl", (path) => files.writeAtomic(path, before));
    const workspace = await Workspace.open(root, { effects: effects() });
    await workspace.lock();
    workspace.appendJournal("[]");
    expect(readFileSync(join(root, "journal.jsonl"), "utf8")).toBe(after);
  });
});
