import type { StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import { assertOptions, POSITIVE, whole } from "../../kernel/given-options.ts";
import type { Proposals, Researcher } from "../../kernel/ports.ts";
import type { Insight } from "../../model/insight.ts";
import { isJsonObject, type JsonValue } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { functionOptions, type ModuleFunction } from "../executors/index.ts";
import { invalidAnswer, stageData, UserFunction } from "../module-function.ts";
import { parseProposals } from "./proposals.ts";

const SEEDS = 2 ** 31;
const EXPECTED = "a list of proposals is expected, like [{ lr: 0.1 }], or { proposals: [...], exhausted: true }";

/** What a function that proposes knows: all that a stage knows, and how much is asked of it. */
interface ProposalContext extends StageContext {
  /** How many proposals are asked for; more are cut, where a number was said. */
  readonly count: number;
  readonly insights: readonly Insight[];
  /** A seed of its own for this iteration, the same after a resume. */
  readonly seed: number;
}

/** Proposes hypotheses: a list of specs or of `{ label?, spec, rationale? }`, or `{ proposals, exhausted? }`. */
export type ResearcherFunction = (ctx: ProposalContext) => unknown;

export interface FunctionResearcherOptions {
  /** Hypotheses an iteration asks for; more are cut. Default: of a function in code all that it gives, of a module's 1. */
  readonly numTasks?: number;
  /** Milliseconds a module's function may take; default one hour. One in code is not bounded. */
  readonly timeoutMs?: number;
}

/**
 * Proposes by a function: one given in code is called in this process, one given by module in a child process that is
 * ended at its timeout. A function that throws or answers in another form leaves the iteration without proposals, with
 * the reason recorded.
 */
export class FunctionResearcher implements Researcher {
  readonly numTasks: number;
  readonly isOpenEnded: boolean;
  readonly #function: UserFunction<ResearcherFunction>;

  constructor(target: ResearcherFunction | ModuleFunction, options: FunctionResearcherOptions = {}) {
    assertOptions("a researcher that is a function", options, { numTasks: whole(1), timeoutMs: POSITIVE });
    this.numTasks = options.numTasks ?? 1;
    this.isOpenEnded = options.numTasks === undefined && typeof target === "function";
    this.#function = new UserFunction(target, options);
  }

  async hypothesize(ctx: StageContext & { readonly count: number }): Promise<Proposals> {
    const seed = ctx.rng.fork("function").int(SEEDS);
    const answer = await this.#function.call(
      ctx,
      (fn) => fn({ ...ctx, insights: ctx.history.insights, seed }),
      () => [{ ...stageData(ctx), count: ctx.count, seed }],
    );
    if (!answer.ok) return { proposals: [], failure: answer.failure };
    return proposalsOf(answer.value, ctx.artifacts !== undefined);
  }
}

function proposalsOf(value: JsonValue, tracked: boolean): Proposals {
  const isWrapped = isJsonObject(value) && Array.isArray(value.proposals);
  const items = isWrapped ? value.proposals : value;
  if (!Array.isArray(items)) {
    const what = value === null ? "nothing" : JSON.stringify(value).slice(0, 200);
    return { proposals: [], failure: invalidAnswer(`the function returned ${what}; ${EXPECTED}`) };
  }
  const exhausted = isWrapped && value.exhausted === true ? { exhausted: true } : {};
  if (items.length === 0) return { proposals: [], ...exhausted };
  const parsed = parseProposals(items, { allowEdits: tracked, allowBase: tracked });
  const { refused } = parsed;
  if (parsed.ok) return { proposals: parsed.proposals, refused, ...exhausted };
  return {
    proposals: [],
    refused,
    failure: invalidAnswer(`no proposal of the function can be used: ${parsed.reason}`),
  };
}

const options = {
  ...functionOptions,
  properties: {
    ...functionOptions.properties,
    num_tasks: { type: "integer", minimum: 1, maximum: 200, default: 1, description: "Hypotheses per iteration." },
  },
} as const satisfies ObjectSchema;

/** Researcher `function`: an exported function of the user's own module. */
export const functionResearcher = defineComponent({
  kind: "researcher",
  type: "function",
  summary: "Proposes what an exported function of a module gives, called in a child process.",
  options,
  example: { module: "propose.ts", export: "propose", timeout: "5m", num_tasks: 2 },
  create: (given, deps) =>
    new FunctionResearcher(
      { module: deps.resolvePath(given.module), export: given.export },
      { numTasks: given.num_tasks, timeoutMs: parseDuration(given.timeout) },
    ),
});

/**
 * A researcher as it is, or one around a function that gives a list of proposals, however many; `numTasks` is how many a
 * function is asked for in an iteration, and cut to. Throws `SpecError` on anything else.
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
