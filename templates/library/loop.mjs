// A research loop in code: npm i -D aura-research, then node loop.mjs
import {
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  SearchResearcher,
  StatsReviewer,
  setupLogging,
  Workspace,
} from "aura-research";

const pipeline = new Pipeline({
  goal: "Find the options with the highest score.",
  // What is tried. With a model: new Researcher({ runner: anthropicLlm({ model: "…" }), numTasks: 3, space })
  researcher: new SearchResearcher({
    method: "tpe",
    numTasks: 2,
    space: { rate: { type: "float", low: 0.0001, high: 1, log: true }, layers: { type: "int", low: 1, high: 8 } },
  }),
  // How it is tried: a function from options to metrics. For a command: new ScriptExperimenter("python train.py --lr {rate}")
  experimenter: new FunctionExperimenter(({ rate, layers }) => {
    return { score: 1 - Math.abs(Math.log10(rate) + 2) / 4 - Math.abs(layers - 5) / 10 };
  }),
  // Which of the metrics is the score.
  evaluator: new MetricEvaluator({ metric: "score" }),
  // What was learned: which parameters go with good scores.
  reviewer: new StatsReviewer(),
  // Where the records go; a second start goes on with the run in it.
  workspace: await Workspace.create("runs/library", { ifExists: "resume" }),
  maxIterations: 15,
});
setupLogging(pipeline);
await pipeline.run();
