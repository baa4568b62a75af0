import { describe, expect, test } from "vitest";
import {
  asEvaluator,
  asResearcher,
  FunctionExperimenter,
  type PipelineOptions,
  ScriptExperimenter,
  Workspace,
} from "../../../src/index.ts";
import type { HistoryEntry } from "../../../src/kernel/context.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/code.txt": "0\n", "project/note.txt": "-\n" });

const json = (path: string) => JSON.parse(folder.read(`run/iterations/${path}.json`) ?? "null");
const hypothesis = (id: string) => json(`${id.slice(1, 6)}/hypotheses/${id}`);
const stateOf = (id: string) => json(`${id.slice(1, 6)}/experiments/${id}`).state;
const edit = (path: string, content: string) => [{ path, content: `${content}\n` }];

/** Runs proposals, an iteration each list, over `code.txt`, whose number is the score; what the researcher saw. */
async function run(proposals: readonly (readonly object[])[], more: Partial<PipelineOptions> = {}) {
  const seen: (readonly HistoryEntry[])[] = [];
  await runPipeline(folder, {
    researcher: asResearcher(
      ({ iteration, history }) => {
        seen.push([...history.entries]);
        return proposals[iteration - 1] ?? [];
      },
      { numTasks: 3 },
    ),
    experimenter: new ScriptExperimenter(["sh", "-c", "echo score=$(cat code.txt)"]),
    root: folder.join("project"),
    artifacts: ["code.txt", "note.txt"],
    maxIterations: proposals.length,
    ...more,
  });
  return seen;
}

describe("the state that a hypothesis starts from", () => {
  test("is the one carried on, and recorded with whose it is", async () => {
    await run([[{ edits: edit("code.txt", "1") }], [{ edits: edit("code.txt", "2") }]]);
    const base = { snapshot: stateOf("i00001-h000"), hypothesisId: "i00001-h000" };
    expect(hypothesis("i00002-h000")).toMatchObject({ base, parents: ["i00001-h000"] });
    expect(hypothesis("i00000-h000")).not.toHaveProperty("parents");
  });

  test("is that of any finished hypothesis which its proposal names, and its edits apply there", async () => {
    const [worse, better] = [edit("code.txt", "1"), edit("code.txt", "2")];
    await run([
      [{ edits: worse }, { edits: better }],
      [{ base: "i1-h0", edits: edit("note.txt", "mine") }, { edits: edit("note.txt", "mine") }],
    ]);
    expect(hypothesis("i00002-h000")).toMatchObject({ base: { hypothesisId: "i00001-h000" }, spec: {} });
    expect(json("00002/evaluations/i00002-h000").score).toBe(1);
    expect(json("00002/evaluations/i00002-h001").score).toBe(2);
  });

  test("is the best by scores as they are after a change by hand", async () => {
    await run([[{ edits: edit("code.txt", "1") }, { edits: edit("code.txt", "2") }]]);
    const path = "run/iterations/00001/evaluations/i00001-h000.json";
    folder.write(path, (folder.read(path) ?? "").replace('"score": 1', '"score": 500'));
    await run([[], [{ edits: edit("note.txt", "mine") }]]);
    expect(hypothesis("i00002-h000").base.hypothesisId).toBe("i00001-h000");
  });

  test("has a proposal refused that names none it was shown", async () => {
    await run([[{ base: "i00001-h000", edits: edit("code.txt", "1") }, { edits: edit("code.txt", "2") }]]);
    expect(json("00001/iteration").refused).toEqual([
      { label: "#1", reason: expect.stringMatching(/^its base "i00001-h000" is none of the hypotheses/) },
    ]);
    expect(json("00001/iteration").hypotheses).toEqual(["i00001-h000"]);
  });

  test("does not make a proposal another, whose edits come to a state that was run already: also after a resume", async () => {
    const [one, two] = [edit("code.txt", "1"), edit("code.txt", "2")];
    const proposals = [
      [{ edits: one }, { edits: two }, { edits: [{ path: "code.txt", search: "0", replace: "1" }] }],
      [{ edits: one }, { edits: [{ path: "code.txt", search: "2", replace: "0" }] }, { base: "i1-h0", edits: two }],
    ];
    await run(proposals.slice(0, 1));
    expect(json("00001/iteration").refused).toEqual([{ label: "#3", reason: "repeats i00001-h000" }]);
    await run(proposals);
    const resumed = json("00002/iteration").refused;
    const reasons = ["i00001-h000", "i00000-h000", "i00001-h001"].map((id) => `repeats ${id}`);
    expect(resumed.map(({ reason }: { reason: string }) => reason)).toEqual(reasons);
    await run(proposals, { workspace: await Workspace.create(folder.join("undisturbed")) });
    expect(json("../../undisturbed/iterations/00002/iteration").refused).toEqual(resumed);
  });

  test("is no matter without artifacts: `base` is a parameter like any other", async () => {
    const experimenter = new FunctionExperimenter(({ base }) => ({ score: Number(base) }));
    await run([[{ base: "7" }]], { artifacts: [], experimenter });
    expect(hypothesis("i00001-h000")).toEqual({ id: "i00001-h000", spec: { base: "7" } });
    expect(json("00001/evaluations/i00001-h000").score).toBe(7);
  });
});

describe("what is told of a hypothesis besides its score", () => {
  const plain = { artifacts: [] as const };

  test("is what its trial printed as feedback, within bounds, and reaches the next proposals", async () => {
    const experimenter = new FunctionExperimenter(() => ({ score: 1, feedback: "é".repeat(4000) }));
    const seen = await run([[{ a: 1 }], []], { ...plain, experimenter });
    const { feedback } = json("00001/evaluations/i00001-h000");
    expect(feedback).toBe("é".repeat(2048));
    expect(seen[1]?.[0]).toMatchObject({ feedback });
  });

  test("is what the evaluator says before that, with metrics of its own", async () => {
    const experimenter = new FunctionExperimenter(() => ({ score: 1, feedback: "from the trial" }));
    const evaluator = asEvaluator(() => ({ score: 2, feedback: "from the judge", metrics: { style: 0.5 } }));
    await run([[{ a: 1 }]], { ...plain, experimenter, evaluator });
    const told = { feedback: "from the judge", metrics: { style: 0.5 } };
    expect(json("00001/evaluations/i00001-h000")).toMatchObject(told);
  });

  test("may be that its evaluator said no: it is never the best, as one below the baseline may be", async () => {
    const experimenter = new FunctionExperimenter(({ a }) => ({ score: Number(a) }));
    const evaluator = asEvaluator((_, { summary }) => ({
      score: Number(summary?.score),
      passed: summary?.score !== 9,
    }));
    const workspace = await Workspace.create(folder.join("run"));
    await run([[{ a: 9 }, { a: 3 }]], { ...plain, experimenter, evaluator, workspace, metric: { baseline: 5 } });
    expect(json("00001/iteration")).toMatchObject({ best: "i00001-h001", bestScore: 3 });
    expect((await workspace.summary()).bestHypothesisId).toBe("i00001-h001");
  });
});
