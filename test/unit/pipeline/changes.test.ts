import { describe, expect, test } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import {
  asResearcher,
  FunctionExperimenter,
  type PipelineOptions,
  ScriptExperimenter,
  Workspace,
} from "../../../src/index.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { specChanges } from "../../../src/spec/drift.ts";
import { inspectBest } from "../../../src/workspace/views/queries.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const builtins = await allBuiltins();

const folder = testFolder();

/** A spec as a run's records know it. */
const specOf = (raw: JsonObject = {}): NonNullable<PipelineOptions["spec"]> => {
  const spec: JsonObject = { metric: { name: "score", direction: "maximize", min_delta: 0 }, ...raw };
  const changes = (before: { readonly spec: JsonObject }) => specChanges(before, spec, [], builtins);
  return { text: "", raw: spec, hash: "", overrides: {}, file: folder.join("spec.yaml"), changes };
};

/** Goes on with the run; every iteration proposes its own number. */
async function life(options: Partial<PipelineOptions> = {}) {
  const researcher = asResearcher(({ iteration }) => [{ spec: { x: iteration } }], { numTasks: 1 });
  const { result: end, events } = await runPipeline(folder, { researcher, maxIterations: 2, ...options });
  return { end, events };
}

const byFive = { minDelta: { kind: "absolute", value: 5 } } as const;
const json = (path: string) => JSON.parse(folder.read(`run/${path}`) ?? "null");
const iteration = (n: number) => json(`iterations/0000${n}/iteration.json`);

describe("a change between two lives of a run", () => {
  test("that scores depend on is refused with the difference and the way on, and nothing is written", async () => {
    await life({ spec: specOf() });
    const before = folder.read("run/run.json");
    const refused = life({ spec: specOf({ seed: 1, goal: "less" }), maxIterations: 3 });
    const words = `! seed  (none) -> 1\n  goal  (none) -> "less"\n\nput it back, or go on elsewhere, from the best of this run:\n\n  aura run ${folder.join("spec.yaml")} --from ${folder.join("run")}`;
    await expect(refused).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(words) });
    expect(folder.read("run/run.json")).toBe(before);
  });

  test("before anything has a score is refused with the command that starts anew: there is no best to go on from", async () => {
    const experimenter = new FunctionExperimenter(() => Promise.reject(new Error("no such program")));
    await life({ spec: specOf(), experimenter });
    const refused = life({ spec: { ...specOf({ seed: 1 }), overrides: { parallel: 2 } } });
    const words = `start anew, as nothing has a score yet:\n\n  aura run ${folder.join("spec.yaml")} --set parallel=2 --new`;
    await expect(refused).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(words) });
  });

  test("of anything else counts from the next iteration on, is recorded with that, and is told", async () => {
    await life({ spec: specOf() });
    const { events } = await life({ spec: specOf({ goal: "less" }), maxIterations: 3 });
    const fields = [{ path: "goal", after: "less" }];
    expect(events.find(({ type }) => type === "settings.changed")).toMatchObject({ from: 3, fields });
    expect([iteration(2).changes, iteration(3).changes]).toEqual([undefined, fields]);
    expect(json("run.json").changes).toEqual([{ from: 3, fields }]);
    expect((await life({ spec: specOf({ goal: "less" }), maxIterations: 3 })).events).not.toContainEqual(
      expect.objectContaining({ type: "settings.changed" }),
    );
  });

  test("of min_delta leaves what earlier iterations came to, for the loop and for inspect", async () => {
    await life({ spec: specOf({ metric: { name: "score", direction: "maximize", min_delta: 5 } }), metric: byFive });
    expect([iteration(1).best, iteration(2).best]).toEqual(["i00001-h000", "i00001-h000"]);
    const { end } = await life({ spec: specOf(), metric: { minDelta: { kind: "absolute", value: 0 } } });
    expect([end.best?.id, iteration(2).best]).toEqual(["i00001-h000", "i00001-h000"]);
    const workspace = await Workspace.open(folder.join("run"));
    expect(inspectBest(workspace.root, workspace.effects)?.id).toBe("i00001-h000");
    const more = await life({ spec: specOf(), metric: { minDelta: { kind: "absolute", value: 0 } }, maxIterations: 3 });
    expect([more.end.best?.id, iteration(2).best]).toEqual(["i00003-h000", "i00001-h000"]);
    expect(inspectBest(workspace.root, workspace.effects)?.id).toBe("i00003-h000");
  });

  test("has an iteration that had proposed nothing yet begin anew with it", async () => {
    const stop = new AbortController();
    const researcher = asResearcher(async () => {
      stop.abort();
      throw new Error("stopped");
    });
    await runPipeline(folder, { researcher, spec: specOf() }, { signal: stop.signal });
    expect(iteration(1)).toMatchObject({ state: "started" });
    await life({ spec: specOf({ goal: "less" }) });
    expect(iteration(1).changes).toEqual([{ path: "goal", after: "less" }]);
  });

  test("is known of a run in code by its settings", async () => {
    await life({ settings: { rollback: "none" } });
    await expect(life({ metric: { direction: "minimize" }, settings: { rollback: "none" } })).rejects.toThrow(
      /! metric\.direction {2}"maximize" -> "minimize"\n\nput it back, or start another run/,
    );
    const { events } = await life({ maxIterations: 3 });
    expect(events).toContainEqual(expect.objectContaining({ type: "settings.changed", from: 3 }));
  });

  test("of the tracked files is refused: they are what trials run with", async () => {
    for (const name of ["a", "b"]) folder.write(`project/${name}`, "1\n");
    const experimenter = new ScriptExperimenter(["sh", "-c", "echo score=1"]);
    const tracking = { root: folder.join("project"), experimenter };
    await life({ ...tracking, artifacts: ["a"] });
    await expect(life({ ...tracking, artifacts: ["a", "b"] })).rejects.toThrow(/! artifacts {2}\["a"\] -> \["a","b"\]/);
  });
});
