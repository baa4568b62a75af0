import { test } from "vitest";

/** Every case, every crossing, hundreds of real kills instead of a few: `AURA_FAULTS=full`. */
export const FULL = process.env.AURA_FAULTS === "full";

/**
 * A test that starts real commands to show what cheaper tests show too, or one more case of the same kind: a short run
 * leaves it out, `AURA_FAULTS=full` (as in `.ci/run`) does not.
 */
export const thorough = FULL ? test : test.skip;

/** Cases of one kind: the first `most` of them in a short run, all in a full one. */
export function few<const T>(cases: readonly T[], most = 1): readonly T[] {
  return FULL ? cases : cases.slice(0, most);
}
