import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ScriptExperimenter } from "../../../src/components/experimenters/index.ts";
import { asResearcher } from "../../../src/components/researchers/function.ts";
import { StorageError } from "../../../src/kernel/errors.ts";
import type { RunSettings } from "../../../src/model/settings.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const place = testFolder({ "project/code.txt": "1\n", "project/README.txt": "read me\n" });

/** Scores of the hypotheses of each iteration; a negative one fails. */
const SCORES = [
  [3, 1, -1],
  [2, -2],
  [5, 4],
];

/** A trial that leaves a file and a model in its folder, fails when `x` is negative, and prints `x`. */
const TRAIN =
  'echo begin; cd "$AURA_TRIAL_DIR" && echo out > out.txt && mkdir -p best/deep && echo m > best/deep/model.bin && echo m > model.bin' +
  '; [ "$1" -ge 0 ] || exit 1; echo "score=$1"';

async function run(settings: Partial<RunSettings> = {}): Promise<Workspace> {
  const { workspace } = await runPipeline(place, {
    researcher: asResearcher(({ iteration }) => (SCORES[iteration - 1] ?? []).map((x) => ({ x })), { numTasks: 3 }),
    experimenter: new ScriptExperimenter(["sh", "-c", TRAIN, "sh", "{x?}"]),
    maxIterations: 3,
    settings: { root: place.join("project"), parallel: 2, ...settings },
  });
  return workspace;
}

/** Names under `trials/` of all iterations: of folders of attempts, or of their logs. */
function folders(wanted: "attempts" | "logs" = "attempts"): readonly string[] {
  return readdirSync(place.join("run/iterations"))
    .flatMap((iteration) => readdirSync(place.join("run/iterations", iteration, "trials")))
    .filter((name) => (wanted === "logs" ? name.endsWith(".log") : /\.a\d+$/.test(name)))
    .map((name) => name.replace(/^i0000|-t00\.a1(\.stdout\.log)?$/g, ""))
    .sort();
}

const ALL = ["1-h000", "1-h001", "1-h002", "2-h000", "2-h001", "3-h000", "3-h001"];

describe("keep", () => {
  test("all folders of trials stay by default", async () => {
    await run();
    expect(folders()).toEqual(ALL);
  });

  test.each([
    ["best", ["3-h000"]],
    ["failed", ["1-h002", "2-h001"]],
    ["none", []],
  ] as const)("%s leaves these", async (keep, left) => {
    await run({ keep });
    expect(folders()).toEqual(left);
  });

  test.each(["best", "failed", "none"] as const)("%s leaves all logs and records", async (keep) => {
    const workspace = await run({ keep });
    expect(folders("logs")).toEqual(ALL);
    expect(workspace.readTrial("i00001-h001-t00")?.outcome.status).toBe("completed");
  });

  test("a trial that is run again gets a new number, although the folder of the first is gone", async () => {
    const workspace = await run({ keep: "none" });
    rmSync(place.join("run/iterations/00003/trials/i00003-h001-t00.json"));
    await run({ keep: "none" });
    expect(workspace.readTrial("i00003-h001-t00")?.attempts.map(({ attempt }) => attempt)).toEqual([2]);
  });

  test("what a run that was cut short had not cleared is cleared by its resume", async () => {
    await run({ keep: "best" });
    const forgotten = place.join("run/iterations/00002/trials/i00002-h000-t00.a1");
    mkdirSync(forgotten);
    writeFileSync(join(forgotten, "out.txt"), "");
    await run({ keep: "best" });
    expect(folders()).toEqual(["3-h000"]);
  });

  test("a stricter keep on resume clears earlier iterations too", async () => {
    await run();
    await run({ keep: "failed" });
    expect(folders()).toEqual(["1-h002", "2-h001"]);
  });

  test("a link that a trial left is removed and not followed", async () => {
    await run();
    writeFileSync(place.join("precious.txt"), "");
    mkdirSync(place.join("outside"));
    writeFileSync(place.join("outside/precious.txt"), "");
    symlinkSync(place.join("outside"), place.join("run/iterations/00001/trials/i00001-h000-t00.a1/link"));
    await run({ keep: "none", keepFiles: ["nothing"] });
    expect(folders()).toEqual([]);
    expect(existsSync(place.join("outside/precious.txt"))).toBe(true);
  });
});

describe("keep_files", () => {
  const left = (trial: string): readonly string[] =>
    readdirSync(place.join("run/iterations/00001/trials", `${trial}.a1`), { recursive: true })
      .map(String)
      .sort();

  test("what its patterns match stays whatever keep says, and nothing else", async () => {
    await run({ keep: "none", keepFiles: ["*.bin", "!best/**/*.bin"] });
    expect(folders()).toEqual(ALL);
    expect(left("i00001-h000-t00")).toEqual(["model.bin"]);
  });

  test("patterns are relative to the trial's folder, and a folder that matches stays whole", async () => {
    await run({ keep: "none", keepFiles: ["/best/"] });
    expect(left("i00001-h000-t00")).toEqual(["best", "best/deep", "best/deep/model.bin"]);
  });

  test("a folder in which nothing matches is gone", async () => {
    await run({ keep: "none", keepFiles: ["*.ckpt"] });
    expect(folders()).toEqual([]);
  });
});

describe("the copy of the project that a trial ran in", () => {
  const copied = { artifacts: ["code.txt"], files: ["README.txt"], start: "may_fail" } as const;
  const copies = (): readonly string[] =>
    folders().filter((name) => {
      const [iteration] = name.split("-");
      return existsSync(place.join(`run/iterations/0000${iteration}/trials/i0000${name}-t00.a1/project`));
    });

  test("is removed when the trial has completed, and stays when it has failed", async () => {
    await run(copied);
    expect(folders()).toEqual(["0-h000", ...ALL]);
    expect(copies()).toEqual(["1-h002", "2-h001"].concat("0-h000").sort());
  });

  test("is removed by a resume where a crash came in between", async () => {
    await run(copied);
    mkdirSync(place.join("run/iterations/00003/trials/i00003-h000-t00.a1/project"));
    await run(copied);
    expect(copies()).not.toContain("3-h000");
  });

  test("keeps what keep_files match", async () => {
    await run({ ...copied, keepFiles: ["project/README.txt"] });
    expect(readdirSync(place.join("run/iterations/00001/trials/i00001-h000-t00.a1/project"))).toEqual(["README.txt"]);
  });
});

test("what cannot be removed is told and left", async () => {
  const effects = systemEffects();
  const denied: typeof effects = {
    ...effects,
    files: {
      ...effects.files,
      remove(path) {
        if (!path.endsWith("i00001-h000-t00.a1")) return effects.files.remove(path);
        throw new StorageError("remove", path, Object.assign(new Error("EACCES: denied"), { code: "EACCES" }));
      },
    },
  };
  const workspace = await Workspace.create(place.join("run"), { effects: denied });
  const { result, events } = await runPipeline(place, {
    workspace,
    researcher: asResearcher(() => [{ x: 1 }]),
    experimenter: new ScriptExperimenter(["sh", "-c", TRAIN, "sh", "{x}"]),
    maxIterations: 1,
    settings: { root: place.join("project"), keep: "none" },
  });
  expect(result.reason).toBe("iterations");
  expect(events.flatMap((event) => (event.type === "warning" ? [event.code] : []))).toEqual(["trial-folder-left"]);
});

test("a folder that its trial closed to its owner is opened again, and ends no run", async () => {
  const effects = systemEffects();
  const { files } = effects;
  // As for any user but root.
  const assertOpen = (operation: string, folder: string): void => {
    const mode = files.stat(folder)?.mode ?? 0o700;
    if ((mode & 0o700) !== 0o700)
      throw new StorageError(operation, folder, Object.assign(new Error("EACCES: denied"), { code: "EACCES" }));
  };
  const denying: typeof effects = {
    ...effects,
    files: {
      ...files,
      list(path) {
        assertOpen("list", path);
        return files.list(path);
      },
      stat(path) {
        assertOpen("stat", dirname(path));
        return files.stat(path);
      },
    },
  };
  const workspace = await Workspace.create(place.join("run"), { effects: denying });
  const { result, events } = await runPipeline(place, {
    workspace,
    researcher: asResearcher(() => [{ x: 1 }]),
    experimenter: new ScriptExperimenter(["sh", "-c", `${TRAIN}; chmod 0 "$AURA_TRIAL_DIR"`, "sh", "{x}"]),
    maxIterations: 1,
    settings: { root: place.join("project") },
  });
  expect(result.reason).toBe("iterations");
  expect(events.flatMap((event) => (event.type === "warning" ? [event.code] : []))).toEqual([]);
  expect(files.stat(workspace.trialDir("i00001-h000-t00", 1))?.mode).toBe(0o700);
});
