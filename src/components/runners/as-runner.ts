import { SpecError } from "../../kernel/errors.ts";
import type { LlmCall, Runner } from "../../kernel/ports.ts";
import { LLMRunner } from "./llm.ts";

/** A runner as it is, or one around a function from a prompt to text. Throws `SpecError` on anything else. */
export function asRunner(value: Runner | LlmCall): Runner {
  if (typeof value === "function") return new LLMRunner(value);
  if (typeof value === "object" && value !== null && typeof value.run === "function") return value;
  throw new SpecError("a runner is an object with a run method, or a function from a prompt to text");
}
