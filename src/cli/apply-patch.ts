import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { plainText } from "../kernel/display-text.ts";
import { StorageError, WorkspaceError } from "../kernel/errors.ts";
import { patchBetween } from "../workspace/artifacts/index.ts";
import type { Answer } from "./guarded.ts";
import type { OutputOf } from "./outputs/index.ts";
import type { StatesOfRun } from "./states.ts";

interface PatchFlags {
  /** The file; `-` is standard output. */
  readonly patch: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `aura apply --patch FILE`: what a state changes about the start, as `git apply` takes it. */
export function writePatch(
  { patch: file, dryRun = false, force }: PatchFlags,
  { store, start }: StatesOfRun,
  snapshot: string,
): Answer<OutputOf<"apply-output">> {
  const text = patchBetween(store, start, snapshot);
  const bytes = Buffer.byteLength(text);
  if (file === "-") {
    return { document: () => ({ dryRun, snapshot, patch: { file: null, bytes, text } }), text: () => text };
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
  return {
    document: () => ({ dryRun, snapshot, patch: { file: path, bytes, text: null } }),
    text: () => closing(plainText(file), text === "", dryRun),
  };
}

function closing(name: string, isEmpty: boolean, dryRun: boolean): string {
  if (isEmpty) return `${name}: empty, nothing differs from the start\n`;
  return dryRun ? `would write ${name}\n` : `${name}: apply it with \`git apply ${name}\`\n`;
}

/** A patch, or nothing yet, as an earlier `--patch` left it. */
function isPatch(text: string | null): boolean {
  return text === "" || text?.startsWith("diff --git ") === true;
}
