import { StorageError } from "./errors.ts";

/**
 * What is looked up for a hint, or `null` where storage does not answer: a hint never takes the place of the error that
 * it goes with.
 */
export function forHint<T>(look: () => T): T | null {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof StorageError) return null;
    throw thrown;
  }
}
