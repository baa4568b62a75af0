import { mkdirSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ScriptExperimenter } from "../../../src/components/experimenters/index.ts";
import { asResearcher } from "../../../src/components/researchers/function.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import { SnapshotStore } from "../../../src/workspace/states/index.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { contentOf } from "../../support/states.ts";
import { testFolder } from "../../support/test-folder.ts";

const place = testFolder({ "project/model/weights.txt": "0\n", "project/.gitignore": "*.cache\n" });

/** Adds its step to the weights it finds, and scores by what they are then. */
const TRAIN = `
w=$(cat model/weights.txt); w=$((w + \${1:-0})); echo $w > model/weights.txt
echo junk > model/junk.cache; echo lost > outside.txt; mkfifo model/pipe
[ "$AURA_TRIAL_INDEX" = 0 ] || echo other > model/weights.txt
echo score=$w; [ "\${1:-0}" != 9 ]`;

function run({ trials = 1, artifacts = ["model"] }: { trials?: number; artifacts?: readonly string[] } = {}) {
  const steps = [[{ by: 1 }, { by: 2 }, { by: 9 }], [{ by: 3 }]];
  const command = ["sh", "-c", TRAIN.replaceAll("{", "{{").replaceAll("}", "}}"), "sh", "{by?}"];
  return runPipeline(place, {
    researcher: asResearcher(({ iteration }) => steps[iteration - 1] ?? [], { numTasks: 3 }),
    experimenter: new ScriptExperimenter(command, { capture: true, trials }),
    root: place.join("project"),
    artifacts,
    maxIterations: 2,
  });
}

describe("capture", () => {
  const contents = ({ workspace }: Awaited<ReturnType<typeof run>>, id: string): Readonly<Record<string, string>> => {
    const store = new SnapshotStore(workspace.root, workspace.effects.files);
    const state = workspace.readExperiment(id)?.state ?? "";
    return Object.fromEntries(
      store.read(state).entries.flatMap(({ path, kind }) => {
        return kind === "file" ? [[path, Buffer.from(contentOf(store, state, path) ?? []).toString()]] : [];
      }),
    );
  };

  test("makes what a trial left under the artifacts the state of its hypothesis, without what is ignored or special", async () => {
    const ran = await run();
    expect(contents(ran, "i00001-h001")).toEqual({ "model/weights.txt": "2\n" });
    expect(ran.workspace.readTrial("i00001-h001-t00")?.captured).toBe(
      ran.workspace.readExperiment("i00001-h001")?.state,
    );
  });

  test("carries the best of these states on: the next iteration's trials start from it", async () => {
    const ran = await run();
    expect(contents(ran, "i00002-h000")).toEqual({ "model/weights.txt": "5\n" });
    expect(place.read("run/artifacts/model/weights.txt")).toBe("5\n");
    expect(place.read("project/model/weights.txt")).toBe("0\n");
  });

  test("takes nothing from a trial that failed", async () => {
    const { workspace } = await run();
    expect(workspace.readTrial("i00001-h002-t00")).not.toHaveProperty("captured");
    expect(workspace.readExperiment("i00001-h002")?.state).toBe(workspace.readIteration(1)?.base?.snapshot);
  });

  test("takes the first repeat's state", async () => {
    const ran = await run({ trials: 2 });
    expect(contents(ran, "i00001-h001")).toEqual({ "model/weights.txt": "2\n" });
  });

  test("tells of the states it takes and of what it leaves out", async () => {
    const { events, workspace } = await run();
    const taken = events.flatMap((event) => (event.type === "snapshot.taken" ? [event.snapshot] : []));
    expect(taken).toContain(workspace.readExperiment("i00002-h000")?.state);
    expect(events).toContainEqual(expect.objectContaining({ type: "warning", code: "special-file" }));
  });

  test("is the same after a trial's record was lost and it was run again", async () => {
    const { workspace } = await run();
    const before = workspace.readExperiment("i00002-h000");
    rmSync(place.join("run/iterations/00002/trials/i00002-h000-t00.json"));
    await run();
    expect(workspace.readExperiment("i00002-h000")).toEqual(before);
  });

  test("is refused where nothing is tracked", async () => {
    mkdirSync(place.join("project/other"));
    await expect(run({ artifacts: [] })).rejects.toThrow(SpecError);
  });
});
