import { createHash } from "node:crypto";
import type { FileStat, Files } from "../kernel/effects.ts";
import { SpecError } from "../kernel/errors.ts";
import type { InputRecord } from "../model/run.ts";
import type { InputSetting } from "../model/settings.ts";

/** Watches over the read-only inputs of a run. */
export interface InputGuard {
  /** The path of an input that is no longer as it was at the start, or `null`. Cheap: sizes and times only. */
  changed(): string | null;
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

/** A guard that remembers sizes and times as they are now. */
export function guardInputs(inputs: readonly InputSetting[], files: Files): InputGuard {
  const remembered = inputs.map((input) => ({
    path: input.path,
    absolute: input.absolutePath,
    mark: mark(input.absolutePath, files),
  }));
  return {
    changed: () => remembered.find(({ absolute, mark: before }) => mark(absolute, files) !== before)?.path ?? null,
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
