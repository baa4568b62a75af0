import { SpecError } from "../../kernel/errors.ts";
import type { Researcher } from "../../kernel/ports.ts";
import { FunctionResearcher, type ResearcherFunction } from "./function.ts";

/**
 * A researcher as it is, or one around a function that gives a list of proposals; `numTasks` (default 1) is how many a
 * function is asked for in an iteration. Throws `SpecError` on anything else.
 */
export function asResearcher(
  value: Researcher | ResearcherFunction,
  options: { readonly numTasks?: number } = {},
): Researcher {
  if (typeof value === "function") return new FunctionResearcher(value, options);
  if (typeof value === "object" && value !== null && typeof value.hypothesize === "function") return value;
  throw new SpecError(
    "a researcher is an object with a hypothesize method, or a function that gives a list of proposals",
  );
}
