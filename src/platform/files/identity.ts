import { type BigIntStats, statfsSync, statSync } from "node:fs";

/**
 * File systems that make up inode numbers while they need them, so that those of one folder change: FUSE, CIFS, SMB 2,
 * FAT and exFAT, by the numbers the kernel gives them.
 */
const UNSTABLE: ReadonlySet<number> = new Set([0x65735546, 0xff534d42, 0xfe534d42, 0x4d44, 0x2011bab0]);

/**
 * Device and inode of what a path leads to, as `<device>-<inode>`: a move within the file system keeps them, a copy has
 * others. `null` when there is nothing, or when the file system has no lasting numbers.
 */
export function identityOf(path: string): string | null {
  const stat: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || UNSTABLE.has(statfsSync(path).type)) return null;
  return `${stat.dev}-${stat.ino}`;
}
