import type { StageContext, StageResults } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Finding, Reviewer } from "../../kernel/ports.ts";
import type { HypothesisId } from "../../model/ids.ts";
import type { JsonValue } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { functionOptions, type ModuleFunction } from "../executors/index.ts";
import { stageData, UserFunction } from "../module-function.ts";
import { parseFindings, standingIds } from "./findings.ts";

/** Findings of a batch: a list of texts or of `{ finding, recommendation?, evidence?, replaces? }`, or one of these alone. */
export type ReviewerFunction = (batch: readonly StageResults[], ctx: StageContext) => unknown;

/**
 * Reviews by a function: one given in code is called in this process, one given by module in a child process that is
 * ended at its timeout. A function that throws or answers in another form costs the iteration its insights and is told
 * in a `warning`, nothing more.
 */
export class FunctionReviewer implements Reviewer {
  readonly #function: UserFunction<ReviewerFunction>;

  constructor(target: ReviewerFunction | ModuleFunction, options: { readonly timeoutMs?: number } = {}) {
    this.#function = new UserFunction(target, options);
  }

  async review(batch: readonly StageResults[], ctx: StageContext): Promise<readonly Finding[]> {
    const answer = await this.#function.call(
      ctx,
      (fn) => fn(batch, ctx),
      () => [batch, stageData(ctx)],
    );
    if (!answer.ok) return unusable(answer.failure.message, ctx);
    if (isEmpty(answer.value)) return [];
    const ids = knownIds(batch, ctx);
    const evidence = (name: string) => (ids.has(name) ? name : undefined);
    const parsed = parseFindings(answer.value, { evidence, insights: standingIds(ctx) });
    if (parsed.ok) return parsed.value;
    const what = JSON.stringify(answer.value).slice(0, 200);
    return unusable(`the function returned ${what}; a list of findings is expected, like [{ finding: "..." }]`, ctx);
  }
}

function unusable(reason: string, ctx: StageContext): readonly Finding[] {
  const message = `no insights from iteration ${ctx.iteration}: ${reason}`;
  ctx.emit({ type: "warning", code: "review-unusable", message });
  return [];
}

function isEmpty(value: JsonValue): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function knownIds(batch: readonly StageResults[], ctx: StageContext): ReadonlySet<HypothesisId> {
  return new Set([...ctx.history.entries, ...batch.map(({ hypothesis }) => hypothesis)].map(({ id }) => id));
}

/** Reviewer `function`: an exported function of the user's own module. */
export const functionReviewer = defineComponent({
  kind: "reviewer",
  type: "function",
  summary: "The insights are what an exported function of a module gives, called in a child process.",
  options: functionOptions,
  example: { module: "review.ts", export: "review", timeout: "5m" },
  create: (given, deps) =>
    new FunctionReviewer(
      { module: deps.resolvePath(given.module), export: given.export },
      { timeoutMs: parseDuration(given.timeout) },
    ),
});

/** A reviewer as it is, or one around a function that gives findings. Throws `SpecError` on anything else. */
export function asReviewer(value: Reviewer | ReviewerFunction): Reviewer {
  if (typeof value === "function") return new FunctionReviewer(value);
  if (typeof value === "object" && value !== null && typeof value.review === "function") return value;
  throw new SpecError("a reviewer is an object with a review method, or a function that gives a list of findings");
}
