import { afterEach, beforeEach } from "vitest";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";

/** A folder that is another for each test of a file, with these files in it, and gone when the test is over. */
export function testFolder(files: Readonly<Record<string, string>> = {}): TemporaryDirectory {
  let folder: TemporaryDirectory;
  beforeEach(() => {
    folder = temporaryDirectory();
    for (const [path, content] of Object.entries(files)) folder.write(path, content);
  });
  afterEach(() => folder[Symbol.dispose]());
  return {
    get path() {
      return folder.path;
    },
    join: (...parts) => folder.join(...parts),
    write: (...file) => folder.write(...file),
    read: (path) => folder.read(path),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
