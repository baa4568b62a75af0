// A model designs a network, a mock training script scores each design, and what a round taught guides the next one.
// Usage: npx aura run examples/mock-autonas/loop.mjs
import { fileURLToPath } from "node:url";
import {
  anthropicLlm,
  MetricEvaluator,
  Pipeline,
  ReplayRunner,
  Researcher,
  Reviewer,
  ScriptExperimenter,
} from "aura-research";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

// Live with a key, from recorded replies without one.
const runner = process.env.ANTHROPIC_API_KEY
  ? anthropicLlm({ model: "claude-sonnet-4-20250514" })
  : new ReplayRunner({ file: here("replay.jsonl") });

const researcher = new Researcher({
  runner,
  numTasks: 3,
  space: {
    layers: { type: "int", low: 1, high: 8 },
    width: { type: "int", low: 16, high: 512 },
    activation: { type: "categorical", choices: ["relu", "gelu", "tanh"] },
    dropout: { type: "float", low: 0, high: 0.6 },
    lr: { type: "float", low: 0.0001, high: 0.1, log: true },
  },
  promptTemplate: `You design neural networks.

Goal: {{goal}}

Each design lies inside this space:
{{space}}

Tried so far:
{{history}}

Lessons:
{{insights}}

Failures:
{{failures}}

Propose {{num_tasks}} new designs as a JSON list. Each item has a short "id", a "rationale", and every parameter of the space.`,
});

export default (workspace) =>
  new Pipeline({
    goal: "Find the architecture with the highest accuracy after a short training.",
    seed: 3,
    root: here("."),
    researcher,
    experimenter: new ScriptExperimenter(
      "node train.mjs --layers {layers} --width {width} --activation {activation} --dropout {dropout} --lr {lr} --seed {aura.seed}",
      { timeoutMs: 30_000 },
    ),
    evaluator: new MetricEvaluator({ metric: "accuracy", baseline: 0.9 }),
    reviewer: new Reviewer({ runner }),
    workspace,
    maxIterations: 3,
  });
