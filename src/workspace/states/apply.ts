import { messageOf, StorageError, WorkspaceError } from "../../kernel/errors.ts";
import { type ApplyIntent, type ApplyPlan, type ApplyRecord, applySchema } from "../../model/apply.ts";
import { recordText } from "../../model/json.ts";
import { isTreePath } from "../../model/tree-path.ts";
import { quoted } from "../../text/printable.ts";
import { applyFile } from "../layout.ts";
import { readRecord } from "../records.ts";
import { isStaged, perform, stage, unstage, wasTouched } from "./apply-steps.ts";
import type { SnapshotStore } from "./store.ts";

export interface ApplyOptions {
  /** Go over files that the user changed since the start. */
  readonly force: boolean;
  readonly now: Date;
}

/**
 * Writes a planned state to its folder. Everything is staged first, then an intent is recorded, then each file is
 * replaced by one rename: killed before the intent nothing has changed; killed after it, or refused a step by the system,
 * `recoverApply` finishes. Throws `WorkspaceError` ("usage") naming the conflicts, unless all can be
 * forced and are, and `StorageError` when the folder could not be written to.
 */
export function applyState(store: SnapshotStore, plan: ApplyPlan, options: ApplyOptions): void {
  const standing = plan.conflicts.filter((conflict) => !(options.force && conflict.forceable));
  if (standing.length > 0) throw refused(plan, standing);
  store.verify(plan.snapshot);
  const { target, snapshot, steps } = plan;
  const startedAt = options.now.toISOString();
  store.assertWritable();
  if (steps.length === 0) {
    noteApplied(store, { target, snapshot, startedAt });
    return;
  }
  const intent: ApplyIntent = { state: "staging", target, snapshot, startedAt, steps };
  noteIntent(store, intent);
  try {
    stage(store, intent);
  } catch (thrown) {
    if (thrown instanceof StorageError) drop(store, intent);
    throw thrown;
  }
  noteIntent(store, { ...intent, state: "replacing" });
  finish(store, intent);
}

/** What became of an apply that was cut short. */
export interface Recovery {
  readonly target: string;
  readonly snapshot: string;
  /** `dropped`: nothing had been replaced. `waiting`: it could not be helped. */
  readonly outcome: "finished" | "dropped" | "waiting";
  /** Why it is still waiting. */
  readonly reason?: string;
}

/**
 * Finishes or drops every apply that was cut short; to be called before a new one is planned. One to
 * `target` that cannot be is an error: `WorkspaceError` ("usage") when the user changed one of the files in the
 * meantime, unless `force`; one to another folder is left as it is.
 */
export function recoverApply(
  store: SnapshotStore,
  { force, target }: { readonly force: boolean; readonly target: string },
): readonly Recovery[] {
  return readApplies(store).unfinished.map((intent): Recovery => {
    const { snapshot } = intent;
    try {
      store.assertWritable();
      const outcome = recover(store, intent, force && intent.target === target);
      return { target: intent.target, snapshot, outcome };
    } catch (thrown) {
      const isKnown = thrown instanceof StorageError || thrown instanceof WorkspaceError;
      if (intent.target === target || !isKnown) throw thrown;
      return { target: intent.target, snapshot, outcome: "waiting", reason: messageOf(thrown) };
    }
  });
}

function recover(store: SnapshotStore, intent: ApplyIntent, force: boolean): "finished" | "dropped" {
  if (intent.state === "staging") {
    unstage(store, intent);
    dropIntent(store, intent);
    return "dropped";
  }
  // What was staged goes when the last step is done: there is nothing left to do, and the user may go on.
  if (!isStaged(store, intent)) {
    noteApplied(store, intent);
    return "finished";
  }
  const touched = force ? [] : intent.steps.filter((step, index) => wasTouched(store, intent, step, index));
  if (touched.length > 0) {
    const names = touched.map((step) => `  ${quoted(step.path)}`).join("\n");
    throw new WorkspaceError(
      "usage",
      `an earlier apply to ${intent.target} was cut short, and these files changed since:\n${names}\n` +
        "Save your changes elsewhere and apply again with --force to finish it.",
    );
  }
  finish(store, intent);
  return "finished";
}

function finish(store: SnapshotStore, intent: ApplyIntent): void {
  try {
    for (const [index, step] of intent.steps.entries()) perform(store, intent, step, index);
  } catch (thrown) {
    if (!(thrown instanceof StorageError)) throw thrown;
    const reason = thrown.cause instanceof Error ? thrown.cause.message : messageOf(thrown);
    const advice = `${intent.target} is in between two states: mend the cause, and the next \`aura apply\` finishes it.`;
    throw new StorageError(thrown.operation, thrown.path, new Error(`${reason}\n${advice}`, { cause: thrown }));
  }
  unstage(store, intent);
  noteApplied(store, intent);
}

/** Clears away what was staged, as far as the disk lets it: the next apply does the rest. */
function drop(store: SnapshotStore, intent: ApplyIntent): void {
  try {
    unstage(store, intent);
    dropIntent(store, intent);
  } catch (thrown) {
    if (!(thrown instanceof StorageError)) throw thrown;
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

/** Folders whose last applied state is remembered. */
const REMEMBERED = 20;

const NOTHING: ApplyRecord = { unfinished: [], applied: [] };

/** What is known of applies. Throws `WorkspaceError` ("damaged") for a record that cannot be one. */
export function readApplies(store: SnapshotStore): ApplyRecord {
  const strayPath = ({ unfinished }: ApplyRecord): string | null => {
    const stray = unfinished.flatMap(({ steps }) => steps).find((step) => !isTreePath(step.path));
    return stray === undefined ? null : `${quoted(stray.path)} is not a path inside a tree`;
  };
  return readRecord(store, applyFile(store.root), applySchema, strayPath, REMEDY) ?? NOTHING;
}

const REMEDY = "restore it, or delete it: an apply that was cut short is then neither finished nor undone";

/** The state that a folder was brought to last; `null` when that is not known. */
export function lastApplied(store: SnapshotStore, target: string): string | null {
  return readApplies(store).applied.find((one) => one.target === target)?.snapshot ?? null;
}

/** Records what is about to be done to a folder. */
function noteIntent(store: SnapshotStore, intent: ApplyIntent): void {
  const { unfinished, applied } = readApplies(store);
  save(store, { unfinished: [...others(unfinished, intent), intent], applied });
}

/** Records that nothing is being done to a folder any more, and nothing was. */
function dropIntent(store: SnapshotStore, { target }: Pick<ApplyIntent, "target">): void {
  const { unfinished, applied } = readApplies(store);
  save(store, { unfinished: others(unfinished, { target }), applied });
}

/** Records that a folder was brought to a state. */
function noteApplied(store: SnapshotStore, done: Omit<ApplyIntent, "state" | "steps">): void {
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
