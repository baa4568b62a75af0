import { SpecError } from "../kernel/errors.ts";
import { parseDuration } from "../model/units.ts";
import type { RunFlags } from "./run-flags.ts";

const DEFAULT_GRACE_MS = 5000;

/** `--grace` in milliseconds. Throws `SpecError` when it is no duration. */
export function graceOf(flags: RunFlags): number {
  if (flags.grace === undefined) return DEFAULT_GRACE_MS;
  try {
    return parseDuration(flags.grace);
  } catch (thrown) {
    throw new SpecError(`--grace: ${thrown instanceof Error ? thrown.message : String(thrown)}`, [], { cause: thrown });
  }
}
