import type { StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { assertOptions, type InCode, inSchema, objectOf, required } from "../../kernel/given-options.ts";
import type { Proposals, Researcher } from "../../kernel/ports.ts";
import type { DeclaredParameters, ParameterNames } from "../../model/hypothesis.ts";
import type { Direction } from "../../model/settings.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { declaredParameters, parameterNames } from "../space/schema.ts";
import { assertUsable, checkSpace, compileSpace, type Space, type SpaceProblem, spaceSchema } from "../space/space.ts";
import { gridProblem, gridSampler } from "./search/grid.ts";
import { ObservationLog } from "./search/observations.ts";
import { randomSampler, type Sampler } from "./search/sampler.ts";
import { tpeSampler } from "./search/tpe.ts";

const METHODS = ["random", "grid", "tpe"] as const;

const OPTIONS = {
  type: "object",
  properties: {
    method: {
      enum: METHODS,
      default: "tpe",
      description:
        "`tpe` learns from the scores, after ten random ones; `random` and `grid` do not. " +
        "A grid has five points of a float that has no `step`.",
    },
    num_tasks: { type: "integer", minimum: 1, maximum: 1000, default: 1, description: "Hypotheses per iteration." },
    space: spaceSchema,
  },
  required: ["space"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type SearchResearcherOptions = InCode<typeof OPTIONS.properties, "space">;

/**
 * Proposes hypotheses without a model, by random search, over a grid or with a tree-structured Parzen estimator. What
 * it proposes depends on the seed and on the scored hypotheses alone, so a resumed run
 * goes on exactly as an undisturbed one; nothing is proposed twice. Those of an earlier run with the same metric are
 * learnt from, and proposed again only where they may get another score now. Throws `SpecError` when the space
 * is not usable.
 */
export class SearchResearcher implements Researcher {
  readonly numTasks: number;
  readonly space: Space;
  readonly declared: DeclaredParameters;
  readonly parameters: ParameterNames;
  readonly #sampler: Sampler;
  #log: { readonly direction: Direction; readonly observed: ObservationLog } | null = null;

  constructor(options: SearchResearcherOptions) {
    assertOptions("SearchResearcher", options, { ...inSchema(OPTIONS.properties), space: required(objectOf()) });
    assertUsable(searchProblems(options));
    this.numTasks = options.numTasks ?? 1;
    this.space = compileSpace(options.space);
    this.declared = declaredParameters(this.space.toJson());
    this.parameters = parameterNames(this.space.toJson());
    this.#sampler = samplerOf(this.space, options.method ?? "tpe");
  }

  async hypothesize(ctx: StageContext & { readonly count: number }): Promise<Proposals> {
    const observed = this.#observe(ctx);
    const { draws, exhausted } = this.#sampler(observed, ctx.count, ctx.rng);
    return { proposals: draws, ...(exhausted ? { exhausted } : {}) };
  }

  #observe({ history, settings, prior = [] }: StageContext): ObservationLog {
    const { direction, name } = settings.metric;
    if (this.#log?.direction !== direction) {
      const alike = prior.filter(({ metric }) => metric.name === name && metric.direction === direction).toReversed();
      const known = alike.flatMap(({ entries, sameScoring }) =>
        entries.map(({ spec, score }) => ({ spec, score, isKnown: sameScoring })),
      );
      this.#log = { direction, observed: new ObservationLog(this.space, direction, known) };
    }
    this.#log.observed.update(history.entries);
    return this.#log.observed;
  }
}

const example: Infer<typeof OPTIONS> = {
  method: "tpe",
  num_tasks: 2,
  space: {
    lr: { type: "float", low: 1e-5, high: 0.1, log: true },
    layers: { type: "int", low: 1, high: 8 },
    optimizer: { type: "categorical", choices: ["adam", "sgd"] },
    momentum: { type: "float", low: 0, high: 1, when: { optimizer: "sgd" } },
  },
};

/** Researcher `search`: random search, grid search and TPE over a declared space. */
export const searchResearcher = defineComponent({
  kind: "researcher",
  type: "search",
  summary: "Searches a declared space without a model: random, grid, or TPE, which learns from the scores.",
  options: OPTIONS,
  example,
  check: searchProblems,
  create: ({ num_tasks, ...rest }) => new SearchResearcher({ ...rest, numTasks: num_tasks }),
});

function samplerOf(space: Space, method: (typeof METHODS)[number]): Sampler {
  switch (method) {
    case "random":
      return randomSampler(space);
    case "grid":
      return gridSampler(space);
    case "tpe":
      return tpeSampler(space);
  }
}

function searchProblems(given: Pick<SearchResearcherOptions, "space" | "method">): readonly SpaceProblem[] {
  const problems = checkSpace(given.space);
  if (problems.length > 0 || given.method !== "grid") return problems;
  return compileSpace(given.space).parameters.flatMap((parameter) => {
    const message = gridProblem(parameter);
    return message === null ? [] : [{ path: `space.${parameter.name}`, message }];
  });
}
