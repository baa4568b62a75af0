import { SpecError } from "../kernel/errors.ts";
import { parseDuration } from "../model/units.ts";
import type { RunFlags } from "./run-flags.ts";

/** `--grace` in milliseconds, where it is given. Throws `SpecError` when it is no duration. */
export function graceOf(flags: RunFlags): number | undefined {
  if (flags.grace === undefined) return undefined;
  try {
    return parseDuration(flags.grace);
  } catch (thrown) {
    throw new SpecError(`--grace: ${thrown instanceof Error ? thrown.message : String(thrown)}`, [], { cause: thrown });
  }
}
