import { join } from "node:path";
import { artifactsDir, snapshotsDir } from "../layout.ts";

/** Where snapshots and carried artifacts lie, as pure functions of the workspace's root. */

export function manifestFileOf(root: string, id: string): string {
  return join(snapshotsDir(root), `${id}.json`);
}

export function objectsDir(root: string): string {
  return join(snapshotsDir(root), "objects");
}

export function objectFile(root: string, sha256: string): string {
  return join(objectsDir(root), sha256.slice(0, 2), sha256);
}

/** Places of `artifacts/` while it is being replaced: being filled, complete, and what it was before. */
export function carriedPlaces(root: string): {
  readonly current: string;
  readonly filling: string;
  readonly next: string;
  readonly old: string;
} {
  const current = artifactsDir(root);
  return { current, filling: `${current}.filling`, next: `${current}.next`, old: `${current}.old` };
}

/** What `aura apply` is in the middle of, or did last. */
export function applyFile(root: string): string {
  return join(root, "apply.json");
}
