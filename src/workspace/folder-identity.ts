import type { Files } from "../kernel/effects.ts";
import { checksum } from "./checksum.ts";

/**
 * What tells a workspace's folder from a copy of it: its device and inode, which also stay when it is moved within its
 * file system. Where the file system has no lasting numbers, its place.
 */
export function folderIdentity(root: string, files: Pick<Files, "identity" | "realPath">): string {
  return files.identity(root) ?? `path-${checksum(files.realPath(root) ?? root)}`;
}
