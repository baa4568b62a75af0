import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where fault tests lay out runs by the hundred: a file system in memory where there is one. */
export const IN_MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
