import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NO_TOTALS } from "../../../src/model/run.ts";
import { systemFiles } from "../../../src/platform/files/local.ts";
import { isUnspent, removeUnspent } from "../../../src/workspace/unspent.ts";
import { call, manifest, temporaryFolder } from "./rig.ts";

/** A workspace as a run leaves it whose first call was refused. */
function refusedRun(changes: Parameters<typeof manifest>[0] = {}, record: object = {}): string {
  const root = join(temporaryFolder(), "run");
  const folder = join(root, "iterations/00001");
  mkdirSync(join(folder, "calls"), { recursive: true });
  mkdirSync(join(root, "snapshots"));
  const failed = { ...call(1), state: "failed", usage: undefined, ...record };
  writeFileSync(join(folder, "calls/00001-researcher-a1.json"), JSON.stringify(failed));
  writeFileSync(join(folder, "iteration.json"), "{}");
  writeFileSync(join(root, "spec.yaml"), "name: digits\n");
  writeFileSync(join(root, "run.json"), JSON.stringify(manifest({ status: "failed", reason: "error", ...changes })));
  return root;
}

describe("a run of which nothing came", () => {
  it("is known as such, and gone when it is removed", () => {
    const root = refusedRun();
    const files = systemFiles();
    expect(isUnspent(root, files)).toBe(true);
    removeUnspent(root, (path) => files.remove(path));
    expect(files.list(root)).toEqual([]);
    expect(existsSync(root)).toBe(true);
  });

  it.each([
    ["one that goes on", refusedRun({ status: "running" })],
    ["one that is paused", refusedRun({ status: "paused", reason: "paused" })],
    ["one that has spent something", refusedRun({ totals: { ...NO_TOTALS, calls: 1 } })],
    ["one that has run a trial", refusedRun({ totals: { ...NO_TOTALS, trials: 1 } })],
    ["one with an answered call", refusedRun({}, { state: "finished" })],
    ["one with a failed call that was paid for", refusedRun({}, { usage: { inputTokens: 1, outputTokens: 1 } })],
  ])("is not %s", (_what, root) => {
    expect(isUnspent(root, systemFiles())).toBe(false);
  });

  it("is not one with a manifest that cannot be read, or with something the user added", () => {
    const damaged = refusedRun();
    writeFileSync(join(damaged, "run.json"), "{");
    expect(isUnspent(damaged, systemFiles())).toBe(false);
    for (const added of ["notes", "mine.txt", "iterations/00001/hypotheses", "iterations/00001/trials"]) {
      const root = refusedRun();
      mkdirSync(join(root, added));
      expect(isUnspent(root, systemFiles()), added).toBe(false);
    }
  });
});
