import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Files } from "../../../../src/kernel/effects.ts";
import { StorageError } from "../../../../src/kernel/errors.ts";
import { systemFiles } from "../../../../src/platform/files/local.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { SnapshotStore } from "../../../../src/workspace/states/store.ts";

export const files = systemFiles();

export interface World {
  readonly dir: string;
  /** The user's project. */
  readonly project: string;
  /** The workspace, outside the project. */
  readonly root: string;
  readonly store: SnapshotStore;
}

export function world(tree: TreeSpec = {}): World {
  const folder = temporaryDirectory();
  onTestFinished(() => folder[Symbol.dispose]());
  const dir = folder.path;
  const project = join(dir, "project");
  const root = join(dir, "workspace");
  mkdirSync(project);
  mkdirSync(root);
  plant(project, tree);
  return { dir, project, root, store: new SnapshotStore(root, files) };
}

/** By path: text or bytes of a file; `{ link }`, `{ mode, text }`, or `null` for an empty folder. */
export type TreeSpec = Readonly<
  Record<
    string,
    string | Uint8Array | null | { readonly link: string } | { readonly mode: number; readonly text?: string }
  >
>;

export function plant(root: string, tree: TreeSpec): void {
  for (const [path, what] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(what === null ? at : dirname(at), { recursive: true });
    if (what === null) continue;
    if (typeof what === "string" || what instanceof Uint8Array) writeFileSync(at, what);
    else if ("link" in what) symlinkSync(what.link, at);
    else if (what.text === undefined) {
      mkdirSync(at, { recursive: true });
      chmodSync(at, what.mode);
    } else {
      writeFileSync(at, what.text);
      chmodSync(at, what.mode);
    }
  }
}

/** Everything in a folder, by path, with modes: to compare two. */
export function look(root: string, folder = ""): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const at = join(root, path);
    const stat = lstatSync(at);
    const mode = (stat.mode & 0o777).toString(8);
    if (stat.isSymbolicLink()) seen[path] = `-> ${readlinkSync(at)}`;
    else if (stat.isDirectory()) Object.assign(seen, { [path]: `dir ${mode}` }, look(root, path));
    else seen[path] = `${mode} ${readFileSync(at).toString("base64")}`;
  }
  return seen;
}

class Killed extends Error {}

const MUTATING: readonly (keyof Files)[] = [
  "makeDirectory",
  "writeAtomic",
  "createExclusive",
  "append",
  "copyFile",
  "symlink",
  "chmod",
  "setTimes",
  "rename",
  "remove",
  "flush",
];

/** Files that tell of each change before it is made, with its number from 1; what is told may throw. */
function toldFiles(tell: (place: number, key: keyof Files, path: unknown) => void): Files {
  let count = 0;
  return new Proxy(files, {
    get(target, key: keyof Files) {
      const method = target[key];
      if (!MUTATING.includes(key)) return method;
      return (...args: never[]) => {
        tell(++count, key, args[0]);
        return Reflect.apply(method, target, args);
      };
    },
  });
}

/** Runs `action` with files that die at the 1st, 2nd, … change until it gets through; `check` looks after each death. */
export function killAtEachChange(action: (files: Files) => void, check: (n: number) => void): number {
  for (let n = 1; n < 10_000; n++) {
    try {
      action(
        toldFiles((place, key) => {
          if (place >= n) throw new Killed(`killed at change ${n}: ${key}`);
        }),
      );
      return n - 1;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      check(n);
    }
  }
  throw new Error("never got through");
}

/** Runs `action` with files whose 1st, 2nd, … change the system refuses, all others being done, until none is. */
export function failAtEachChange(action: (files: Files) => void, check: (message: string) => void): number {
  for (let n = 1; n < 10_000; n++) {
    let count = 0;
    const refusing = toldFiles((place, key, path) => {
      count = place;
      if (place === n) throw new StorageError(key, String(path), new Error("refused"));
    });
    try {
      action(refusing);
      if (count < n) return n - 1;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      check(error.message);
    }
  }
  throw new Error("never got through");
}
