// Run in a folder of a user's by check-package.mjs: a loop with each kind of runner, judged by a function.
import { execPath } from "node:process";
import {
  anthropicLlm,
  asRunner,
  CommandRunner,
  commandLlm,
  Evaluator,
  FunctionExperimenter,
  FunctionRunner,
  LLMRunner,
  openaiLlm,
  Pipeline,
  ReplayRunner,
  Researcher,
  Workspace,
} from "aura-research";

const [, , url] = process.argv;
const answer = '[{"x": 0.5}]';
const agent = [execPath, "-e", "console.log(JSON.stringify({ result: '[{\"x\": 0.5}]' }))"];
const read = { outputFormat: "json", path: "result" };

const runners = {
  anthropic: anthropicLlm({ model: "m", baseUrl: url }),
  openai: openaiLlm({ model: "m", baseUrl: `${url}/v1` }),
  llm: new LLMRunner(async () => answer),
  function: new FunctionRunner(() => ({ content: answer, usage: { inputTokens: 3, outputTokens: 2 } })),
  command: new CommandRunner(agent, read),
  "command-llm": commandLlm(agent, read),
  wrapped: asRunner(async () => ({ content: answer })),
  replay: new ReplayRunner({ file: "replay.jsonl" }),
};
const judge = new FunctionRunner((_, { task, output }) => ({
  content: JSON.stringify({ score: output.score, reason: `${task.id} is as good as it says` }),
}));

for (const [kind, runner] of Object.entries(runners)) {
  const workspace = await Workspace.create(`runs/runner-${kind}`);
  await new Pipeline({
    researcher: new Researcher({ runner, numTasks: 1 }),
    experimenter: new FunctionExperimenter(({ x }) => ({ score: x })),
    evaluator: new Evaluator({ runner: judge }),
    workspace,
    maxIterations: 1,
  }).run();
  const { bestScore, totals } = await workspace.summary();
  if (bestScore !== 0.5 || totals.calls !== 2) throw new Error(`${kind}: best ${bestScore}, ${totals.calls} calls`);
}
console.log(Object.keys(runners).join(" "));
