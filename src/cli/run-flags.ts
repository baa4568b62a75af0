import { flagOverrides, type Overrides, readOverrides } from "../spec/overrides.ts";

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
  readonly retryFailed?: boolean | readonly string[];
  readonly explain?: boolean;
}

/** What the flags change in the spec; the short ones go over `--set`. */
export function overridesOf(flags: RunFlags): Overrides {
  const { values, problems } = readOverrides(flags.set ?? []);
  return { values: { ...values, ...flagOverrides(flags) }, problems };
}
