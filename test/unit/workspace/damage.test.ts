import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WorkspaceError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { planRepair } from "../../../src/workspace/repair.ts";
import { inspectEvents, inspectShow } from "../../../src/workspace/views/details.ts";
import {
  inspectCalls,
  inspectHypotheses,
  inspectInsights,
  inspectSummary,
} from "../../../src/workspace/views/queries.ts";
import type { Workspace } from "../../../src/workspace/workspace.ts";
import { FULL } from "../../support/thorough.ts";
import { startedWorkspace, writeIteration } from "./rig.ts";

const ID = "i00001-h000";
const READ: Readonly<Record<string, (workspace: Workspace) => unknown>> = {
  "run.json": (workspace) => workspace.readManifest(),
  "iterations/00001/iteration.json": (workspace) => workspace.readIteration(1),
  "iterations/00001/insights.json": (workspace) => workspace.readInsights(1),
  [`iterations/00001/hypotheses/${ID}.json`]: (workspace) => workspace.readHypothesis(ID),
  [`iterations/00001/trials/${ID}-t00.json`]: (workspace) => workspace.readTrial(`${ID}-t00`),
  [`iterations/00001/experiments/${ID}.json`]: (workspace) => workspace.readExperiment(ID),
  [`iterations/00001/evaluations/${ID}.json`]: (workspace) => workspace.readEvaluation(ID),
  "iterations/00001/calls/00001-researcher-a1.json": (workspace) => workspace.readCall(1, "00001-researcher-a1"),
};
const observer = systemEffects();

async function finishedRun(): Promise<Workspace> {
  const workspace = await startedWorkspace({ iterationsCompleted: 1 });
  writeIteration(workspace, 1, [0.5, null]);
  workspace.appendJournal('{"type":"run.started","at":"2026"}');
  workspace.appendJournal('{"type":"run.finished","at":"2026"}');
  return workspace;
}

/** What reading gives: `damaged` only with the file named and a way out; any other error is a bug. */
function outcome(read: () => unknown, path: string): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.problem !== "damaged") throw error;
    expect(error).toMatchObject({ file: path, exitCode: 4, message: expect.stringContaining(path) });
    expect(error.message.split("\n")[1]).toMatch(/restore it/);
    return "damaged";
  }
}

describe("a record cut at any byte", () => {
  it.each(Object.keys(READ))("%s: is damaged, by name, or still whole", async (file) => {
    const workspace = await finishedRun();
    const path = join(workspace.root, file);
    const whole = readFileSync(path);
    const read = READ[file] ?? (() => null);
    const original = read(workspace);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const expected = length === whole.length - 1 ? original : "damaged";
      expect(outcome(() => read(workspace), path)).toEqual(expected);
    }
    rmSync(path);
    expect(read(workspace)).toBeNull();
  });

  it("is what inspect says too, and what repair finds, whatever the question", async () => {
    const workspace = await finishedRun();
    for (const file of Object.keys(READ)) {
      const path = join(workspace.root, file);
      const whole = readFileSync(path);
      writeFileSync(path, whole.subarray(0, whole.length / 2));
      for (const ask of questions(workspace.root)) outcome(ask, path);
      const steps = planRepair(workspace.root, observer.files).steps;
      expect(steps.map((step) => step.file)).toEqual([file]);
      writeFileSync(path, whole);
    }
    expect(planRepair(workspace.root, observer.files).steps).toEqual([]);
  });
});

describe("a record with a wrong byte", () => {
  it.each(Object.keys(READ))("%s: is damaged or a valid edit, never a surprise", async (file) => {
    const workspace = await finishedRun();
    const path = join(workspace.root, file);
    const whole = readFileSync(path);
    const read = READ[file] ?? (() => null);
    const place = fc.integer({ min: 0, max: whole.length - 1 });
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        writeFileSync(path, changed);
        if (file !== "run.json" || !changed.includes('"format": 1'))
          tolerantOfFormat(() => outcome(() => read(workspace), path));
        else outcome(() => read(workspace), path);
      }),
      { numRuns: FULL ? 150 : 50 },
    );
  });

  it.each([
    ["a record of somebody else", (text: string) => text.replaceAll("h000", "h001"), /not "i00001-h000"/],
    ["an unknown key", (text: string) => text.replace("{", '{"surprise": 1,'), /surprise/],
    ["a score that is text", (text: string) => text.replace("0.5", '"0.5"'), /score/],
    ["a number no computer has", (text: string) => text.replace("0.5", "1e999"), /score/],
    ["null", () => "null", /holds null/],
    ["only blanks", () => " \n", /empty/],
    ["a list", () => "[]", /object/],
    ["depth", () => `${"[".repeat(100_000)}${"]".repeat(100_000)}`, /damaged/],
  ])("is told what is wrong: %s", async (_, change, expected) => {
    const workspace = await finishedRun();
    const path = join(workspace.root, `iterations/00001/evaluations/${ID}.json`);
    writeFileSync(path, change(readFileSync(path, "utf8")));
    expect(() => workspace.readEvaluation(ID)).toThrow(expected);
    expect(outcome(() => workspace.readEvaluation(ID), path)).toBe("damaged");
  });

  it("is honoured when it is a valid edit by hand", async () => {
    const workspace = await finishedRun();
    const path = join(workspace.root, `iterations/00001/evaluations/${ID}.json`);
    writeFileSync(path, `\uFEFF${readFileSync(path, "utf8").replace("0.5", "0.9")}`);
    expect(workspace.readEvaluation(ID)?.score).toBe(0.9);
    expect(inspectSummary(workspace.root, observer).best).toMatchObject({ id: ID, score: 0.9 });
    expect(await workspace.summary()).toMatchObject({ bestScore: 0.9 });
  });
});

describe("a journal cut at any byte", () => {
  it("changes no answer about the run", async () => {
    const workspace = await finishedRun();
    const path = join(workspace.root, "journal.jsonl");
    const whole = readFileSync(path);
    const expected = inspectSummary(workspace.root, observer);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(inspectSummary(workspace.root, observer)).toEqual(expected);
      expect(inspectEvents(workspace.root, observer).length).toBeLessThanOrEqual(2);
    }
    rmSync(path);
    expect(inspectSummary(workspace.root, observer)).toEqual(expected);
  });
});

function questions(root: string): readonly (() => unknown)[] {
  return [
    () => inspectSummary(root, observer),
    () => inspectHypotheses(root, observer),
    () => inspectInsights(root, observer),
    () => inspectCalls(root, observer),
    () => inspectShow(root, ID, observer),
    () => inspectShow(root, "1", observer),
  ];
}

/** A changed digit of `format` can make it another format's, which has its own error. */
function tolerantOfFormat(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof WorkspaceError) || error.problem !== "unknown-format") throw error;
  }
}
