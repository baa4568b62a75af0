import { expect, test } from "vitest";
import { Evaluator } from "../../../src/components/evaluators/prompt.ts";
import { RecordingRunner } from "../../../src/components/runners/recording.ts";
import {
  FunctionRunner,
  Pipeline,
  ReplayRunner,
  Researcher,
  Reviewer,
  type Runner,
  ScriptExperimenter,
  StdoutCollector,
  Workspace,
} from "../../../src/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { essenceOf } from "../../faults/support/reference-model.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/word.txt": "one\n" });

const write = (id: string, word: string) => ({ id, edits: [{ path: "word.txt", content: `${word}\n` }] });
const misses = { id: "misses", edits: [{ path: "word.txt", search: "none", replace: "x" }] };

/** Proposes words, of which one has to be asked for again; scores a word by its length; finds something each round. */
const model = new FunctionRunner((prompt, { role, iteration, ask }) => {
  if (role === "evaluator") return /^three$/m.test(prompt) ? "0.9" : "0.4";
  if (role === "reviewer") return JSON.stringify([{ finding: `Found in round ${iteration}.` }]);
  if (ask > 1) return JSON.stringify([write("misses", "four")]);
  return JSON.stringify(iteration === 1 ? [write("two", "two"), misses] : [write("three", "three")]);
});

/** Two rounds of a run whose every stage asks the runner; its workspace, its warnings and how it ended. */
async function run(name: string, runner: Runner, goal = "Long words.") {
  const warnings: string[] = [];
  const workspace = await Workspace.create(folder.join(name));
  const pipeline = new Pipeline({
    researcher: new Researcher({ runner, numTasks: 2 }),
    experimenter: new ScriptExperimenter("cat word.txt", {
      timeoutMs: 20_000,
      collector: new StdoutCollector({ parse: "text" }),
    }),
    evaluator: new Evaluator({ runner, votes: 3 }),
    reviewer: new Reviewer({ runner }),
    goal,
    root: folder.join("project"),
    artifacts: ["word.txt"],
    name: "words",
    maxIterations: 2,
    workspace,
  });
  pipeline.subscribe((event) => {
    if (event.type === "warning" && event.code === "replay-prompt-changed") warnings.push(event.message);
  });
  const ended = pipeline.run();
  return { ended, warnings, root: workspace.root };
}

/** All that resuming keeps equal but the records of calls, which say who answered. */
const resultsOf = (root: string) => new Map([...essenceOf(root)].filter(([path]) => !path.includes("/calls/")));

test("a run recorded once and replayed is the same byte for byte; where a prompt changed, the replay says which and how", async () => {
  const file = folder.join("calls.jsonl");
  const recorded = await run("recorded", new RecordingRunner(model, file, systemEffects().files));
  expect(await recorded.ended).toMatchObject({ exitCode: 0, best: { id: "i00002-h000", score: 0.9 } });
  const expected = resultsOf(recorded.root);
  expect([...expected.keys()].join("\n")).toMatch(/i00001-h001\.json[\s\S]*insights\.json/);

  const replayed = await run("replayed", new ReplayRunner({ file, strict: true }));
  expect(await replayed.ended).toMatchObject({ exitCode: 0 });
  expect(replayed.warnings).toEqual([]);
  expect(resultsOf(replayed.root)).toEqual(expected);

  const changed = await run("changed", new ReplayRunner({ file }), "Short words.");
  expect(await changed.ended).toMatchObject({ exitCode: 0 });
  const how = "line 4:\n- Long words.\n+ Short words.";
  expect(changed.warnings).toContain(
    `the prompt differs from the recorded one for: researcher iteration 1 ask 1; ${how}`,
  );
  expect(changed.warnings).toHaveLength((folder.read("calls.jsonl") ?? "").trim().split("\n").length);
  for (const warning of changed.warnings) expect(warning).toContain(how);
  expect(resultsOf(changed.root)).toEqual(expected);
  const strict = await run("strict", new ReplayRunner({ file, strict: true }), "Short words.");
  await expect(strict.ended).rejects.toThrow(how);
});
