import { messageOf } from "../../kernel/errors.ts";
import type { ApplyIntent, ApplyRecord } from "../../model/apply.ts";
import { recordText } from "../../model/json.ts";
import { quoted } from "../../text/printable.ts";
import * as validators from "../generated/validate-records.js";
import { checkRecord, Damage, readJson } from "../records.ts";
import { isTreePath } from "./paths.ts";
import { applyFile } from "./places.ts";
import { damagedManifest } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";

/** Folders whose last applied state is remembered. */
const REMEMBERED = 20;

const NOTHING: ApplyRecord = { unfinished: [], applied: [] };

/** What is known of applies. Throws `WorkspaceError` ("damaged") for a record that cannot be one. */
export function readApplies(store: SnapshotStore): ApplyRecord {
  const file = applyFile(store.root);
  try {
    const value = readJson(store.files, file);
    if (value === null) return NOTHING;
    const record = checkRecord(value, validators.apply);
    const stray = record.unfinished.flatMap(({ steps }) => steps).find((step) => !isTreePath(step.path));
    if (stray) throw new Damage(`${quoted(stray.path)} is not a path inside a tree`);
    return record;
  } catch (error) {
    if (error instanceof Damage) throw damagedManifest(file, messageOf(error));
    throw error;
  }
}

/** The state that a folder was brought to last; `null` when that is not known. */
export function lastApplied(store: SnapshotStore, target: string): string | null {
  return readApplies(store).applied.find((one) => one.target === target)?.snapshot ?? null;
}

/** Records what is about to be done to a folder. */
export function noteIntent(store: SnapshotStore, intent: ApplyIntent): void {
  const { unfinished, applied } = readApplies(store);
  save(store, { unfinished: [...others(unfinished, intent), intent], applied });
}

/** Records that nothing is being done to a folder any more, and nothing was. */
export function dropIntent(store: SnapshotStore, { target }: Pick<ApplyIntent, "target">): void {
  const { unfinished, applied } = readApplies(store);
  save(store, { unfinished: others(unfinished, { target }), applied });
}

/** Records that a folder was brought to a state. */
export function noteApplied(store: SnapshotStore, done: Omit<ApplyIntent, "state" | "steps">): void {
  const { unfinished, applied } = readApplies(store);
  const { target, snapshot, startedAt } = done;
  const all = [...others(applied, done), { target, snapshot, appliedAt: startedAt }];
  save(store, { unfinished: others(unfinished, done), applied: all.slice(-REMEMBERED) });
}

function others<T extends { readonly target: string }>(
  all: readonly T[],
  { target }: { readonly target: string },
): T[] {
  return all.filter((one) => one.target !== target);
}

function save(store: SnapshotStore, record: ApplyRecord): void {
  store.files.writeAtomic(applyFile(store.root), recordText(record), { durable: true });
}
