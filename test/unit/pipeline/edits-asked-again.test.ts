import { describe, expect, test } from "vitest";
import {
  asResearcher,
  FunctionRunner,
  MetricEvaluator,
  type PipelineOptions,
  Researcher,
  ScriptExperimenter,
} from "../../../src/index.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/code.txt": "gain = 1\nshift = 0\n" });

const json = (path: string) => JSON.parse(folder.read(`run/iterations/${path}.json`) ?? "null");
const replaces = (id: string, search: string, replace: string) => ({
  id,
  edits: [{ path: "code.txt", search, replace }],
});
const good = replaces("good", "gain = 1", "gain = 2");
const bad = replaces("bad", "shift=0", "shift = 3");
const mended = replaces("bad", "shift = 0", "shift = 3");

async function run(researcher: PipelineOptions["researcher"], more: Partial<PipelineOptions> = {}) {
  const { result } = await runPipeline(folder, {
    researcher,
    experimenter: new ScriptExperimenter(["sh", "-c", "tr -d ' ' < code.txt"]),
    evaluator: new MetricEvaluator({ metric: "gain" }),
    root: folder.join("project"),
    artifacts: ["code.txt"],
    maxIterations: 1,
    ...more,
  });
  return result;
}

/** A researcher whose model gives these replies in turn; and what it was asked. */
function model(...replies: readonly (unknown | Error)[]) {
  const prompts: string[] = [];
  const runner = new FunctionRunner((prompt) => {
    const reply = replies[prompts.push(prompt) - 1];
    if (reply === undefined || reply instanceof Error) throw reply ?? new Error("asked once too often");
    return {
      content: typeof reply === "string" ? reply : JSON.stringify(reply),
      usage: { inputTokens: 10, outputTokens: 1 },
    };
  });
  return { prompts, runner, researcher: new Researcher({ runner, numTasks: 2 }) };
}

const labels = () => json("00001/iteration").hypotheses.map((id: string) => json(`00001/hypotheses/${id}`).label);

describe("edits that cannot be made", () => {
  test("are asked for again, alone, with the reason and the nearest lines; what applied is kept", async () => {
    const { prompts, researcher } = model([bad, good], [mended]);
    await run(researcher);
    expect(labels()).toEqual(["good", "bad"]);
    expect(json("00001/iteration").refused).toEqual([]);
    expect(json("00001/calls/i00001-researcher-a2")).toMatchObject({ ask: 2, state: "finished" });
    const again = prompts[1]?.slice(prompts[0]?.length);
    expect(again).toContain('"bad": the edit cannot be made: the search text occurs 0 times in "code.txt"');
    expect(again).toContain("2| shift = 0");
    expect(again).toContain('"search":"shift=0"');
    expect(again).not.toContain("gain = 2");
  });

  test("are refused after the third reply, and use up no hypothesis", async () => {
    const { prompts, researcher } = model([good, bad], "Hm.", [good, bad]);
    await run(researcher);
    expect(prompts[2]).toContain("shift=0");
    expect(prompts[2]).toContain("there is no JSON in the reply");
    expect(labels()).toEqual(["good"]);
    expect(json("00001/iteration").refused).toEqual([
      { label: "the whole reply", reason: "there is no JSON in the reply" },
      {
        label: "bad",
        reason: expect.stringMatching(/^the edit cannot be made: .*occurs 0 times/),
        edit: JSON.stringify(bad.edits[0]),
      },
    ]);
    expect(JSON.parse(folder.read("run/run.json") ?? "").totals.hypotheses).toBe(1);
  });

  test("are asked for again beside a proposal that stands in the reply twice, which is told of as a repeat", async () => {
    const { runner } = model([good, { ...good, id: "twin" }, bad], [good, mended]);
    await run(new Researcher({ runner, numTasks: 3 }));
    expect(labels()).toEqual(["good", "bad"]);
    expect(json("00001/iteration").refused).toEqual([{ label: "twin", reason: "repeats i00001-h000" }]);
  });

  test("are not asked for again when they leave the batch full, and one that is given up is refused", async () => {
    const more = replaces("more", "gain = 1", "gain = 3");
    const { prompts, researcher } = model([good, bad, more]);
    await run(researcher);
    expect(prompts).toHaveLength(1);
    expect(json("00001/iteration").refused).toMatchObject([{ label: "bad" }]);
  });

  test("are given up by a reply that mends fewer of them", async () => {
    const outside = { id: "outside", edits: [{ path: "other.txt", content: "x" }] };
    const { researcher } = model([outside, bad], [mended]);
    await run(researcher);
    expect(labels()).toEqual(["bad"]);
    expect(json("00001/iteration").refused).toEqual([
      expect.objectContaining({ label: "outside", reason: expect.stringMatching(/not one of the tracked artifacts/) }),
    ]);
  });

  test("are refused where another proposal comes in their place", async () => {
    const { researcher } = model([bad], [good]);
    await run(researcher);
    expect(labels()).toEqual(["good"]);
    expect(json("00001/iteration").refused).toMatchObject([{ label: "bad" }]);
  });

  test.each([
    ["the model fails", [new Error("no more")], {}],
    ["a budget is spent", [], { stop: { tokens: 5 } }],
  ])("leave what applied when %s", async (_, replies, settings) => {
    const { researcher } = model([good, bad], ...replies);
    await run(researcher, { settings });
    expect(json("00001/iteration").refused).toMatchObject([{ label: "bad" }]);
    expect(labels()).toEqual(["good"]);
  });

  test("of a researcher in code are refused at once", async () => {
    const nothing = replaces("nothing", "gain = 1", "gain = 1");
    await run(asResearcher(() => [bad, nothing, good], { numTasks: 3 }));
    expect(json("00001/iteration")).toMatchObject({
      hypotheses: ["i00001-h000"],
      refused: [{ label: "bad" }, { label: "nothing", reason: expect.stringMatching(/are the same/) }],
    });
  });

  test("are tried against the state that the proposal names", async () => {
    const late = { ...replaces("late", "shift = 3", "shift = 4"), base: "i00001-h001" };
    const { prompts, researcher } = model([good, mended], [late, { ...late, id: "lost", base: "i00001-h000" }], [late]);
    await run(researcher, { maxIterations: 2 });
    expect(prompts).toHaveLength(3);
    expect(prompts[2]).toContain('"lost": the edit cannot be made');
    expect(json("00002/iteration")).toMatchObject({ hypotheses: ["i00002-h000"], refused: [{ label: "lost" }] });
  });
});
