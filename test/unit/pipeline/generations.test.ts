import { cpSync, readdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  asResearcher,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  type PipelineOptions,
  ScriptExperimenter,
  Workspace,
} from "../../../src/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { faultyEffects } from "../../../src/testing/faults.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { inspectBest } from "../../../src/workspace/queries.ts";

let folder: TemporaryDirectory;
beforeEach(() => {
  folder = temporaryDirectory();
});
afterEach(() => folder[Symbol.dispose]());

/** The spec as a run's records know it; another `version` is a change that scores depend on. */
const specOf = (version: string, direction = "maximize"): NonNullable<PipelineOptions["spec"]> => ({
  text: `# ${version}\n`,
  raw: { metric: { name: "score", direction, min_delta: 0 } },
  hash: version,
  overrides: {},
  file: folder.join("spec.yaml"),
});

/** Four hypotheses an iteration, x from 1 on; the score is x times `factor`. */
async function pipeline(factor: number, options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  return new Pipeline({
    researcher: asResearcher(({ iteration }) => [1, 2, 3, 4].map((x) => ({ spec: { x: x + 10 * iteration } })), {
      numTasks: 4,
    }),
    experimenter: new FunctionExperimenter(({ x }) => ({ score: Number(x) * factor })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    maxIterations: 2,
    spec: specOf("old"),
    ...options,
    workspace: options.workspace ?? (await Workspace.create(folder.join("run"), { ifExists: "resume" })),
  });
}

/** Runs until two hypotheses of the first iteration have been scored, and stops there. */
async function cutShort(options: Partial<PipelineOptions> = {}): Promise<void> {
  const stop = new AbortController();
  let ran = 0;
  const experimenter = new FunctionExperimenter(({ x }) => {
    if (++ran === 2) stop.abort();
    return { score: Number(x) };
  });
  const end = await (await pipeline(1, { experimenter, ...options })).run({ drain: stop.signal });
  expect(end.reason).toBe("interrupted");
}

const json = (path: string) => JSON.parse(folder.read(`run/${path}`) ?? "null");
const verdicts = (n: number) =>
  ["h000", "h001", "h002", "h003"].map((h) => json(`iterations/0000${n}/evaluations/i0000${n}-${h}.json`));
const iteration = (n: number) => json(`iterations/0000${n}/iteration.json`);

describe("an iteration that an accepted change cuts short", () => {
  test("keeps its scores, has the rest recorded as never scored, and the next is of the new generation", async () => {
    await cutShort();
    const end = await (await pipeline(1000, { spec: specOf("new"), acceptChange: true })).run();
    expect(iteration(1)).toMatchObject({ generation: 0, state: "finished", cutShort: true, best: null });
    expect(["h000", "h001"].map((h) => json(`iterations/00001/evaluations/i00001-${h}.json`).score)).toEqual([11, 12]);
    expect(json("iterations/00001/evaluations/i00001-h002.json")).toMatchObject({
      score: null,
      reason: expect.stringContaining("a change was accepted"),
      details: { failure: "generation-over" },
    });
    expect(iteration(2)).toMatchObject({ generation: 1, bestScore: 24_000 });
    expect(end).toMatchObject({ reason: "iterations", iterationsCompleted: 2, best: { id: "i00003-h003" } });
  });

  test("comes out the same wherever the resume that accepts the change is killed", async () => {
    await cutShort();
    cpSync(folder.join("run"), folder.join("before"), { recursive: true });
    /** Goes on with the run, as a process of its own, to the end or to a kill. */
    const life = async (at: number | null): Promise<number> => {
      const rig = faultyEffects(systemEffects(), at === null ? null : { at, when: "before", fault: "die" });
      const workspace = await Workspace.create(folder.join("run"), { effects: rig.effects, ifExists: "resume" });
      await (await pipeline(1000, { spec: specOf("new"), acceptChange: true, workspace })).run().catch((thrown) => {
        if (!rig.crashed) throw thrown;
      });
      return rig.crossings.length;
    };
    const outcome = () => [1, 2, 3].map((n) => [iteration(n), ...verdicts(n)]);
    const crossings = await life(null);
    const undisturbed = outcome();
    // The iteration is closed at the beginning of that resume, and the new generation begins after it.
    for (let at = 3; at < crossings / 2; at += Math.ceil(crossings / 16)) {
      rmSync(folder.join("run"), { recursive: true });
      cpSync(folder.join("before"), folder.join("run"), { recursive: true });
      await life(at);
      await life(null);
      expect(outcome(), `killed at crossing ${at}`).toEqual(undisturbed);
    }
  });

  test("counts neither as an iteration nor as failures in a row", async () => {
    await cutShort();
    const settings = { stop: { failures: 2 } };
    const end = await (await pipeline(1, { spec: specOf("new"), acceptChange: true, settings })).run();
    expect(end).toMatchObject({ reason: "iterations", iterationsCompleted: 2 });
  });

  test("is not scored either when a record of it is deleted afterwards", async () => {
    await (await pipeline(1)).run();
    await (await pipeline(1000, { spec: specOf("new"), acceptChange: true, maxIterations: 3 })).run();
    const verdict = iteration(2);
    rmSync(folder.join("run/iterations/00002/evaluations/i00002-h003.json"));
    await (await pipeline(1000, { spec: specOf("new"), maxIterations: 3 })).run();
    expect(json("iterations/00002/evaluations/i00002-h003.json").score).toBeNull();
    expect(iteration(2)).toEqual(verdict);
  });
});

describe("a change accepted on a finished run", () => {
  test("leaves no best until something of the new generation has a score", async () => {
    await (await pipeline(1)).run();
    const end = await (await pipeline(1000, { spec: specOf("new"), acceptChange: true })).run();
    expect(end).toMatchObject({ reason: "iterations", best: null });
    const workspace = await Workspace.open(folder.join("run"));
    expect(json("run.json")).toMatchObject({ best: null, generation: 1 });
    expect(inspectBest(workspace.root, workspace.effects)).toBeNull();
  });

  test("of the metric's direction leaves what the old generation came to as it was", async () => {
    await (await pipeline(1)).run();
    const before = [
      folder.read("run/iterations/00001/iteration.json"),
      folder.read("run/iterations/00002/iteration.json"),
    ];
    const spec = specOf("new", "minimize");
    const metric = { direction: "minimize" } as const;
    const end = await (await pipeline(1, { spec, metric, acceptChange: true, maxIterations: 3 })).run();
    expect(end.best).toEqual({ id: "i00003-h000", score: 31 });
    const after = [
      folder.read("run/iterations/00001/iteration.json"),
      folder.read("run/iterations/00002/iteration.json"),
    ];
    expect(after).toEqual(before);
  });
});

describe("with artifacts", () => {
  /** A script whose score is the number in the tracked file, `bonus` on top; each hypothesis of iteration n writes 10n + k. */
  async function tracked(bonus: number, options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
    folder.write("project/code.txt", "5\n");
    return pipeline(1, {
      root: folder.join("project"),
      artifacts: ["code.txt"],
      researcher: asResearcher(
        ({ iteration }) =>
          [1, 2].map((k) => ({ spec: { k }, edits: [{ path: "code.txt", content: `${10 * iteration + k}\n` }] })),
        { numTasks: 2 },
      ),
      experimenter: new ScriptExperimenter(["sh", "-c", `echo score=$(( $(cat code.txt) + ${bonus} ))`]),
      maxIterations: 1,
      ...options,
    });
  }

  test("the carried state is scored again although no further iteration is due, and is the best", async () => {
    await (await tracked(0)).run();
    const end = await (await tracked(100, { spec: specOf("new"), acceptChange: true })).run();
    expect(end).toMatchObject({
      reason: "iterations",
      iterationsCompleted: 1,
      best: { id: "i00002-h000", score: 112 },
    });
    expect(iteration(2)).toMatchObject({ generation: 1, start: true, base: { hypothesisId: "i00001-h001" } });
    expect(readdirSync(folder.join("run/iterations"))).toEqual(["00000", "00001", "00002"]);
  });

  test("the carried state's new score is what the hypotheses of the new generation have to beat", async () => {
    await (await tracked(0)).run();
    const next = { spec: specOf("new"), acceptChange: true, maxIterations: 2 };
    const researcher = asResearcher(
      () => [11, 13].map((k) => ({ spec: { k }, edits: [{ path: "code.txt", content: `${k}\n` }] })),
      { numTasks: 2 },
    );
    await (await tracked(-50, { ...next, researcher })).run();
    const verdicts = ["h000", "h001"].map((h) => json(`iterations/00003/evaluations/i00003-${h}.json`));
    expect(json("iterations/00002/evaluations/i00002-h000.json").score).toBe(-38);
    expect(verdicts.map(({ passed }) => passed)).toEqual([false, true]);
    expect(verdicts[0].reason).toContain("-38");
  });

  test("a start that was cut short is scored in the new generation", async () => {
    const stop = new AbortController();
    const first = await tracked(0);
    first.subscribe(({ type }) => type === "iteration.started" && stop.abort());
    await first.run({ drain: stop.signal });
    expect(iteration(0).state).toBe("proposed");
    const end = await (await tracked(100, { spec: specOf("new"), acceptChange: true })).run();
    expect(iteration(0)).toMatchObject({ generation: 0, cutShort: true, carried: iteration(0).base });
    expect(iteration(1)).toMatchObject({ generation: 1, start: true, base: iteration(0).base });
    expect(end).toMatchObject({ iterationsCompleted: 1, best: { id: "i00002-h001", score: 122 } });
  });

  test("the next base is the best by scores as they are after a change by hand", async () => {
    await (await tracked(0)).run();
    const path = "run/iterations/00001/evaluations/i00001-h000.json";
    folder.write(path, (folder.read(path) ?? "").replace('"score": 11', '"score": 500'));
    const end = await (await tracked(0, { maxIterations: 2 })).run();
    expect(iteration(2).base.hypothesisId).toBe("i00001-h000");
    expect(end.best).toEqual({ id: "i00001-h000", score: 500 });
  });
});

describe("--retry-failed", () => {
  const failing = new FunctionExperimenter(({ x }) => {
    if (Number(x) % 2 === 0) throw new Error("even");
    return { score: Number(x) };
  });

  test("together with a change that opens a generation is refused, and nothing is written", async () => {
    await (await pipeline(1, { experimenter: failing })).run();
    const before = folder.read("run/run.json");
    const retrying = await pipeline(1, { spec: specOf("new"), acceptChange: true, retryFailed: true });
    await expect(retrying.run()).rejects.toThrow(/do not go together/);
    expect(folder.read("run/run.json")).toBe(before);
  });

  test("leaves hypotheses of earlier generations alone, and refuses to be told one", async () => {
    await (await pipeline(1, { experimenter: failing })).run();
    const spec = specOf("new");
    await (await pipeline(1, { spec, acceptChange: true, experimenter: failing, maxIterations: 3 })).run();
    const before = folder.read("run/run.json");
    const named = await pipeline(1, { spec, maxIterations: 3, retryFailed: ["i00001-h001"] });
    await expect(named.run()).rejects.toThrow(
      /i00001-h001 belongs to an earlier score generation.*failed: i00003-h001/,
    );
    expect(folder.read("run/run.json")).toBe(before);
    await (await pipeline(1, { spec, maxIterations: 3, retryFailed: true })).run();
    expect(json("iterations/00001/evaluations/i00001-h001.json").score).toBeNull();
    expect(json("iterations/00003/evaluations/i00003-h001.json").score).toBe(32);
  });
});
