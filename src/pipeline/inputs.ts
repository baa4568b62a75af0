import { createHash } from "node:crypto";
import type { FileStat, Files } from "../kernel/effects.ts";
import { RunFailedError, SpecError } from "../kernel/errors.ts";
import type { InputRecord } from "../model/run.ts";
import type { InputSetting } from "../model/settings.ts";

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

/** Size, time and hash of every input; a folder's hash covers the names and contents of all in it. Throws `SpecError` when one is missing. */
export function recordInputs(inputs: readonly InputSetting[], files: Files): readonly InputRecord[] {
  return inputs.map((input) => {
    const stat = followed(input.absolutePath, files);
    if (!stat) throw new SpecError(`input ${input.path} does not exist (looked at ${input.absolutePath})`);
    const all = listFiles(input.absolutePath, files);
    const newest = Math.max(stat.mtimeMs, ...all.map(({ stat: file }) => file.mtimeMs));
    return {
      path: input.path,
      size: all.reduce((sum, { stat: file }) => sum + file.size, 0),
      modifiedAt: new Date(newest).toISOString(),
      sha256: hashOf(input.absolutePath, all, files),
    };
  });
}

/** A guard that remembers sizes and times as they are now, and contents as `recorded`. */
export function guardInputs(
  inputs: readonly InputSetting[],
  recorded: readonly InputRecord[],
  files: Files,
): InputGuard {
  const hashes = new Map(recorded.map(({ path, sha256 }) => [path, sha256]));
  const marks = new Map(inputs.map(({ path, absolutePath }) => [path, mark(absolutePath, files)]));
  const isChanged = ({ path, absolutePath }: InputSetting): boolean => {
    const now = mark(absolutePath, files);
    if (now === marks.get(path)) return false;
    if (hashOf(absolutePath, listFiles(absolutePath, files), files) !== hashes.get(path)) return true;
    // Touched, or put back: the same data under another time.
    marks.set(path, now);
    return false;
  };
  const changed = (): string | null => inputs.find(isChanged)?.path ?? null;
  const assertUnchanged = (): void => {
    const path = changed();
    if (path === null) return;
    throw new RunFailedError(
      `input ${path} is no longer what the run started with: a trial or another program changed it\n` +
        "put it back and resume, or resume with --accept-spec-change (scores before and after are then kept apart)",
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

interface InputFile {
  readonly path: string;
  readonly stat: FileStat;
}

function followed(path: string, files: Files): FileStat | null {
  const real = files.realPath(path);
  return real === null ? null : files.stat(real);
}

function listFiles(root: string, files: Files): readonly InputFile[] {
  const real = files.realPath(root);
  const stat = real === null ? null : files.stat(real);
  if (real === null || !stat) return [];
  if (stat.kind !== "directory") return [{ path: real, stat }];
  return (files.list(real) ?? []).flatMap((entry) =>
    entry.kind === "symlink" || entry.kind === "other" ? [] : listFiles(`${real}/${entry.name}`, files),
  );
}

function hashOf(root: string, all: readonly InputFile[], files: Files): string {
  const [only] = all;
  if (all.length === 1 && only && files.realPath(root) === only.path) return files.hash(only.path) ?? "";
  const digest = createHash("sha256");
  for (const { path } of all) digest.update(`${path.slice(root.length)}\0${files.hash(path) ?? ""}\n`);
  return digest.digest("hex");
}

function mark(root: string, files: Files): string {
  return listFiles(root, files)
    .map(({ path, stat }) => `${path}\0${stat.size}\0${stat.mtimeMs}\0${stat.ino}`)
    .join("\n");
}
