import { dirname } from "node:path";
import type { FileStat, Files } from "../../kernel/effects.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../model/json.ts";
import { objectsDir, scanMarkFile, statCacheFile } from "./places.ts";

/** A file changed this shortly before a scan may change again without its time showing it (the racy-clean rule of git). */
const RACY_MS = 2000;
/** Lines after which the cache is written anew. */
const MAX_LINES = 50;

/** Size, modification time, change time, inode and SHA-256 of a file. */
type CachedFile = readonly [size: number, mtimeMs: number, ctimeMs: number, ino: number, sha256: string];

/**
 * Remembers the hash of files whose size, times and inode stay the same, so that an unchanged file is not read again.
 * Each scan adds a line with what it read. A view: deleting it costs time and nothing else, and of a damaged one the
 * lines that can be read count.
 */
export class StatCache {
  readonly #workspace: string;
  readonly #root: string;
  readonly #files: Files;
  /** Files of the first line, which are most. */
  readonly #first: JsonObject;
  /** Files of the lines after it. */
  readonly #later: ReadonlyMap<string, JsonValue>;
  /** Whether a line can be added, or the file has to be written anew. */
  readonly #canGrow: boolean;
  readonly #seen: [path: string, cached: CachedFile][] = [];
  readonly #read: [path: string, cached: CachedFile][] = [];
  readonly #scanStartMs: number;

  /** Begins a scan of the tree at `root`. */
  constructor(workspace: string, root: string, files: Files) {
    this.#workspace = workspace;
    this.#root = root;
    this.#files = files;
    // A cache that outlived the objects it speaks of is worth nothing.
    const hasObjects = files.stat(objectsDir(workspace))?.kind === "directory";
    const text = hasObjects ? (files.readText(statCacheFile(workspace)) ?? "") : "";
    const [first, ...later] = linesOf(text, root);
    this.#first = first ?? {};
    this.#later = new Map(later.flatMap((line) => Object.entries(line)));
    this.#canGrow = first !== undefined && later.length < MAX_LINES && text.endsWith("\n");
    // The disk's own clock: what is compared with the times of files must tick with them.
    const mark = scanMarkFile(workspace);
    files.makeDirectory(dirname(mark));
    files.writeAtomic(mark, "");
    this.#scanStartMs = files.stat(mark)?.mtimeMs ?? 0;
  }

  /** Hash of the file from an earlier scan, `null` when it has to be read. */
  hashOf(path: string, stat: FileStat): string | null {
    // What an object inherits under some names is no list, and so no cached file.
    const cached = this.#later.get(path) ?? this.#first[path];
    if (!isCachedFile(cached) || !isSame(cached, stat)) return null;
    if (!this.#canGrow) this.#seen.push([path, cached]);
    return cached[4];
  }

  /** Remembers the hash of a file that was read after `stat` was taken. */
  remember(path: string, stat: FileStat, sha256: string): void {
    if (stat.mtimeMs >= this.#scanStartMs - RACY_MS) return;
    this.#read.push([path, [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino, sha256]]);
  }

  /** Adds what this scan read; now and then all is written anew, without the files that this scan did not see. */
  save(): void {
    if (this.#read.length === 0) return;
    const file = statCacheFile(this.#workspace);
    if (this.#canGrow) this.#files.append(file, this.#line(this.#read));
    else this.#files.writeAtomic(file, this.#line([...this.#seen, ...this.#read]));
  }

  #line(entries: readonly [string, CachedFile][]): string {
    return `${JSON.stringify({ root: this.#root, files: Object.fromEntries(entries) })}\n`;
  }
}

function isSame(cached: CachedFile, stat: FileStat): boolean {
  return cached[0] === stat.size && cached[1] === stat.mtimeMs && cached[2] === stat.ctimeMs && cached[3] === stat.ino;
}

/** The numbers need no check: what they are compared with are numbers. */
function isCachedFile(value: JsonValue | undefined): value is CachedFile {
  return Array.isArray(value) && typeof value[4] === "string" && value[4].length === 64;
}

/** The files of each line, up to the first that cannot be read or is of another tree. */
function linesOf(text: string, root: string): readonly JsonObject[] {
  const lines: JsonObject[] = [];
  for (const line of text.split("\n")) {
    const value = line === "" ? null : parseJson(line);
    if (!isJsonObject(value) || value.root !== root || !isJsonObject(value.files)) break;
    lines.push(value.files);
  }
  return lines;
}
