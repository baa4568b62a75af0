import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { FunctionExperimenter, SearchResearcher, Workspace } from "../../../src/index.ts";
import { guardInputs, recordInputs } from "../../../src/pipeline/inputs.ts";
import { systemFiles } from "../../../src/platform/files/local.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();
beforeEach(() => {
  writeFileSync(folder.join("data.csv"), "1,2\n");
});

const input = () => ({ path: "data.csv", absolutePath: folder.join("data.csv"), show: "name" as const });

const scope = () => ({ files: systemFiles(), workspace: folder.join("run") });

const noTurn = async () => undefined;

async function guard() {
  return guardInputs([input()], await recordInputs([input()], scope(), noTurn), scope());
}

/** The input folder `data`, with one file, and a function that tells what it is like now. */
function inputFolder() {
  mkdirSync(folder.join("data"));
  writeFileSync(folder.join("data/a.csv"), "1\n");
  const inputs = [{ path: "data", absolutePath: folder.join("data"), show: "name" as const }];
  const record = async () => {
    const [only] = await recordInputs(inputs, scope(), noTurn);
    if (!only) throw new Error("no input was recorded");
    return only;
  };
  return { record, guard: async () => guardInputs(inputs, [await record()], scope()) };
}

/** A run of six trials; the one of the number `culprit` changes the input. */
async function run(culprit: number, options: { parallel?: number; retries?: number } = {}) {
  const { parallel = 1, retries = 0 } = options;
  const workspace = await Workspace.create(folder.join("run"), { ifExists: "resume" });
  let started = 0;
  let release = (): void => undefined;
  const changed = new Promise<void>((resolve) => {
    release = resolve;
  });
  const running = runPipeline(folder, {
    researcher: new SearchResearcher({
      method: "random",
      numTasks: 6,
      space: { x: { type: "float", low: 0, high: 1 } },
    }),
    experimenter: new FunctionExperimenter(async (spec) => {
      const number = started++;
      if (number === culprit) {
        writeFileSync(folder.join("data.csv"), "1,2\n3,4\n");
        release();
      } else if (parallel > 1) await changed;
      return { score: spec.x };
    }),
    settings: { parallel, retries, inputs: [input()] },
    workspace,
    maxIterations: 1,
  });
  const end = await running.then(({ result }) => result).catch((thrown: unknown) => thrown);
  const trials = workspace.listTrials(1).map((id) => workspace.readTrialRecord(id));
  return { end, started, trials, workspace };
}

describe("a trial that changes an input", () => {
  test("has failed, alone, and ends the run before another one starts", async () => {
    const { end, started, trials, workspace } = await run(2, { retries: 1 });
    expect(started).toBe(3);
    expect(end).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/input data\.csv is no longer what the run started with[\s\S]*aura run --from/),
    });
    expect(trials).toMatchObject([
      { outcome: { status: "completed" } },
      { outcome: { status: "completed" } },
      {
        outcome: {
          failure: { code: "input-changed", message: expect.stringMatching(/changed while this trial ran: data\.csv/) },
        },
      },
    ]);
    expect(workspace.readManifest()?.status).toBe("failed");
  });

  test("cannot be told from those that ran at the same time, which have failed too", async () => {
    const { started, trials } = await run(0, { parallel: 2 });
    expect(started).toBe(2);
    const failure = {
      code: "input-changed",
      message: expect.stringMatching(/changed while this trial ran: data\.csv/),
    };
    expect(trials).toMatchObject([{ outcome: { failure } }, { outcome: { failure } }]);
  });

  test("lets the run go on once the input is put back", async () => {
    await run(2);
    expect((await run(-1)).end).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/! input data\.csv {2}"\d+ bytes/),
    });
    writeFileSync(folder.join("data.csv"), "1,2\n");
    const { end, started, trials } = await run(-1);
    expect(end).toMatchObject({ reason: "iterations", exitCode: 0 });
    expect(started).toBe(3);
    expect(trials).toHaveLength(6);
  });
});

describe("the guard of the inputs", () => {
  test("goes by contents where a time has changed", async () => {
    const inputs = await guard();
    utimesSync(folder.join("data.csv"), 1, 1);
    expect(inputs.changed()).toBeNull();
    writeFileSync(folder.join("data.csv"), "2,1\n");
    expect(inputs.changed()).toBe("data.csv");
    expect(() => inputs.assertUnchanged()).toThrow(/data\.csv/);
  });

  test("sees a write whose time was put back", async () => {
    utimesSync(folder.join("data.csv"), 1, 1);
    const inputs = await guard();
    writeFileSync(folder.join("data.csv"), "2,1\n");
    utimesSync(folder.join("data.csv"), 1, 1);
    expect(inputs.changed()).toBe("data.csv");
  });
});

describe("an input of 40 GB", () => {
  const record = async () => (await recordInputs([input()], scope(), noTurn))[0];
  const write = (place: number): void => {
    const fd = openSync(folder.join("data.csv"), "r+");
    writeSync(fd, "x", place);
    closeSync(fd);
  };

  test("is known by its size, its time and samples, and says so", async () => {
    truncateSync(folder.join("data.csv"), 40e9);
    utimesSync(folder.join("data.csv"), 1, 1);
    const first = await record();
    expect(first).toMatchObject({ size: 40e9, modifiedAt: "1970-01-01T00:00:01.000Z", how: "sampled" });
    expect(await record()).toEqual(first);
    utimesSync(folder.join("data.csv"), 2, 2);
    expect((await record())?.sha256).not.toBe(first?.sha256);
    // As one that came with an older version's time.
    write(40e9 - 1);
    utimesSync(folder.join("data.csv"), 1, 1);
    expect((await record())?.sha256).not.toBe(first?.sha256);
  });

  test("has changed when something was written anywhere in it", async () => {
    truncateSync(folder.join("data.csv"), 40e9);
    utimesSync(folder.join("data.csv"), 1, 1);
    const inputs = await guard();
    expect(inputs.changed()).toBeNull();
    write(123_456_789);
    expect(inputs.changed()).toBe("data.csv");
  });
});

describe("an input folder", () => {
  test("has what links in it lead to, and what the links say", async () => {
    mkdirSync(folder.join("real/deep"), { recursive: true });
    for (const name of ["real/one", "real/two", "real/deep/three"]) writeFileSync(folder.join(name), "same\n");
    const { record, guard } = inputFolder();
    symlinkSync("../real/one", folder.join("data/file"));
    symlinkSync("../real/deep", folder.join("data/folder"));
    symlinkSync("nowhere", folder.join("data/broken"));
    expect((await record()).size).toBe(12);

    const inputs = await guard();
    writeFileSync(folder.join("data/file"), "other\n");
    expect(inputs.changed()).toBe("data");
    writeFileSync(folder.join("data/file"), "same\n");
    expect(inputs.changed()).toBeNull();
    writeFileSync(folder.join("data/folder/three"), "other\n");
    expect(inputs.changed()).toBe("data");
    writeFileSync(folder.join("data/folder/three"), "same\n");
    rmSync(folder.join("data/file"));
    symlinkSync("../real/two", folder.join("data/file"));
    expect(inputs.changed()).toBe("data");
  });

  test("may hold links that go around in a circle, and many that lead to the same", async () => {
    const { record, guard } = inputFolder();
    symlinkSync("../data", folder.join("data/self"));
    symlinkSync("loop", folder.join("data/loop"));
    let deeper = folder.join("data");
    for (let depth = 0; depth < 30; depth++) {
      deeper = `${deeper}/d`;
      mkdirSync(deeper);
      for (const name of ["x", "y"]) symlinkSync("d", `${deeper}/${name}`);
    }
    expect((await record()).size).toBe(2);
    expect((await guard()).changed()).toBeNull();
  });

  test("has changed when an empty folder is gone", async () => {
    const { guard } = inputFolder();
    mkdirSync(folder.join("data/empty"));
    const inputs = await guard();
    rmSync(folder.join("data/empty"), { recursive: true });
    expect(inputs.changed()).toBe("data");
  });

  test("does not hold what git and runs of AURA keep in it", async () => {
    const { guard } = inputFolder();
    const inputs = await guard();
    mkdirSync(folder.join("data/.git"));
    writeFileSync(folder.join("data/.git/index"), "1");
    mkdirSync(folder.join("data/runs/other/iterations"), { recursive: true });
    writeFileSync(folder.join("data/runs/other/run.json"), JSON.stringify({ format: 1 }));
    expect(inputs.changed()).toBeNull();
    writeFileSync(folder.join("data/runs/notes.txt"), "data\n");
    expect(inputs.changed()).toBe("data");
  });

  test("may hold more files than a call has room for arguments", async () => {
    const stat = { kind: "file", size: 1, mode: 0o644, mtimeMs: 5, ctimeMs: 5, ino: 1, nlink: 1 } as const;
    const entries = Array.from({ length: 200_000 }, (_, index) => ({ name: `f${index}`, kind: "file" as const }));
    const files = {
      ...systemFiles(),
      realPath: (path: string) => path,
      stat: (path: string) => (path === "/big" ? { ...stat, kind: "directory" as const } : stat),
      list: () => entries,
      *hashing() {
        yield;
        return "0";
      },
    };
    const inputs = [{ path: "big", absolutePath: "/big", show: "name" as const }];
    expect(await recordInputs(inputs, { files, workspace: "/w" }, noTurn)).toMatchObject([{ size: 200_000 }]);
  });
});

describe("the project as its own input", () => {
  test("is read with pauses in which a stop can be heard and the lock kept", async () => {
    mkdirSync(folder.join("large"));
    for (const name of ["a", "b", "c"]) writeFileSync(folder.join(`large/${name}`), Buffer.alloc(3 * 1024 * 1024));
    const inputs = [{ path: "large", absolutePath: folder.join("large"), show: "name" as const }];
    let turns = 0;
    await recordInputs(inputs, scope(), async () => void turns++);
    expect(turns).toBe(1);
    writeFileSync(folder.join("large/one"), Buffer.alloc(20 * 1024 * 1024));
    await recordInputs([{ ...input(), absolutePath: folder.join("large/one") }], scope(), async () => void turns++);
    expect(turns).toBe(1 + 5);
  });

  test("is not changed by the run that is kept in it", async () => {
    const workspace = await Workspace.create(folder.join("runs/one"));
    const settings = { inputs: [{ path: ".", absolutePath: folder.path, show: "name" }] } as const;
    const { result } = await runPipeline(folder, { settings, workspace, maxIterations: 2 });
    expect(result).toMatchObject({ reason: "iterations", exitCode: 0 });
  });
});
