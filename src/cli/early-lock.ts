import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import { StorageError } from "../kernel/errors.ts";
import { placeForRun } from "../workspace/create.ts";
import type { Lock } from "../workspace/held-lock.ts";
import { acquireLock } from "../workspace/lock.ts";
import { sayStoppedWaiting, sayWaiting } from "./say-waiting.ts";
import { isAbort, type SignalOwner } from "./signals.ts";

/** A lock taken before it is known whether there is anything to run. */
export interface EarlyLock extends Disposable {
  readonly root: string;
  readonly lock: Lock;
}

/**
 * Takes the lock of the workspace that a command is going to write to, before anything heavy is loaded: of many started
 * together all but one are turned away at once. Disposed of before there is a run, it leaves nothing behind. `null` when
 * the folder cannot be written to, which whoever writes next says better. Throws `WorkspaceError` ("locked", "exists").
 */
export async function lockEarly(
  place: string,
  ifExists: "refuse" | "resume",
  effects: Effects,
  signals: SignalOwner,
): Promise<EarlyLock | null> {
  const root = placeForRun(place, effects, ifExists);
  const missing = missingFolders(root, effects);
  try {
    const lock = await acquireLock(root, effects, {
      signal: AbortSignal.any([signals.now, signals.drain]),
      onWait: sayWaiting({ root }),
    });
    return {
      root,
      lock,
      [Symbol.dispose]() {
        lock.release();
        removeEmpty(missing);
      },
    };
  } catch (thrown) {
    if (thrown instanceof StorageError) return null;
    if (isAbort(thrown)) sayStoppedWaiting({ root, effects });
    throw thrown;
  }
}

/** Removes folders, innermost first, up to the first that somebody has put something into. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder);
  } catch {
    // A folder that stays is in nobody's way.
  }
}

/** Folders that making this one makes too, innermost first. */
function missingFolders(root: string, { files }: Effects): readonly string[] {
  const missing: string[] = [];
  for (let folder = root; files.stat(folder) === null && dirname(folder) !== folder; folder = dirname(folder)) {
    missing.push(folder);
  }
  return missing;
}
