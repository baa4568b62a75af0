import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StorageError } from "../../../src/kernel/errors.ts";
import { inspectSummary } from "../../../src/workspace/views/queries.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import {
  call,
  effects,
  manifest,
  startedWorkspace,
  temporaryFolder,
  trial,
  writeHypothesis,
  writeIteration,
} from "./rig.ts";

describe("making a workspace", () => {
  it("writes nothing before the lock is taken, and no run before there is a manifest", async () => {
    const root = join(temporaryFolder(), "runs", "digits");
    const workspace = await Workspace.create(root);
    expect(existsSync(root)).toBe(false);
    expect(workspace.hasRun()).toBe(false);
    const lock = await workspace.lock();
    workspace.writeSpec("name: digits\n");
    expect(readdirSync(root)).toEqual(["lock.json"]);
    expect(workspace.readSpec()).toBe("name: digits\n");
    workspace.writeManifest(manifest());
    expect(workspace.hasRun()).toBe(true);
    expect(readFileSync(join(root, "spec.yaml"), "utf8")).toBe("name: digits\n");
    lock.release();
  });

  it("is refused with 3 while a run is going on there", async () => {
    const { root } = await startedWorkspace();
    await expect(Workspace.create(root)).rejects.toMatchObject({ problem: "locked", exitCode: 3 });
  });

  it("is refused when somebody was quicker and has finished meanwhile", async () => {
    const { root } = await startedWorkspace();
    const late = await Workspace.create(`${root}-late`);
    renameSync(root, `${root}-late`);
    rmSync(`${root}-late/lock.json`);
    await expect(late.lock()).rejects.toMatchObject({ problem: "exists", exitCode: 2 });
    expect(existsSync(`${root}-late/lock.json`)).toBe(false);
  });

  it("refuses a folder that holds a run, saying how a program goes on with it", async () => {
    const { root } = await startedWorkspace();
    rmSync(join(root, "lock.json"));
    await expect(Workspace.create(root)).rejects.toMatchObject({
      problem: "exists",
      exitCode: 2,
      message: expect.stringContaining('{ ifExists: "resume" }'),
    });
  });

  it("goes on with a run, or takes the next free name, when asked to", async () => {
    const { root } = await startedWorkspace();
    expect((await Workspace.create(root, { ifExists: "resume" })).readManifest()?.name).toBe("digits");
    mkdirSync(`${root}-2`);
    writeFileSync(`${root}-2/thesis.tex`, "do not touch");
    mkdirSync(`${root}-3`);
    expect((await Workspace.create(root, { ifExists: "next" })).root).toBe(`${root}-3`);
    const fresh = join(temporaryFolder(), "fresh");
    expect((await Workspace.create(fresh, { ifExists: "next" })).root).toBe(fresh);
    expect((await Workspace.create(fresh, { ifExists: "resume" })).hasRun()).toBe(false);
  });

  it.each(["refuse", "resume"] as const)("refuses a folder with somebody's files in it (%s)", async (ifExists) => {
    const root = temporaryFolder();
    writeFileSync(join(root, ".gitignore"), "*\n");
    await Workspace.create(root, { ifExists });
    writeFileSync(join(root, "spec.yaml"), "mine");
    await expect(Workspace.create(root, { ifExists })).rejects.toThrow(/holds "spec.yaml" and no run/);
  });

  it("refuses a file in its place", async () => {
    const path = join(temporaryFolder(), "run");
    writeFileSync(path, "");
    await expect(Workspace.create(path)).rejects.toMatchObject({ problem: "exists" });
  });

  it("is done again in a folder where a run was killed before its manifest was written", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "lock.json"), "{}");
    writeFileSync(join(root, "spec.yaml"), "half");
    const workspace = await Workspace.create(root);
    await workspace.lock();
    workspace.writeSpec("whole");
    workspace.writeManifest(manifest());
    expect(readFileSync(join(root, "spec.yaml"), "utf8")).toBe("whole");
  });

  it("leaves no spec behind when the manifest cannot be written", async () => {
    const root = join(temporaryFolder(), "run");
    const real = effects();
    const full: typeof real.files.writeAtomic = (path, ...rest) => {
      if (path.endsWith("run.json")) throw new StorageError("write", path, new Error("no space"));
      real.files.writeAtomic(path, ...rest);
    };
    const workspace = await Workspace.create(root, {
      effects: { ...real, files: { ...real.files, writeAtomic: full } },
    });
    const lock = await workspace.lock();
    workspace.writeSpec("name: digits\n");
    expect(() => workspace.writeManifest(manifest())).toThrow(/no space/);
    lock.release();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("opening a workspace", () => {
  it("says what is near when there is no run", async () => {
    const { root } = await startedWorkspace();
    await expect(Workspace.open(root.replace(/run$/, "rum"))).rejects.toMatchObject({
      problem: "not-found",
      exitCode: 2,
      message: expect.stringContaining(`did you mean ${root}?`),
    });
    await expect(Workspace.open(join(root, ".."))).rejects.toThrow(`workspaces inside it: ${root}`);
    await expect(Workspace.open(join(root, "run.json"))).rejects.toThrow(/is a file/);
  });
});

describe("a workspace of a format that this AURA does not know", () => {
  it.each([0, 2])("is refused with 4 by readers and writers, and left alone (%d)", async (format) => {
    const { root } = await startedWorkspace();
    const text = JSON.stringify({ ...manifest(), format, somethingNew: true });
    writeFileSync(join(root, "run.json"), text);
    const workspace = await Workspace.open(root, { effects: effects() });
    const refusal = expect.objectContaining({ problem: "unknown-format", exitCode: 4 });
    expect(() => workspace.readManifest()).toThrow(refusal);
    expect(() => inspectSummary(root, effects())).toThrow(refusal);
    writeFileSync(join(root, "lock.json"), "");
    await expect(workspace.lock()).rejects.toThrow(refusal);
    expect(readFileSync(join(root, "run.json"), "utf8")).toBe(text);
  });
});

describe("records", () => {
  it("come back as they were written, and are null when they are not there", async () => {
    const workspace = await startedWorkspace();
    expect(workspace.readEvaluation("i00001-h000")).toBeNull();
    writeIteration(workspace, 1, [0.5, null]);
    expect(workspace.readCall(1, "00001-researcher-a1")).toEqual(call(1));
    expect(workspace.readTrial("i00001-h000-t00")).toEqual(trial(1, 0, 0.5));
    expect(workspace.readExperiment("i00001-h001")?.failure?.code).toBe("trial-failed");
    expect(workspace.readEvaluation("i1-h1")?.score).toBeNull();
    expect(workspace.readInsights(1)).toHaveLength(1);
    expect(workspace.readIteration(1)?.state).toBe("finished");
    expect(workspace.readIteration(2)).toBeNull();
  });

  it("are two-space indented JSON with a line end, in a place people can guess", async () => {
    const workspace = await startedWorkspace();
    writeHypothesis(workspace, 1, 0, 0.5);
    const text = readFileSync(join(workspace.root, "iterations/00001/evaluations/i00001-h000.json"), "utf8");
    expect(text).toBe(
      '{\n  "hypothesisId": "i00001-h000",\n  "score": 0.5,\n  "passed": true,\n  "reason": "accuracy",\n  "details": {}\n}\n',
    );
  });

  it("are expected without gaps up to the last iteration that has anything", async () => {
    const workspace = await startedWorkspace();
    for (const iteration of [1, 4]) writeHypothesis(workspace, iteration, 0, 1);
    for (const empty of ["00002", "00009"]) mkdirSync(join(workspace.root, "iterations", empty));
    expect(workspace.expectedIterations()).toEqual([1, 2, 3, 4]);
  });

  it("are listed in the order of their numbers", async () => {
    const workspace = await startedWorkspace();
    for (const iteration of [2, 100_000, 10]) writeHypothesis(workspace, iteration, 0, 1);
    for (const index of [1000, 999]) writeHypothesis(workspace, 10, index, 1);
    for (const ask of [10, 9]) workspace.writeCall({ ...call(10), id: `00010-researcher-a${ask}` });
    const folder = join(workspace.root, "iterations");
    for (const stray of ["1", "0000001", "abc", ".tmp"]) mkdirSync(join(folder, stray));
    writeFileSync(join(folder, "00010/hypotheses/i00011-h000.json"), "{}");
    writeFileSync(join(folder, "00010/hypotheses/i10-h1.json"), "{}");
    writeFileSync(join(folder, "00010/hypotheses/.i00010-h000.json.12-1.tmp"), "{");
    expect(workspace.listIterations()).toEqual([2, 10, 100_000]);
    expect(workspace.listHypotheses(10)).toEqual(["i00010-h000", "i00010-h999", "i00010-h1000"]);
    expect(workspace.listTrials(10)).toEqual(["i00010-h000-t00", "i00010-h999-t00", "i00010-h1000-t00"]);
    expect(workspace.listCalls(10)).toEqual(["00010-researcher-a9", "00010-researcher-a10"]);
    expect(workspace.listCalls(3)).toEqual([]);
  });

  it("of a component that broke its contract are refused when they are written", async () => {
    const workspace = await startedWorkspace();
    const evaluation = { hypothesisId: "i00001-h000", score: Number.NaN, passed: true, reason: "", details: {} };
    expect(() => workspace.writeEvaluation(evaluation)).toThrow(expect.objectContaining({ code: "RUN_FAILED" }));
    expect(workspace.readEvaluation("i00001-h000")).toBeNull();
  });

  it("never go where an id that is no id points", async () => {
    const workspace = await startedWorkspace();
    for (const id of ["../../etc/passwd", "i1-h1/../../x", "", "i1-h1.json", "i00001-h000-t00"]) {
      expect(() => workspace.readHypothesis(id)).toThrow(expect.objectContaining({ problem: "usage" }));
    }
    expect(() => workspace.readTrial("i1-h1")).toThrow(/not a trial id/);
    expect(() => workspace.readCall(1, "../run")).toThrow(/not a call id/);
    expect(() => workspace.readIteration(-1)).toThrow(/not an iteration/);
  });

  it("that are removed are gone, together with what was computed from their hypothesis", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5, 0.6]);
    workspace.forgetHypothesis("i00001-h000");
    expect(workspace.listTrials(1)).toEqual(["i00001-h001-t00"]);
    expect(workspace.readEvaluation("i00001-h000")).toBeNull();
    expect(workspace.readExperiment("i00001-h000")).toBeNull();
    expect(workspace.readHypothesis("i00001-h000")).not.toBeNull();
  });
});

describe("writing", () => {
  it("needs the lock", async () => {
    const { root } = await startedWorkspace();
    const reader = await Workspace.open(root);
    expect(reader.readManifest()?.runId).toBe("abcdef012345");
    expect(() => reader.updateManifest({ status: "finished" })).toThrow(/take the lock/);
    expect(() => reader.removeEvaluation("i00001-h000")).toThrow(/take the lock/);
    expect(() => reader.appendJournal("{}")).toThrow(/take the lock/);
    expect(() => reader.makeAttemptFolder("i00001-h000-t00", 1)).toThrow(/take the lock/);
  });

  it("stops with 3 before the next write when the lock was lost", async () => {
    const workspace = await startedWorkspace();
    const path = join(workspace.root, "lock.json");
    const text = readFileSync(path, "utf8");
    rmSync(path);
    writeFileSync(
      path,
      text.replace(/"token": "(.)/, (_, digit) => `"token": "${digit === "f" ? "0" : "f"}`),
    );
    const before = readdirSync(workspace.root, { recursive: true });
    expect(() => writeIteration(workspace, 1, [0.5])).toThrow(expect.objectContaining({ problem: "lock-lost" }));
    expect(() => workspace.updateManifest({ status: "finished" })).toThrow(expect.objectContaining({ exitCode: 3 }));
    expect(readdirSync(workspace.root, { recursive: true })).toEqual(before);
    expect(workspace.readManifest()?.status).toBe("running");
  });

  it("changes some fields of the manifest and keeps the others", async () => {
    const workspace = await startedWorkspace();
    workspace.updateManifest({ status: "finished", reason: "target" }, { durable: true });
    expect(workspace.readManifest()).toEqual(manifest({ status: "finished", reason: "target" }));
  });

  it("flushes records in batches, and calls before they are relied on", async () => {
    const real = effects();
    const flushed: string[] = [];
    const durable: string[] = [];
    const files: typeof real.files = {
      ...real.files,
      flush: (paths) => flushed.push(...paths),
      writeAtomic: (path, data, options) => {
        if (options?.durable) durable.push(path);
        real.files.writeAtomic(path, data, options);
      },
    };
    const workspace = await Workspace.create(join(temporaryFolder(), "run"), { effects: { ...real, files } });
    await workspace.lock();
    workspace.writeManifest(manifest());
    workspace.writeCall(call(1));
    const callFile = join(workspace.root, "iterations/00001/calls/00001-researcher-a1.json");
    expect(durable).toEqual([callFile]);
    expect(flushed).toContain(join(workspace.root, "iterations"));
    writeHypothesis(workspace, 1, 0, 0.5);
    const evaluation = join(workspace.root, "iterations/00001/evaluations/i00001-h000.json");
    expect(flushed).not.toContain(evaluation);
    workspace.flush();
    expect(flushed).toContain(evaluation);
  });

  it("takes as many bytes for a late hypothesis as for an early one", async () => {
    const real = effects();
    let bytes = 0;
    const files: typeof real.files = {
      ...real.files,
      writeAtomic: (path, data, options) => {
        bytes += data.length;
        real.files.writeAtomic(path, data, options);
      },
      append: (path, data) => {
        bytes += data.length;
        real.files.append(path, data);
      },
    };
    const workspace = await Workspace.create(join(temporaryFolder(), "run"), { effects: { ...real, files } });
    await workspace.lock();
    workspace.writeManifest(manifest());
    const costs = [100, 10_000].map((iteration) => {
      bytes = 0;
      writeIteration(workspace, iteration, [0.5, 0.25]);
      return bytes;
    });
    expect((costs[1] ?? 0) / (costs[0] ?? 1)).toBeLessThan(1.02);
  });

  it("of journal lines waits for no pipe in the journal's place, and names it", async () => {
    const workspace = await startedWorkspace();
    execFileSync("mkfifo", [join(workspace.root, "journal.jsonl")]);
    expect(() => workspace.appendJournal("{}")).toThrow(/journal\.jsonl is damaged: it is a pipe/);
  });

  it("of journal lines survives a line that a crash tore", async () => {
    const workspace = await startedWorkspace();
    const journal = join(workspace.root, "journal.jsonl");
    workspace.appendJournal('{"type":"a"}');
    writeFileSync(journal, `${readFileSync(journal, "utf8")}{"type":"to`);
    (await lockOf(workspace)).appendJournal('{"type":"b"}');
    expect(readFileSync(journal, "utf8").split("\n")).toEqual(['{"type":"a"}', '{"type":"to', '{"type":"b"}', ""]);
  });
});

describe("folders of attempts", () => {
  it("are new, private, and numbered past every earlier attempt that left a trace", async () => {
    const workspace = await startedWorkspace();
    const id = "i00001-h000-t00";
    expect(workspace.nextAttempt(id)).toBe(1);
    const folder = workspace.makeAttemptFolder(id, 1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    writeFileSync(workspace.logFiles(id, 1).stdout, "");
    expect(() => workspace.makeAttemptFolder(id, 1)).toThrow(/there already/);
    expect(workspace.nextAttempt(id)).toBe(2);
    workspace.writeTrial({ ...trial(1, 0, 1), attempts: [{ attempt: 4, startedAt: "" }] });
    expect(workspace.nextAttempt(id)).toBe(5);
  });

  it.each(["project", "params.json"])("are made anew where the attempt never began, with %s in it", async (left) => {
    const workspace = await startedWorkspace();
    const id = "i00001-h000-t00";
    writeFileSync(join(workspace.makeAttemptFolder(id, 1), left), "");
    expect(workspace.nextAttempt(id)).toBe(1);
    expect(readdirSync(workspace.makeAttemptFolder(id, 1))).toEqual([]);
  });

  it("are kept where a trial left something, though no record knows of it", async () => {
    const workspace = await startedWorkspace();
    const id = "i00001-h000-t00";
    const folder = workspace.makeAttemptFolder(id, 1);
    for (const name of ["params.json", "project"]) writeFileSync(join(folder, name), "");
    expect(workspace.nextAttempt(id)).toBe(2);
  });
});

describe("recovering", () => {
  it("removes what killed writers left half written, and nothing else", async () => {
    const workspace = await startedWorkspace();
    mkdirSync(join(workspace.root, "snapshots/objects/ab"), { recursive: true });
    writeIteration(workspace, 1, [0.5]);
    const folder = join(workspace.root, "iterations/00001/evaluations");
    const left = [join(workspace.root, ".run.json.77-3.tmp"), join(folder, ".i00001-h000.json.77-4.tmp")];
    left.push(join(workspace.root, "snapshots/objects/ab/.abcd.77-5.tmp"));
    const kept = [join(workspace.root, ".gitignore"), join(folder, "notes.tmp")];
    for (const path of [...left, ...kept, join(workspace.root, ".lock-after-ab")]) writeFileSync(path, "");
    rmSync(join(workspace.root, "lock.json"));
    await (await Workspace.open(workspace.root)).lock();
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect(kept.filter((path) => existsSync(path))).toEqual(kept);
    expect(existsSync(join(workspace.root, ".lock-after-ab"))).toBe(false);
    expect(workspace.readEvaluation("i00001-h000")?.score).toBe(0.5);
  });
});

describe("the summary", () => {
  it("has the best score and what was used", async () => {
    const workspace = await startedWorkspace({ iterationsCompleted: 1 });
    writeIteration(workspace, 1, [0.5, 0.75, null, 0.75]);
    expect(await workspace.summary()).toMatchObject({
      name: "digits",
      bestScore: 0.75,
      bestHypothesisId: "i00001-h001",
      iterationsCompleted: 1,
      reason: null,
      hypotheses: { total: 4, scored: 3, failed: 1 },
    });
  });

  it("has every iteration with its scores, and how many passed and failed", async () => {
    const workspace = await startedWorkspace({ iterationsCompleted: 2 });
    writeIteration(workspace, 1, [0.5, 0.75, null, 0.25]);
    writeIteration(workspace, 2, [null]);
    const { iterations } = await workspace.summary();
    expect(iterations).toMatchObject([
      { iteration: 1, mean: 0.5, max: 0.75, min: 0.25, failed: 1 },
      { iteration: 2, mean: null, max: null, min: null, passed: 0, failed: 1 },
    ]);
    expect(iterations[0]?.passed).toBe(3);
  });

  it("tells the user's notes in order, small text files only", async () => {
    const workspace = await startedWorkspace();
    const notes = join(workspace.root, "notes");
    mkdirSync(notes);
    for (const [name, text] of [
      ["10.txt", "second\n"],
      ["9.txt", "first"],
      ["11.txt", "x".repeat(100_000)],
      [".12.txt", "hidden"],
      ["13.bin", "binary"],
    ] as const) {
      writeFileSync(join(notes, name), text);
    }
    expect(workspace.notes().map(({ text }) => text)).toEqual(["first", "second"]);
  });
});

/** The same run, as the next process sees it. */
async function lockOf(workspace: Workspace): Promise<Workspace> {
  rmSync(join(workspace.root, "lock.json"));
  const next = await Workspace.open(workspace.root, { effects: effects() });
  await next.lock();
  return next;
}
