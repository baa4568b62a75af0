import type { Files } from "../kernel/effects.ts";
import { RunFailedError, SpecError } from "../kernel/errors.ts";
import { atOnce, inTurns, pieceOfFiles, type Steps } from "../kernel/steps.ts";
import type { InputRecord } from "../model/run.ts";
import type { InputSetting } from "../model/settings.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { type InputEntry, type InputScope, listInput } from "./input-files.ts";

/** Watches over the read-only inputs of a run. */
export interface InputGuard {
  /**
   * The path of an input that is no longer as it was at the start, or `null`. Cheap: sizes and times, and the contents
   * only where these differ.
   */
  changed(): string | null;
  /** Throws `RunFailedError` when an input has changed: what would start now, would not run with what the run began with. */
  assertUnchanged(): void;
  /** Watches while a trial runs, to its disposal. Throws as `assertUnchanged` does. */
  watch(): InputWatch;
}

/** What became of the inputs while one trial ran. */
export interface InputWatch extends Disposable {
  /** What there is to say against the trial, or `null`. Of several that ran at a time it cannot be told which it was. */
  problem(): string | null;
}

/**
 * Size, time and hash of every input; a folder's hash covers the names and contents of all in it. Inputs may be large, so
 * `turn` is awaited again and again. Throws `SpecError` when one is missing.
 */
export async function recordInputs(
  inputs: readonly InputSetting[],
  scope: InputScope,
  turn: () => Promise<void>,
): Promise<readonly InputRecord[]> {
  const records: InputRecord[] = [];
  for (const input of inputs) {
    const { path, absolutePath } = input;
    const real = scope.files.realPath(absolutePath);
    const stat = real === null ? null : scope.files.stat(real);
    if (!stat) throw new SpecError(`input ${path} does not exist (looked at ${absolutePath})`);
    const entries = listInput(absolutePath, scope);
    let [size, newest] = [0, stat.mtimeMs];
    for (const entry of entries) {
      if (entry.kind !== "file") continue;
      size += entry.stat.size;
      newest = Math.max(newest, entry.stat.mtimeMs);
    }
    const sha256 = await inTurns(hashOf(entries, scope.files), turn);
    records.push({ path, size, modifiedAt: new Date(newest).toISOString(), sha256 });
  }
  return records;
}

/** A guard that remembers sizes and times as they are now, and contents as `recorded`. */
export function guardInputs(
  inputs: readonly InputSetting[],
  recorded: readonly InputRecord[],
  scope: InputScope,
): InputGuard {
  const watched = inputs.map((input) => {
    const record = recorded.find(({ path }) => path === input.path);
    const look = (): readonly InputEntry[] => listInput(input.absolutePath, scope);
    return { path: input.path, sha256: record?.sha256, look, mark: markOf(look()) };
  });
  const isChanged = (input: (typeof watched)[number]): boolean => {
    const entries = input.look();
    const now = markOf(entries);
    if (now === input.mark) return false;
    if (atOnce(hashOf(entries, scope.files)) !== input.sha256) return true;
    // Touched, or put back: the same data under another time.
    input.mark = now;
    return false;
  };
  const changed = (): string | null => watched.find(isChanged)?.path ?? null;
  const assertUnchanged = (): void => {
    const path = changed();
    if (path === null) return;
    throw new RunFailedError(
      `input ${path} is no longer what the run started with: a trial or another program changed it\n` +
        "put it back and resume, or start another run with `aura run --from`",
    );
  };
  const running = new Set<{ alone: boolean }>();
  return {
    changed,
    assertUnchanged,
    watch() {
      assertUnchanged();
      for (const other of running) other.alone = false;
      const one = { alone: running.size === 0 };
      running.add(one);
      return {
        problem() {
          const path = changed();
          if (path === null) return null;
          if (one.alone) return `the trial changed an input, which is read-only data: ${path}`;
          return `an input, which is read-only data, changed while this trial and others ran: ${path}`;
        },
        [Symbol.dispose]: () => void running.delete(one),
      };
    },
  };
}

/** Of a file its own SHA-256, of a folder one over the names and contents of all in it. */
function* hashOf(entries: readonly InputEntry[], files: Files): Steps<string> {
  const [only] = entries;
  if (only?.kind === "file" && only.name === "") return (yield* files.hashing(only.place)) ?? "";
  const listed: string[] = [];
  const isPiece = pieceOfFiles();
  for (const entry of entries) {
    listed.push(`${entry.name}\0${yield* contentOf(entry, files)}\n`);
    if (entry.kind === "file" && isPiece(entry.stat.size)) yield;
  }
  return sha256Of(listed.join(""));
}

function* contentOf(entry: InputEntry, files: Files): Steps<string> {
  switch (entry.kind) {
    case "file":
      return (yield* files.hashing(entry.place)) ?? "";
    case "link":
      return `-> ${entry.target}`;
    case "empty-folder":
      return "/";
  }
}

/** What tells without reading a file that nothing has changed. */
function markOf(entries: readonly InputEntry[]): string {
  const lines = entries.map((entry) => {
    if (entry.kind === "file") {
      const { size, mtimeMs, ino } = entry.stat;
      return `${entry.name}\0${entry.place}\0${size}\0${mtimeMs}\0${ino}`;
    }
    return `${entry.name}\0${entry.kind === "link" ? `-> ${entry.target}` : "/"}`;
  });
  return lines.join("\n");
}
