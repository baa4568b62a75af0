import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAbsent, systemCode } from "./errors.ts";

/**
 * Removes whatever is at the path without following links. Directories without write permission (as a trial or a
 * package cache leaves them) are made writable first; a directory that is still being filled is tried again.
 */
export function removeTree(path: string): void {
  try {
    removeOnce(path);
  } catch (thrown) {
    if (isAbsent(thrown)) return;
    const code = systemCode(thrown);
    if (code !== "EACCES" && code !== "EPERM") throw thrown;
    makeWritable(path);
    removeOnce(path);
  }
}

function removeOnce(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
}

function makeWritable(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return;
  chmodSync(path, (stat.mode & 0o7777) | 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(path, entry.name));
  }
}
