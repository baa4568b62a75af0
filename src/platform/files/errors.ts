import { StorageError } from "../../kernel/errors.ts";
import type { Steps } from "../../kernel/steps.ts";

/** The `E…` code of an error of the operating system, `null` for anything else. */
export function systemCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !("code" in thrown) || !("syscall" in thrown)) return null;
  return typeof thrown.code === "string" ? thrown.code : null;
}

/** Whether what an operation needs is not there, be it the system's own error or a `StorageError` of it. */
export function isMissing(thrown: unknown): boolean {
  return systemCode(thrown instanceof StorageError ? thrown.cause : thrown) === "ENOENT";
}

/** Codes that mean that nothing has this path: no entry, a file on the way, a loop of links, a name no disk takes. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** Whether an error says that there is nothing at the path. */
export function isAbsent(thrown: unknown): boolean {
  const code = systemCode(thrown);
  return code !== null && ABSENT.has(code);
}

/** Does `action`; what the operating system refuses is thrown as `StorageError`, anything else as it is. */
export function stored<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    throw systemCode(thrown) === null ? thrown : new StorageError(operation, path, thrown);
  }
}

/** Like `storedOrNull`, of work in pieces. */
export function* storedSteps<T>(operation: string, path: string, steps: Steps<T>): Steps<T | null> {
  try {
    return yield* steps;
  } catch (thrown) {
    if (isAbsent(thrown)) return null;
    throw systemCode(thrown) === null ? thrown : new StorageError(operation, path, thrown);
  }
}

/** Like `stored`, but `null` when nothing has this path. */
export function storedOrNull<T>(operation: string, path: string, action: () => T): T | null {
  return stored(operation, path, () => {
    try {
      return action();
    } catch (thrown) {
      if (isAbsent(thrown)) return null;
      throw thrown;
    }
  });
}
