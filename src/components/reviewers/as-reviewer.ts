import { SpecError } from "../../kernel/errors.ts";
import type { Reviewer } from "../../kernel/ports.ts";
import { FunctionReviewer, type ReviewerFunction } from "./function.ts";

/** A reviewer as it is, or one around a function that gives findings. Throws `SpecError` on anything else. */
export function asReviewer(value: Reviewer | ReviewerFunction): Reviewer {
  if (typeof value === "function") return new FunctionReviewer(value);
  if (typeof value === "object" && value !== null && typeof value.review === "function") return value;
  throw new SpecError("a reviewer is an object with a review method, or a function that gives a list of findings");
}
