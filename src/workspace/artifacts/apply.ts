import { dirname, join } from "node:path";
import { messageOf, WorkspaceError } from "../../kernel/errors.ts";
import type { ApplyRecord, ApplyStep } from "../../model/apply.ts";
import { recordText } from "../../model/json.ts";
import * as validators from "../generated/validate-records.js";
import { checkRecord, Damage, readJson } from "../records.ts";
import { type ApplyPlan, contentKey, lookAt } from "./apply-plan.ts";
import { isTreePath } from "./paths.ts";
import { applyFile } from "./places.ts";
import { damagedManifest } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";
import { quoted } from "./visible.ts";

export interface ApplyOptions {
  /** Go over files that the user changed since the start. */
  readonly force: boolean;
  readonly now: Date;
}

/**
 * Writes a planned state to its folder. Everything is staged first, then an intent is recorded, then each file is
 * replaced by one rename: killed before the intent nothing has changed, killed after it `recoverApply` finishes.
 * Throws `WorkspaceError` ("usage") naming the conflicts, unless all can be forced and are.
 */
export function applyState(store: SnapshotStore, plan: ApplyPlan, options: ApplyOptions): void {
  const standing = plan.conflicts.filter((conflict) => !(options.force && conflict.forceable));
  if (standing.length > 0) throw refused(plan, standing);
  store.verify(plan.snapshot);
  const { target, snapshot, steps } = plan;
  const record: ApplyRecord = { state: "staging", target, snapshot, startedAt: options.now.toISOString(), steps };
  store.assertWritable();
  save(store, record);
  stage(store, record);
  save(store, { ...record, state: "replacing" });
  finish(store, record);
}

/** What an earlier apply did to a folder last, when it was finished; `null` when there was none or to another folder. */
export function lastApplied(store: SnapshotStore, target: string): string | null {
  const record = readApply(store);
  return record?.state === "done" && record.target === target ? record.snapshot : null;
}

/**
 * Finishes or drops an apply that was cut short; to be called before a new one is planned. Returns what it did. Throws
 * `WorkspaceError` ("usage") when the user changed one of the files in the meantime, unless `force`.
 */
export function recoverApply(
  store: SnapshotStore,
  options: { readonly force: boolean },
): "finished" | "dropped" | null {
  const record = readApply(store);
  if (record === null || record.state === "done") return null;
  store.assertWritable();
  if (record.state === "staging") {
    store.files.remove(stageDir(record));
    store.files.remove(applyFile(store.root));
    return "dropped";
  }
  const touched = options.force ? [] : record.steps.filter((step, index) => wasTouched(store, record, step, index));
  if (touched.length > 0) {
    const names = touched.map((step) => `  ${quoted(step.path)}`).join("\n");
    throw new WorkspaceError(
      "usage",
      `an earlier apply to ${record.target} was cut short, and these files changed since:\n${names}\n` +
        "Save your changes elsewhere and apply again with --force to finish it.",
    );
  }
  finish(store, record);
  return "finished";
}

function finish(store: SnapshotStore, record: ApplyRecord): void {
  for (const [index, step] of record.steps.entries()) perform(store, record, step, index);
  store.files.remove(stageDir(record));
  save(store, { ...record, state: "done", steps: [] });
}

/** One step; doing it again after it was done does nothing. */
function perform(store: SnapshotStore, record: ApplyRecord, step: ApplyStep, index: number): void {
  const { files } = store;
  const path = join(record.target, step.path);
  switch (step.action) {
    case "delete":
      if (files.stat(path)?.kind !== "directory") files.remove(path);
      return;
    case "remove-folder":
      if (files.list(path)?.length === 0) files.remove(path);
      return;
    case "make-folder":
      files.makeDirectory(path);
      return;
    case "write":
      if (files.stat(stagedFile(record, index)) === null) return;
      files.makeDirectory(dirname(path));
      files.rename(stagedFile(record, index), path);
      return;
    case "set-mode":
      if (step.mode !== undefined && files.stat(path) !== null) files.chmod(path, step.mode);
      return;
  }
}

function stage(store: SnapshotStore, record: ApplyRecord): void {
  const { files, objects } = store;
  const folder = stageDir(record);
  files.makeDirectory(record.target);
  files.remove(folder);
  files.makeDirectory(folder);
  const entries = new Map(store.read(record.snapshot).entries.map((entry) => [entry.path, entry]));
  for (const [index, step] of record.steps.entries()) {
    if (step.action !== "write") continue;
    const entry = entries.get(step.path);
    const path = stagedFile(record, index);
    if (entry?.kind === "symlink") files.symlink(entry.target, path);
    else if (entry?.kind === "file") objects.copyTo(entry.sha256, path, entry.mode);
  }
  files.flush((files.list(folder) ?? []).filter(({ kind }) => kind === "file").map(({ name }) => join(folder, name)));
}

/** Whether what a step that is still to be done would replace is no longer what it was. */
function wasTouched(store: SnapshotStore, record: ApplyRecord, step: ApplyStep, index: number): boolean {
  if (step.action !== "write" && step.action !== "delete") return false;
  if (step.action === "write" && store.files.stat(stagedFile(record, index)) === null) return false;
  const actual = lookAt(store, record.target, step.path);
  if (actual === null || (actual !== "special" && actual.kind === "directory")) return false;
  return actual === "special" || contentKey(actual) !== step.before;
}

/** Beside what it replaces, so that a rename is enough, and named so that nothing else is called that. */
function stageDir(record: ApplyRecord): string {
  return join(record.target, `.aura-apply-${record.snapshot}`);
}

function stagedFile(record: ApplyRecord, index: number): string {
  return join(stageDir(record), String(index));
}

function save(store: SnapshotStore, record: ApplyRecord): void {
  store.files.writeAtomic(applyFile(store.root), recordText(record), { durable: true });
}

function readApply(store: SnapshotStore): ApplyRecord | null {
  const file = applyFile(store.root);
  try {
    const value = readJson(store.files, file);
    if (value === null) return null;
    const record = checkRecord(value, validators.apply);
    const stray = record.steps.find((step) => !isTreePath(step.path));
    if (stray) throw new Damage(`${quoted(stray.path)} is not a path inside a tree`);
    return record;
  } catch (error) {
    if (error instanceof Damage) throw damagedManifest(file, messageOf(error));
    throw error;
  }
}

function refused(plan: ApplyPlan, conflicts: ApplyPlan["conflicts"]): WorkspaceError {
  const shown = conflicts.slice(0, 20).map(({ path, reason }) => `  ${quoted(path)} ${reason}`);
  const more = conflicts.length > 20 ? [`  and ${conflicts.length - 20} more`] : [];
  const advice = conflicts.every((conflict) => conflict.forceable)
    ? "Save your changes elsewhere, or write over them with --force. `--to DIR` and `--patch FILE` leave them alone."
    : "Move what is in the way, or use `--to DIR` or `--patch FILE`.";
  const message = [`cannot apply ${plan.snapshot} to ${plan.target}:`, ...shown, ...more, advice].join("\n");
  return new WorkspaceError("usage", message);
}
