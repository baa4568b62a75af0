import { describe, expectTypeOf, test } from "vitest";
import * as aura from "../../src/index.ts";
import {
  type AuraEvent,
  anthropicLlm,
  asEvaluator,
  asResearcher,
  type BestSoFar,
  type ComponentDefinition,
  commandLlm,
  defineComponent,
  type EvaluatorPort,
  type EXIT,
  type ExperimenterPort,
  type FinishReason,
  FunctionExperimenter,
  type Infer,
  isAuraError,
  type JsonValue,
  type LlmCall,
  openaiLlm,
  type Pipeline,
  type PipelineOptions,
  type Researcher,
  type ResearcherPort,
  type RunResult,
  type RunSettings,
  type ScriptExperimenter,
  type Trial,
  type TrialOutcome,
  Workspace,
} from "../../src/index.ts";

// Nothing here runs anything: the type checker does the work.

describe("options inferred from a schema", () => {
  const definition = defineComponent({
    kind: "evaluator",
    type: "sample",
    summary: "A sample.",
    options: {
      type: "object",
      properties: {
        name: { type: "string" },
        scale: { type: "number", default: 1 },
        count: { type: "integer" },
        mode: { enum: ["fast", "slow"] },
        tags: { type: "array", items: { type: "string" } },
        nested: {
          type: "object",
          properties: { deep: { type: "boolean" } },
          required: ["deep"],
          additionalProperties: false,
        },
      },
      required: ["name"],
      additionalProperties: false,
    },
    example: { name: "x", scale: 1 },
    create: (options) => {
      expectTypeOf(options.name).toEqualTypeOf<string>();
      // A default is filled in before `create` is called: it is never absent.
      expectTypeOf(options.scale).toEqualTypeOf<number>();
      expectTypeOf(options.count).toEqualTypeOf<number | undefined>();
      expectTypeOf(options.mode).toEqualTypeOf<"fast" | "slow" | undefined>();
      expectTypeOf(options.tags).toEqualTypeOf<readonly string[] | undefined>();
      expectTypeOf(options.nested).toEqualTypeOf<{ readonly deep: boolean } | undefined>();
      return asEvaluator(() => 1);
    },
  });

  test("reach `create` with their exact types", () => {
    expectTypeOf(definition).toExtend<ComponentDefinition<"evaluator">>();
    type Options = Infer<typeof definition.options>;
    expectTypeOf<Options["name"]>().toEqualTypeOf<string>();
    // @ts-expect-error a required option is missing
    const missing: Options = { scale: 1 };
    // @ts-expect-error an option of another type
    const wrong: Options = { name: 1, scale: 1 };
    // @ts-expect-error an option that does not exist
    const unknown: Options = { name: "a", scale: 1, scael: 2 };
    void [missing, wrong, unknown];
  });

  test("a definition's create has to give a component of its kind", () => {
    defineComponent({
      kind: "runner",
      type: "not-a-runner",
      summary: "Wrong.",
      options: { type: "object", properties: {}, additionalProperties: false },
      example: {},
      // @ts-expect-error an evaluator is no runner
      create: () => asEvaluator(() => 1),
    });
  });
});

describe("the public types", () => {
  test("take any function from a prompt to text as a model", () => {
    expectTypeOf(anthropicLlm({ model: "m" })).toExtend<LlmCall>();
    expectTypeOf(openaiLlm({ model: "m" })).toExtend<LlmCall>();
    expectTypeOf(commandLlm(["cat"])).toExtend<LlmCall>();
    expectTypeOf<ConstructorParameters<typeof Researcher>[0]["runner"]>().extract<LlmCall>().toEqualTypeOf<LlmCall>();
    const plain: LlmCall = async (prompt) => prompt;
    const counted: LlmCall = async () => ({ content: "", usage: { inputTokens: 1, outputTokens: 1 } });
    // @ts-expect-error a reply has content
    const empty: LlmCall = async () => ({});
    void [plain, counted, empty];
  });

  test("make classes fit their ports, and functions with them", () => {
    expectTypeOf<Researcher>().toExtend<ResearcherPort>();
    expectTypeOf<ScriptExperimenter>().toExtend<ExperimenterPort>();
    expectTypeOf(new FunctionExperimenter((spec) => ({ score: spec.x }))).toExtend<ExperimenterPort>();
    expectTypeOf(asResearcher(() => [])).toEqualTypeOf<ResearcherPort>();
    expectTypeOf(asEvaluator((_, experiment) => experiment.trials.length)).toEqualTypeOf<EvaluatorPort>();
  });

  test("fit the part of a loop that each is for", () => {
    type Fitting<Port> = readonly (abstract new (...given: never) => Port)[];
    const parts = {
      researchers: [aura.Researcher, aura.SearchResearcher] satisfies Fitting<ResearcherPort>,
      experimenters: [
        aura.ScriptExperimenter,
        aura.FunctionExperimenter,
        aura.LLMExperimenter,
        aura.SingleTrialExperimenter,
      ] satisfies Fitting<ExperimenterPort>,
      evaluators: [aura.MetricEvaluator, aura.Evaluator, aura.CommandEvaluator] satisfies Fitting<EvaluatorPort>,
      reviewers: [aura.Reviewer, aura.StatsReviewer] satisfies Fitting<aura.ReviewerPort>,
      runners: [
        aura.LLMRunner,
        aura.FunctionRunner,
        aura.CommandRunner,
        aura.ReplayRunner,
      ] satisfies Fitting<aura.Runner>,
      environments: [
        aura.CondaEnvironment,
        aura.VenvEnvironment,
        aura.UvEnvironment,
        aura.DockerEnvironment,
      ] satisfies Fitting<aura.ExecutionEnvironment>,
      executors: [
        aura.ScriptExecutor,
        aura.FunctionExecutor,
        aura.LLMExecutor,
        aura.BwrapExecutor,
        aura.BindfsExecutor,
        aura.SlurmExecutor,
      ] satisfies Fitting<aura.Executor>,
      collectors: [
        aura.StdoutCollector,
        aura.JSONFileCollector,
        aura.LogParserCollector,
      ] satisfies Fitting<aura.Collector>,
      aggregators: [
        aura.LastTrialAggregator,
        aura.BestTrialAggregator,
        aura.AllTrialsAggregator,
        aura.MeanTrialAggregator,
        aura.MedianTrialAggregator,
      ] satisfies Fitting<aura.Aggregator>,
    };
    void parts;
  });

  test("say what artifacts, and states of them, can do", () => {
    const file = new aura.FileArtifact("train.py", { root: "project" });
    expectTypeOf(file.read()).toEqualTypeOf<string | null>();
    expectTypeOf(file.snapshot()).toEqualTypeOf<aura.ArtifactState>();
    expectTypeOf(file.diff).parameter(0).toEqualTypeOf<aura.ArtifactState>();
    expectTypeOf<aura.DirectoryArtifact["list"]>().returns.toEqualTypeOf<readonly string[]>();
    expectTypeOf<PipelineOptions["artifacts"]>()
      .extract<readonly unknown[]>()
      .items.toExtend<string | { path: string }>();
    // @ts-expect-error a folder has no text of its own
    const wrong = () => new aura.DirectoryArtifact("src").read();
    void wrong;
  });

  test("say what a spec says at the top of a pipeline's options, and the methods that subclasses override", () => {
    expectTypeOf<PipelineOptions["rollback"]>().toEqualTypeOf<"best" | "none" | undefined>();
    expectTypeOf<PipelineOptions["insightWindow"]>().toEqualTypeOf<number | null | undefined>();
    expectTypeOf<Workspace["summary"]>().returns.resolves.toEqualTypeOf<aura.RunSummary>();
    expectTypeOf<aura.IterationSummary["mean"]>().toEqualTypeOf<number | null>();
    class Own extends aura.SingleTrialExperimenter {
      override async prepare(hypothesis: aura.Hypothesis, ctx: aura.TrialContext) {
        return super.prepare(hypothesis, ctx);
      }
      override async setup(ctx: aura.RunContext) {
        await super.setup(ctx);
      }
      override async teardown(ctx: aura.RunContext) {
        await super.teardown(ctx);
      }
    }
    class Terse extends aura.Reviewer {
      override async review() {
        return [{ finding: "one" }];
      }
    }
    expectTypeOf<Own>().toExtend<ExperimenterPort>();
    expectTypeOf<Terse>().toExtend<aura.ReviewerPort>();
    const judge = new aura.FunctionRunner((prompt, { task, output, trajectory, signal }) => {
      expectTypeOf(prompt).toEqualTypeOf<string>();
      expectTypeOf(task).toEqualTypeOf<aura.Hypothesis | undefined>();
      expectTypeOf(output).toEqualTypeOf<JsonValue | undefined>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return `${trajectory?.length}`;
    });
    expectTypeOf(judge).toExtend<aura.Runner>();
  });

  test("let a pipeline be written with the four stages and a workspace, and tell how it ended", () => {
    expectTypeOf<PipelineOptions>().pick<"researcher" | "experimenter" | "evaluator" | "workspace">().toEqualTypeOf<{
      readonly researcher: ResearcherPort;
      readonly experimenter: ExperimenterPort;
      readonly evaluator: EvaluatorPort;
      readonly workspace: Workspace;
    }>();
    expectTypeOf<Pipeline["run"]>().returns.resolves.toEqualTypeOf<RunResult>();
    expectTypeOf<RunResult["best"]>().toEqualTypeOf<BestSoFar | null>();
    expectTypeOf<RunResult["reason"]>().toEqualTypeOf<FinishReason>();
    expectTypeOf<Pipeline["settings"]>().toEqualTypeOf<RunSettings>();
  });

  test("tell unions apart by one field", () => {
    const told = (event: AuraEvent): string | number | null => {
      switch (event.type) {
        case "evaluation.scored":
          return event.evaluation.score;
        case "trial.finished":
          return event.outcome.status;
        default:
          return event.at;
      }
    };
    const outcome = (trial: Trial): JsonValue | undefined =>
      trial.state === "finished" && trial.outcome.status === "completed" ? trial.outcome.output : undefined;
    expectTypeOf<Extract<TrialOutcome, { status: "timeout" | "failed" }>>().toHaveProperty("failure");
    void [told, outcome];
  });

  test("know AURA's own errors and their exit codes", () => {
    const thrown: unknown = new Error();
    if (isAuraError(thrown)) expectTypeOf(thrown.exitCode).toExtend<(typeof EXIT)[keyof typeof EXIT]>();
    expectTypeOf(Workspace.create).returns.resolves.toEqualTypeOf<Workspace>();
  });
});
