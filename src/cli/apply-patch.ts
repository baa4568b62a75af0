import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { plainText } from "../kernel/display-text.ts";
import { EXIT, StorageError, WorkspaceError } from "../kernel/errors.ts";
import { patchBetween } from "../workspace/artifacts/index.ts";
import type { StatesOfRun } from "./states.ts";

interface PatchFlags {
  /** The file; `-` is standard output. */
  readonly patch: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `aura apply --patch FILE`: what a state changes about the start, as `git apply` takes it. */
export function writePatch(flags: PatchFlags, { store, start }: StatesOfRun, snapshot: string): number {
  const { patch: file, dryRun, force } = flags;
  const text = patchBetween(store, start, snapshot);
  if (file === "-") {
    process.stdout.write(text);
    return EXIT.ok;
  }
  const path = resolve(file);
  if (!force && store.files.stat(path)?.kind === "file" && !isPatch(store.files.readText(path)))
    throw new WorkspaceError(
      "usage",
      `${file} exists and is no patch: choose another file, or write over it with --force`,
    );
  if (!dryRun) {
    try {
      writeFileSync(path, text);
    } catch (thrown) {
      throw new StorageError("write", file, thrown);
    }
  }
  const name = plainText(file);
  process.stdout.write(
    text === ""
      ? `${name}: empty, nothing differs from the start\n`
      : dryRun
        ? `would write ${name}\n`
        : `${name}: apply it with \`git apply ${name}\`\n`,
  );
  return EXIT.ok;
}

/** A patch, or nothing yet, as an earlier `--patch` left it. */
function isPatch(text: string | null): boolean {
  return text === "" || text?.startsWith("diff --git ") === true;
}
