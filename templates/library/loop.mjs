// A research loop in code: aura run loop.mjs
import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, StatsReviewer } from "aura-research";

export default (workspace) =>
  new Pipeline({
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
    // Where the records go: runs/loop, or what --workspace says.
    workspace,
    maxIterations: 15,
  });
