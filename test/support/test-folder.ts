import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";

type Files = Readonly<Record<string, string>>;

/** A folder that is another for each test of a file, with these files in it, and gone when the test is over. */
export function testFolder(files: Files = {}): TemporaryDirectory {
  return madeLater(beforeEach, afterEach, files);
}

/** A folder that all tests of a file or of a `describe` have together. */
export function sharedFolder(files: Files = {}): TemporaryDirectory {
  return madeLater(beforeAll, afterAll, files);
}

function madeLater(before: (make: () => void) => void, after: (remove: () => void) => void, files: Files) {
  let folder: TemporaryDirectory;
  before(() => {
    folder = temporaryDirectory();
    for (const [path, content] of Object.entries(files)) folder.write(path, content);
  });
  const remove = (): void => folder[Symbol.dispose]();
  after(remove);
  return {
    get path() {
      return folder.path;
    },
    join: (...parts: readonly string[]) => folder.join(...parts),
    write: (path: string, content: string, mode?: number) => folder.write(path, content, mode),
    read: (path: string) => folder.read(path),
    [Symbol.dispose]: remove,
  };
}
