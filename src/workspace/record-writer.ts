import { dirname } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { RunFailedError, WorkspaceError } from "../kernel/errors.ts";
import { recordText } from "../model/json.ts";
import type { HouseSchema } from "../schema/dialect.ts";
import type { Lock } from "./lock/lock.ts";
import { checkRecord, Damage, damaged, NOT_A_FILE } from "./records.ts";

/** Records not yet flushed to the disk after which they are flushed without being asked. */
const MAX_DIRTY = 4096;

/** Views up to this size are read to see whether their last line is whole. */
const MAX_LOOKED_AT = 256 * 1024 * 1024;
const A_VIEW = "move it away: it is a view, and a new one is begun";
const LINE_END = "\n".charCodeAt(0);

export interface WriteOptions {
  /** On the disk, and so is the way to it, when the call returns. */
  readonly durable?: boolean;
}

/**
 * Writes into one workspace: every write first makes sure that the lock is still ours, goes to a folder that is made
 * once, and is either durable or remembered for the next `flush`.
 */
export class RecordWriter {
  readonly #root: string;
  readonly #files: Files;
  readonly #made = new Set<string>();
  /** Folders that got a new folder in them, which a flush of the new one alone would not keep. */
  readonly #grown = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #appended = new Set<string>();
  #lock: Lock | null = null;

  constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  /** Writes are allowed from now on, as long as this lock is held. */
  writeUnder(lock: Lock): void {
    this.#lock = lock;
  }

  /** Of the lock that is held; empty without one. */
  get lockToken(): string {
    return this.#lock?.token ?? "";
  }

  /** Throws `WorkspaceError`: "usage" when no lock was taken, "lock-lost" when it is not ours any more. */
  assertWritable(): void {
    if (!this.#lock) throw new WorkspaceError("usage", `take the lock of ${this.#root} before writing to it`);
    this.#lock.assertHeld();
  }

  /**
   * Writes a record. Throws `RunFailedError` when it does not fit its schema, so that a component which breaks its
   * contract is named now and does not leave a record that cannot be read.
   */
  record(path: string, record: object, schema: HouseSchema, options: WriteOptions = {}): void {
    try {
      checkRecord(record, schema);
    } catch (error) {
      if (error instanceof Damage) throw new RunFailedError(`cannot record ${path}: ${error.message}`);
      throw error;
    }
    this.text(path, recordText(record), options);
  }

  text(path: string, text: string, { durable = false }: WriteOptions = {}): void {
    this.folder(dirname(path));
    this.assertWritable();
    this.#files.writeAtomic(path, text, { durable });
    if (!durable) this.#soil(path);
    else this.#flushGrown();
  }

  /** Appends a line with its end. A line that a crash tore stays a line of its own. */
  append(path: string, line: string): void {
    const torn = !this.#appended.has(path) && this.#isTorn(path);
    this.folder(dirname(path));
    this.assertWritable();
    this.#files.append(path, torn ? `\n${line}` : line);
    this.#appended.add(path);
  }

  /** Whether the last line has no end. Of a file too large to be looked at it may be so. A pipe would wait for a reader. */
  #isTorn(path: string): boolean {
    const stat = this.#files.stat(this.#files.realPath(path) ?? path);
    if (stat === null) return false;
    const { kind, size } = stat;
    if (kind !== "file") throw damaged({ root: this.#root }, path, `it is ${NOT_A_FILE[kind]}`, A_VIEW);
    if (size === 0) return false;
    return size > MAX_LOOKED_AT || this.#files.readBytes(path)?.at(-1) !== LINE_END;
  }

  /** Removes a record or a folder; nothing there is fine. */
  remove(path: string): void {
    this.assertWritable();
    if (this.#files.stat(path) === null) return;
    this.#files.remove(path);
    this.#dirty.delete(path);
    this.#grown.add(dirname(path));
  }

  /** Makes a folder, and remembers that it is there. */
  folder(path: string): void {
    if (this.#made.has(path)) return;
    this.assertWritable();
    this.#files.makeDirectory(path);
    for (let made = path; made.length > this.#root.length && !this.#made.has(made); made = dirname(made)) {
      this.#made.add(made);
      this.#grown.add(dirname(made));
    }
    this.#made.add(path);
  }

  /** Brings everything written so far to the disk. */
  flush(): void {
    const folders = new Set([...this.#dirty].map((path) => dirname(path)));
    this.#files.flush([...this.#dirty, ...folders]);
    this.#dirty.clear();
    this.#flushGrown();
  }

  #flushGrown(): void {
    if (this.#grown.size > 0) this.#files.flush([...this.#grown]);
    this.#grown.clear();
  }

  #soil(path: string): void {
    this.#dirty.add(path);
    if (this.#dirty.size > MAX_DIRTY) this.flush();
  }
}
