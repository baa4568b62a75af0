import { dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { objectFile, objectsDir } from "../layout.ts";

/** Files up to this size are read into memory once; larger ones are hashed and copied as streams. */
const IN_MEMORY_BYTES = 8 * 1024 * 1024;
const OBJECT_MODE = 0o644;

export interface StoredFile {
  readonly sha256: string;
  readonly size: number;
}

/** File contents by their SHA-256. Adding is idempotent; an object is there whole or not at all. */
export class ObjectStore {
  readonly #root: string;
  readonly #files: Files;
  readonly #folders = new Set<string>();
  readonly #written: string[] = [];

  constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  put(bytes: Uint8Array): StoredFile {
    const sha256 = sha256Of(bytes);
    const path = objectFile(this.#root, sha256);
    if (!this.#isWhole(path, bytes.length)) {
      this.#makeFolderOf(path);
      this.#files.writeAtomic(path, bytes);
      this.#added(path);
    }
    return { sha256, size: bytes.length };
  }

  /** Adds a file's contents; `null` when the file is gone. Of a file that changes meanwhile, one whole read counts. */
  putFile(path: string, size: number): StoredFile | null {
    if (size <= IN_MEMORY_BYTES) {
      const bytes = this.#files.readBytes(path);
      return bytes === null ? null : this.put(bytes);
    }
    return this.#putLarge(path);
  }

  has(sha256: string): boolean {
    return this.#files.stat(objectFile(this.#root, sha256))?.kind === "file";
  }

  /** The bytes of an object. Throws `WorkspaceError` ("damaged") when they are missing or not those of the hash. */
  read(sha256: string): Uint8Array {
    const path = objectFile(this.#root, sha256);
    const bytes = this.#files.readBytes(path);
    if (bytes === null) throw damagedObject(path, "it is missing");
    if (sha256Of(bytes) !== sha256) throw damagedObject(path, NOT_ITS_HASH);
    return bytes;
  }

  /** Throws `WorkspaceError` ("damaged") unless the object is there with the bytes of its hash. */
  verify(sha256: string): void {
    const path = objectFile(this.#root, sha256);
    const found = this.#files.hash(path);
    if (found !== sha256) throw damagedObject(path, found === null ? "it is missing" : NOT_ITS_HASH);
  }

  /** Writes a copy, checked first: copies may be written to, so they never share the object. */
  copyTo(sha256: string, path: string, mode: number): void {
    this.verify(sha256);
    this.#files.copyFile(objectFile(this.#root, sha256), path, mode);
  }

  /** Flushes what was added since the last call to the disk. */
  flush(): void {
    const paths = this.#written.splice(0);
    if (paths.length > 0) this.#files.flush([...paths, ...new Set(paths.map((path) => dirname(path)))]);
  }

  #putLarge(path: string): StoredFile | null {
    const size = this.#files.stat(path)?.size;
    const expected = this.#files.hash(path);
    if (size === undefined || expected === null) return null;
    if (this.#isWhole(objectFile(this.#root, expected), size)) return { sha256: expected, size };
    const incoming = join(objectsDir(this.#root), "incoming");
    this.#files.makeDirectory(objectsDir(this.#root));
    this.#files.copyFile(path, incoming, OBJECT_MODE);
    // What was copied counts, should the file have changed since it was hashed.
    const sha256 = this.#files.hash(incoming);
    const copied = this.#files.stat(incoming)?.size;
    if (sha256 === null || copied === undefined) return null;
    const target = objectFile(this.#root, sha256);
    this.#makeFolderOf(target);
    this.#files.rename(incoming, target);
    this.#added(target);
    return { sha256, size: copied };
  }

  /** A power cut may leave an object short; one of the right length is checked when it is used. */
  #isWhole(path: string, size: number): boolean {
    const stat = this.#files.stat(path);
    return stat?.kind === "file" && stat.size === size;
  }

  #makeFolderOf(path: string): void {
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    this.#files.makeDirectory(folder);
    this.#folders.add(folder);
  }

  #added(path: string): void {
    this.#written.push(path);
  }
}

const NOT_ITS_HASH = "its bytes do not match its hash";

function damagedObject(file: string, reason: string): WorkspaceError {
  return new WorkspaceError(
    "damaged",
    `${file} is damaged: ${reason}\nRestore the file from a backup; states that hold it cannot be restored without it.`,
    { file },
  );
}
