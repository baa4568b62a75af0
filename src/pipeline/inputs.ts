import { relative } from "node:path";
import type { DirectoryEntry, FileStat, Files, Samples } from "../kernel/effects.ts";
import { RunFailedError, SpecError } from "../kernel/errors.ts";
import { preparing } from "../kernel/preparing.ts";
import { atOnce, inTurns, pieceOfFiles, type Steps } from "../kernel/steps.ts";
import type { InputRecord } from "../model/run.ts";
import type { InputSetting, RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { isWorkspace } from "../workspace/states/excludes.ts";

/** An input that holds more is known by sizes, times and samples: reading it would hold up each start and resume for minutes. */
const MOST_READ_BYTES = 1024 ** 3;
/** What takes no second to read. */
const QUICKLY_READ_BYTES = 64 * 1024 ** 2;
const SAMPLES: Samples = { places: 8, bytes: 4096 };

/** Watches over the read-only inputs of a run. */
export interface InputGuard {
  /**
   * The path of an input that is no longer as it was at the start, or `null`. Cheap: sizes and times, and the contents
   * only where these differ.
   */
  changed(): string | null;
  /** Throws `RunFailedError` when an input has changed: what would start now, would not run with what the run began with. */
  assertUnchanged(): void;
}

/** What only the evaluator may see, as inputs: their contents are recorded and watched alike. */
export function hiddenInputs({ root, hidden }: Pick<RunSettings, "root" | "hidden">): readonly InputSetting[] {
  return hidden.map((absolutePath) => ({ path: relative(root, absolutePath), absolutePath, show: "name" }));
}

/**
 * Size, time and hash of every input; a folder's hash covers the names and contents of all in it, that of a large input
 * samples of its contents, sizes and times. Reading takes a while, which is `told`, so `turn` is awaited again and again. Throws `SpecError` when one is missing.
 */
export async function recordInputs(
  inputs: readonly InputSetting[],
  scope: InputScope,
  turn: () => Promise<void>,
  told?: Parameters<typeof preparing>[2],
): Promise<readonly InputRecord[]> {
  const records: InputRecord[] = [];
  for (const input of inputs) {
    const { path, absolutePath } = input;
    const real = scope.files.realPath(absolutePath);
    const stat = real === null ? null : scope.files.stat(real);
    if (!stat) throw new SpecError(`input ${path} does not exist (looked at ${absolutePath})`);
    const entries = listInput(absolutePath, scope);
    const newest = entries.reduce(
      (latest, entry) => (entry.kind === "file" ? Math.max(latest, entry.stat.mtimeMs) : latest),
      stat.mtimeMs,
    );
    const size = bytesOf(entries);
    const hash = (): Promise<string> => inTurns(hashOf(entries, scope.files), turn);
    const sha256 = await (told && size > QUICKLY_READ_BYTES ? preparing(`input ${path}`, hash, told) : hash());
    const how = isSampled(size) ? ({ how: "sampled" } as const) : {};
    records.push({ path, size, modifiedAt: new Date(newest).toISOString(), sha256, ...how });
  }
  return records;
}

/** The size of an input as it would be recorded. */
export function inputSize({ absolutePath }: InputSetting, scope: InputScope): number {
  return bytesOf(listInput(absolutePath, scope));
}

function bytesOf(entries: readonly InputEntry[]): number {
  return entries.reduce((sum, entry) => (entry.kind === "file" ? sum + entry.stat.size : sum), 0);
}

function isSampled(bytes: number): boolean {
  return bytes > MOST_READ_BYTES;
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
  return { changed, assertUnchanged };
}

/** Of a file its own SHA-256, of a folder one over the names and contents of all in it. */
function* hashOf(entries: readonly InputEntry[], files: Files): Steps<string> {
  const [only] = entries;
  const sampled = isSampled(bytesOf(entries));
  if (only?.kind === "file" && only.name === "") return yield* fileHash(only, files, sampled);
  const listed: string[] = [];
  const isPiece = pieceOfFiles();
  for (const entry of entries) {
    listed.push(
      `${entry.name}\0${entry.kind === "file" ? yield* fileHash(entry, files, sampled) : otherThanFile(entry)}\n`,
    );
    if (entry.kind === "file" && isPiece(entry.stat.size)) yield;
  }
  return sha256Of(listed.join(""));
}

type FileEntry = Extract<InputEntry, { readonly kind: "file" }>;

/** Of its contents, or of samples of them, its size and its time. */
function* fileHash({ place, stat: { size, mtimeMs } }: FileEntry, files: Files, sampled: boolean): Steps<string> {
  if (!sampled) return (yield* files.hashing(place)) ?? "";
  return sha256Of(`${size}\0${Math.floor(mtimeMs)}\0${files.hashSamples(place, SAMPLES) ?? ""}`);
}

function otherThanFile(entry: Exclude<InputEntry, FileEntry>): string {
  return entry.kind === "link" ? `-> ${entry.target}` : "/";
}

/** What tells without reading a file that nothing has changed. */
function markOf(entries: readonly InputEntry[]): string {
  const lines = entries.map((entry) => {
    if (entry.kind !== "file") return `${entry.name}\0${otherThanFile(entry)}`;
    const { size, mtimeMs, ctimeMs, ino } = entry.stat;
    return [entry.name, entry.place, size, mtimeMs, ctimeMs, ino].join("\0");
  });
  return lines.join("\n");
}

/** One thing that an input consists of; `name` is its path in the input, with a slash before it, and empty for the input itself. */
export type InputEntry =
  | { readonly kind: "file"; readonly name: string; readonly place: string; readonly stat: FileStat }
  /** A link inside the input, by what it says; what it leads to follows under the same name. */
  | { readonly kind: "link"; readonly name: string; readonly target: string }
  | { readonly kind: "empty-folder"; readonly name: string };

/** How inputs are looked at. */
export interface InputScope {
  readonly files: Files;
  /** The run's own workspace, absolute: no part of any input. */
  readonly workspace: string;
}

/**
 * All that an input file or folder consists of, in a fixed order; nothing for one that is not there. Links are followed,
 * and each folder is taken in once however many lead to it. `.git` and workspaces are no part of an input: both change
 * while nobody changes the data.
 */
function listInput(path: string, scope: InputScope): readonly InputEntry[] {
  const walk = new Walk(scope);
  walk.at(path, "");
  return walk.found;
}

class Walk {
  readonly found: InputEntry[] = [];
  readonly #files: Files;
  readonly #workspace: string;
  readonly #folders = new Set<string>();

  constructor({ files, workspace }: InputScope) {
    this.#files = files;
    this.#workspace = files.realPath(workspace) ?? workspace;
  }

  /** What is at a path, behind all links. */
  at(path: string, name: string): void {
    const place = this.#files.realPath(path);
    const stat = place === null ? null : this.#files.stat(place);
    if (place === null || stat === null) return;
    if (stat.kind === "file") this.found.push({ kind: "file", name, place, stat });
    else if (stat.kind === "directory") this.#folder(place, name);
  }

  #folder(place: string, name: string): void {
    if (this.#folders.has(place)) return;
    this.#folders.add(place);
    const entries = this.#files.list(place) ?? [];
    if (name !== "" && this.#isWorkspace(place, entries)) return;
    if (entries.length === 0) this.found.push({ kind: "empty-folder", name });
    for (const entry of entries) this.#entry(`${place}/${entry.name}`, `${name}/${entry.name}`, entry);
  }

  #entry(place: string, name: string, entry: DirectoryEntry): void {
    if (entry.name === ".git") return;
    if (entry.kind === "directory") this.#folder(place, name);
    else if (entry.kind === "file") {
      const stat = this.#files.stat(place);
      if (stat !== null) this.found.push({ kind: "file", name, place, stat });
    } else if (entry.kind === "symlink") this.#link(place, name);
  }

  #link(place: string, name: string): void {
    const target = this.#files.readLink(place);
    if (target === null) return;
    this.found.push({ kind: "link", name, target });
    const real = this.#files.realPath(place);
    if (real !== null && !isWithin(real, this.#workspace)) this.at(real, name);
  }

  #isWorkspace(place: string, entries: readonly DirectoryEntry[]): boolean {
    return place === this.#workspace || isWorkspace(this.#files, place, entries);
  }
}
