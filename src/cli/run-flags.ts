import type { JsonObject } from "../model/json.ts";
import { flagOverrides, parseOverride } from "../spec/overrides.ts";

export type ReporterName = "tui" | "plain" | "silent";

/** The options of `run` and `resume`, as commander hands them over. */
export interface RunFlags {
  readonly workspace?: string;
  readonly new?: boolean;
  readonly orResume?: boolean;
  readonly dryRun?: boolean;
  readonly set?: readonly string[];
  readonly maxIterations?: number;
  readonly parallel?: number;
  readonly seed?: number;
  readonly reporter?: ReporterName;
  readonly json?: boolean;
  readonly require?: string;
  readonly grace?: string;
  readonly acceptSpecChange?: boolean;
  readonly retryFailed?: boolean | readonly string[];
  readonly explain?: boolean;
}

/** What the flags change in the spec, as `path: value`. Throws `SpecError` for a `--set` that is not `path=value`. */
export function overridesOf(flags: RunFlags): JsonObject {
  return { ...Object.fromEntries((flags.set ?? []).map(parseOverride)), ...flagOverrides(flags) };
}
