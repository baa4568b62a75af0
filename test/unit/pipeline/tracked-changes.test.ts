import { cpSync, existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStates } from "../../../src/cli/states.ts";
import {
  asResearcher,
  MetricEvaluator,
  Pipeline,
  type PipelineOptions,
  ScriptExperimenter,
  Workspace,
} from "../../../src/index.ts";
import type { Effects } from "../../../src/kernel/effects.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { faultyEffects } from "../../../src/testing/faults.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { findState, planApply, planRollback, rollback } from "../../../src/workspace/artifacts/index.ts";

let folder: TemporaryDirectory;
beforeEach(() => {
  folder = temporaryDirectory();
  for (const path of ["src/a", "src/b", "tools/t", "trial", "other"]) folder.write(`project/${path}`, `${path}\n`);
});
afterEach(() => folder[Symbol.dispose]());

interface Scope {
  readonly artifacts?: readonly string[];
  readonly files?: readonly string[];
  readonly root?: string;
}

type Options = Partial<PipelineOptions> & {
  readonly effects?: Effects;
  readonly inCode?: boolean;
  readonly command?: string;
};

/** The score is what the copies hold, which each trial also prints; the only hypothesis of an iteration edits `src/a`. */
async function life(scope: Scope, options: Options = {}) {
  const { artifacts = [], files, root } = scope;
  const { effects = systemEffects(), inCode = false, command = "", ...rest } = options;
  const raw: JsonObject = { metric: { name: "score", direction: "maximize" }, ...scope };
  const file = folder.join("project/spec.yaml");
  const spec = { text: "", raw, hash: JSON.stringify([scope, command]), overrides: {}, file };
  return new Pipeline({
    workspace: await Workspace.create(folder.join("run"), { ifExists: "resume", effects }),
    root: resolve(folder.join("project"), root ?? "."),
    artifacts,
    settings: { ...DEFAULT_SETTINGS, files: files ?? null },
    ...(inCode ? {} : { spec }),
    researcher: asResearcher(({ iteration }) => [{ spec: { n: iteration }, edits: edits(artifacts, iteration) }], {
      numTasks: 1,
    }),
    experimenter: new ScriptExperimenter(
      ["sh", "-c", "find . -type f | sort | xargs echo; echo score=$AURA_TRIAL_INDEX"],
      { cwd: "copy" },
    ),
    evaluator: new MetricEvaluator({ metric: "score" }),
    maxIterations: 1,
    acceptChange: true,
    ...rest,
  });
}

const edits = (artifacts: readonly string[], iteration: number) =>
  artifacts.some((path) => path.startsWith("src")) ? [{ path: "src/a", content: `by ${iteration}\n` }] : [];
const go = async (...args: Parameters<typeof life>) => (await life(...args)).run();
const json = (path: string) => JSON.parse(folder.read(`run/${path}`) ?? "null");
const iteration = (n: number) => json(`iterations/0000${n}/iteration.json`);
/** The files that a hypothesis's trial found in its copy. */
const copyOf = (id: string) =>
  (folder.read(`run/iterations/${id.slice(1, 6)}/trials/${id}-t00.a1.log/stdout.log`) ?? "").split("\n")[0]?.split(" ");
const filesOf = (snapshot: string) =>
  Object.entries<string>(json(`snapshots/${snapshot}.json`).entries)
    .filter(([, what]) => what.includes(" "))
    .map(([path]) => path);
const open = () => openStates(folder.join("run"), systemEffects());

const FILES = ["trial", "other"];

describe("an accepted change of which files a trial's copy holds", () => {
  test("has them read anew: what is not named any more is gone, what is named is there", async () => {
    await go({ artifacts: ["src/"], files: ["trial"] });
    folder.write("project/new", "new\n");
    await go({ artifacts: ["src/"], files: ["new", "other"] });
    expect(copyOf("i00000-h000")).toEqual(["./src/a", "./src/b", "./trial"]);
    expect(copyOf("i00002-h000")).toEqual(["./new", "./other", "./src/a", "./src/b"]);
  });

  test("keeps what the run has made of the artifacts, whatever the user's own are by now", async () => {
    await go({ artifacts: ["src/"], files: ["trial"] });
    rmSync(folder.join("project/src"), { recursive: true });
    await go({ artifacts: ["src/"], files: FILES });
    expect(iteration(2)).toMatchObject({ start: true, base: iteration(1).carried ?? iteration(1).base });
  });

  test("that is about something else leaves all of the project as it was read", async () => {
    await go({ artifacts: ["src/"], files: ["trial"] });
    const { project } = json("run.json");
    folder.write("project/trial", "changed by the user\n");
    await go({ artifacts: ["src/"], files: ["trial"] }, { command: "another" });
    expect(json("run.json")).toMatchObject({ generation: 1, project });
  });
});

describe("an accepted change of the artifacts", () => {
  test("takes in what is tracked newly as it is now, and lets go of what is not", async () => {
    await go({ artifacts: ["src/", "trial"], files: FILES });
    folder.write("project/tools/t", "as it is now\n");
    await go({ artifacts: ["src/", "tools/"], files: FILES }, { maxIterations: 2 });
    const { base } = iteration(2);
    expect(filesOf(base.snapshot)).toEqual(["src/a", "src/b", "tools/t"]);
    expect(copyOf("i00002-h000")).toEqual(["./other", "./src/a", "./src/b", "./tools/t", "./trial"]);
    expect(folder.read("run/artifacts/tools/t")).toBe("as it is now\n");
    expect(iteration(3).base.snapshot).toBe(iteration(2).carried.snapshot);
  });

  test("comes to the same wherever the resume that accepts it is killed", async () => {
    await go({ artifacts: ["src/", "trial"], files: FILES });
    cpSync(folder.join("run"), folder.join("before"), { recursive: true });
    const next = async (at: number | null): Promise<number> => {
      const rig = faultyEffects(systemEffects(), at === null ? null : { at, when: "before", fault: "die" });
      await go({ artifacts: ["src/", "tools/"], files: FILES }, { effects: rig.effects }).catch((thrown) => {
        if (!rig.crashed) throw thrown;
      });
      return rig.crossings.length;
    };
    const outcome = () => [iteration(2), json("run.json").project, copyOf("i00002-h000")];
    const crossings = await next(null);
    const undisturbed = outcome();
    // All of it happens before the first trial.
    for (let at = 2; at < crossings * 0.6; at += 7) {
      rmSync(folder.join("run"), { recursive: true });
      cpSync(folder.join("before"), folder.join("run"), { recursive: true });
      await next(at);
      await next(null);
      expect(outcome().slice(0, 2), `killed at crossing ${at}`).toEqual(undisturbed.slice(0, 2));
    }
  });

  test("leaves earlier states to be rolled back to and applied, by what is tracked now", async () => {
    await go({ artifacts: ["src/", "trial"], files: FILES });
    await go({ artifacts: ["src/", "tools/"], files: FILES });
    const { workspace, store, records, start, scope } = await open();
    expect(scope?.tracked).toEqual(["src", "tools"]);
    expect(store.read(start).entries.map(({ path }) => path)).toEqual(["src", "src/a", "src/b", "tools", "tools/t"]);
    const { snapshot } = findState(records, "i00001-h000");
    const plan = planApply(store, { target: folder.join("project"), snapshot, start, isProject: true });
    expect(plan).toMatchObject({ steps: [{ action: "write", path: "src/a" }], conflicts: [] });
    const lock = await workspace.lock();
    rollback(store, planRollback(store, records, "start"), new Date());
    lock.release();
    await go({ artifacts: ["src/", "tools/"], files: FILES }, { maxIterations: 2 });
    expect(iteration(3).base).toEqual({ snapshot: start, hypothesisId: "i00000-h000" });
  });

  test("may come again: what was tracked before enters as it is by then, and states are reached when none are tracked", async () => {
    await go({ artifacts: ["src/", "trial"], files: FILES });
    await go({ artifacts: ["src/"], files: FILES });
    folder.write("project/trial", "by the user\n");
    await go({ artifacts: ["src/", "trial"], files: FILES });
    expect(filesOf(iteration(3).base.snapshot)).toEqual(["src/a", "src/b", "trial"]);
    expect(folder.read("run/artifacts/trial")).toBe("by the user\n");
    expect(folder.read("run/artifacts/src/a")).toBe("src/a\n");
    await go({ files: FILES }, { maxIterations: 2 });
    expect(copyOf("i00004-h000")).toEqual(["./other", "./trial"]);
    const { store, records } = await open();
    const { snapshot } = findState(records, "i00001-h000");
    expect(store.read(snapshot).entries.map(({ path }) => path)).toEqual(["src", "src/a", "src/b", "trial"]);
  });

  test("of a run that had none makes states that can be reached", async () => {
    await go({ files: FILES });
    await go({ artifacts: ["src/"], files: FILES }, { maxIterations: 2 });
    expect(iteration(2)).toMatchObject({ start: true, base: { hypothesisId: "i00002-h000" } });
    const { store, records } = await open();
    expect(findState(records, "start")).toEqual(iteration(2).base);
    expect(planRollback(store, records, "start").target.hypothesisId).toBe("i00002-h000");
  });

  test("together with one of `root` is refused before anything is written", async () => {
    await go({ artifacts: ["src/"], files: FILES });
    const before = folder.read("run/run.json");
    await expect(go({ artifacts: ["a"], root: "src" })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/`root` is "src" and was the spec's folder.*aura run --new/),
    });
    expect(folder.read("run/run.json")).toBe(before);
  });

  test("goes with a `root` that is written otherwise and means the same folder", async () => {
    await go({ artifacts: ["src/"], files: FILES });
    await go({ artifacts: ["src/", "tools/"], files: FILES, root: folder.join("project") });
    expect(filesOf(iteration(2).base.snapshot)).toEqual(["src/a", "src/b", "tools/t"]);
  });

  test("is seen in a run that was started by an older AURA, which did not record what it tracked", async () => {
    await go({ artifacts: ["src/", "trial"], files: FILES });
    const { project, ...manifest } = json("run.json");
    folder.write("run/run.json", JSON.stringify({ ...manifest, project: { ...project, scope: undefined } }));
    await go({ artifacts: ["src/", "tools/"], files: FILES });
    expect(filesOf(iteration(2).base.snapshot)).toEqual(["src/a", "src/b", "tools/t"]);
  });

  test("of a pipeline in code needs consent, too", async () => {
    const asBefore = { inCode: true, acceptChange: false };
    await go({ artifacts: ["src/"] }, asBefore);
    const changed = go({ artifacts: ["src/", "tools/"] }, asBefore);
    await expect(changed).rejects.toThrow(/other files of the project are tracked/);
    await go({ artifacts: ["src/", "tools/"] }, { inCode: true });
    expect(existsSync(folder.join("run/artifacts/tools/t"))).toBe(true);
  });
});
