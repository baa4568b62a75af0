import { test } from "vitest";

/**
 * A test that starts real commands to show what cheaper tests show too, or one more case of the same kind: a short run
 * leaves it out, `AURA_FAULTS=full` (as in `.ci/run`) does not.
 */
export const thorough = process.env.AURA_FAULTS === "full" ? test : test.skip;
