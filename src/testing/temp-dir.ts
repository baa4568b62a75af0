import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemEffects } from "../platform/system.ts";

/** A folder of a test's own, gone when it is disposed of. */
export interface TemporaryDirectory extends Disposable {
  /** Absolute, without links on the way. */
  readonly path: string;
  join(...parts: readonly string[]): string;
  /** Writes a file, making its folders. Returns its absolute path. */
  write(path: string, content: string, mode?: number): string;
  /** Text of a file, `null` when there is none. */
  read(path: string): string | null;
}

/**
 * Makes a new folder in `parent`, by default the system's for temporary files: `using dir = temporaryDirectory()`.
 * Throws `StorageError` where none can be made.
 */
export function temporaryDirectory(parent: string = tmpdir()): TemporaryDirectory {
  const { files, token } = systemEffects();
  const made = join(parent, `aura-test-${token(8)}`);
  files.makeDirectory(made, 0o700);
  const path = files.realPath(made) ?? made;
  return {
    path,
    join: (...parts) => join(path, ...parts),
    write: (name, content, mode) => {
      const file = join(path, name);
      files.makeDirectory(dirname(file));
      files.writeAtomic(file, content, mode === undefined ? {} : { mode });
      return file;
    },
    read: (name) => files.readText(join(path, name)),
    [Symbol.dispose]: () => files.remove(path),
  };
}
