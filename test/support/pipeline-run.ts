import {
  type AuraEvent,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  type PipelineOptions,
  type RunOptions,
  SearchResearcher,
  Workspace,
} from "../../src/index.ts";
import type { TemporaryDirectory } from "../../src/testing/temp-dir.ts";

/** A pipeline in code whose records are in `run` of a folder; what is not given: a random `x`, which is its own score. */
export async function pipelineIn(
  dir: Pick<TemporaryDirectory, "join">,
  { workspace: given, ...options }: Partial<PipelineOptions> = {},
) {
  const workspace = given ?? (await Workspace.create(dir.join("run"), { ifExists: "resume" }));
  const pipeline = new Pipeline({
    researcher: new SearchResearcher({ method: "random", space: { x: { type: "float", low: 0, high: 1 } } }),
    experimenter: new FunctionExperimenter(({ x }) => ({ score: x })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    ...options,
    workspace,
  });
  const events: AuraEvent[] = [];
  pipeline.subscribe((event) => events.push(event));
  return { pipeline, workspace, events };
}

/** Runs one, or goes on with it. */
export async function runPipeline(
  dir: Pick<TemporaryDirectory, "join">,
  options: Partial<PipelineOptions> = {},
  { onEvent, ...run }: RunOptions & { readonly onEvent?: (event: AuraEvent) => void } = {},
) {
  const { pipeline, workspace, events } = await pipelineIn(dir, options);
  if (onEvent) pipeline.subscribe(onEvent);
  return { result: await pipeline.run(run), workspace, events };
}
