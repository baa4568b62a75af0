import { chmodSync, cpSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemEffects } from "../../../src/platform/system.ts";
import { inspectEvents, inspectLogs, inspectShow } from "../../../src/workspace/views/details.ts";
import {
  inspectBest,
  inspectCalls,
  inspectHypotheses,
  inspectInsights,
  inspectRefused,
  inspectSummary,
} from "../../../src/workspace/views/queries.ts";
import { call, startedWorkspace, temporaryFolder, writeHypothesis, writeIteration, writeRollback } from "./rig.ts";

const observer = systemEffects();

describe("inspect summary", () => {
  it("shows where a live run stands, the iteration under way included", async () => {
    const workspace = await startedWorkspace({ iterationsCompleted: 1 });
    writeIteration(workspace, 1, [0.5, null]);
    workspace.writeIteration({ iteration: 2, state: "started" });
    writeHypothesis(workspace, 2, 0, 0.75);
    workspace.writeHypothesis({ id: "i00002-h001", spec: {} });
    expect(inspectSummary(workspace.root, observer)).toMatchObject({
      name: "digits",
      status: "running",
      hypotheses: { total: 4, scored: 2, failed: 1 },
      best: { id: "i00002-h000", label: "try 0", score: 0.75, passed: true, spec: { lr: 0.1 } },
      baseline: null,
      lastInsights: [{ iteration: 1, finding: "smaller is better" }],
    });
  });

  it("does not count the start as a hypothesis, as totals do not, also where it is the best", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 0, [0.75]);
    writeIteration(workspace, 1, [0.5, null]);
    expect(inspectSummary(workspace.root, observer)).toMatchObject({
      hypotheses: { total: 2, scored: 1, failed: 1 },
      best: { id: "i00000-h000" },
    });
  });

  it("calls a run whose process is dead interrupted", async () => {
    const workspace = await startedWorkspace();
    rmSync(join(workspace.root, "lock.json"));
    expect(inspectSummary(workspace.root, observer).status).toBe("interrupted");
    expect(workspace.readManifest()?.status).toBe("running");
  });

  it("works from a copy that cannot be written, and says the same", async () => {
    const workspace = await startedWorkspace({ status: "finished", reason: "iterations" });
    writeIteration(workspace, 1, [0.5, 0.25]);
    const copy = join(temporaryFolder(), "copy");
    cpSync(workspace.root, copy, { recursive: true });
    chmodSync(copy, 0o500);
    const { workspace: _, ...original } = inspectSummary(workspace.root, observer);
    expect(inspectSummary(copy, observer)).toEqual({ ...original, workspace: copy });
    chmodSync(copy, 0o700);
  });

  it("has no best before anything scored", async () => {
    const workspace = await startedWorkspace();
    expect(inspectBest(workspace.root, observer)).toBeNull();
    writeIteration(workspace, 1, [null]);
    expect(inspectSummary(workspace.root, observer).best).toBeNull();
  });

  it("follows the metric's direction and min_delta", async () => {
    const workspace = await startedWorkspace({
      spec: { metric: { name: "loss", direction: "minimize", min_delta: "10%", baseline: 3 } },
    });
    writeIteration(workspace, 1, [1, 0.95, 0.8]);
    expect(inspectSummary(workspace.root, observer)).toMatchObject({
      best: { id: "i00001-h002" },
      metric: { name: "loss", direction: "minimize" },
      baseline: 3,
    });
  });

  it("no longer counts what was rolled back, until something later is better", async () => {
    const workspace = await startedWorkspace();
    for (const [iteration, score] of [0.5, 0.9, 0.6].entries()) writeIteration(workspace, iteration + 1, [score]);
    const record = writeRollback(workspace, "i00001-h000", 2);
    expect(workspace.rollbacks()).toEqual([record]);
    expect(inspectBest(workspace.root, observer)).toMatchObject({ id: "i00003-h000", score: 0.6 });
    rmSync(join(workspace.root, "iterations/00003"), { recursive: true });
    expect(inspectBest(workspace.root, observer)).toMatchObject({ id: "i00001-h000", score: 0.5 });
    writeFileSync(join(workspace.root, "rollbacks/00001.json"), "{}");
    expect(() => inspectBest(workspace.root, observer)).toThrow(expect.objectContaining({ problem: "damaged" }));
  });

  it("has what was rolled back to for the best, also where an earlier hypothesis is better", async () => {
    const workspace = await startedWorkspace();
    for (const [place, scores] of [[0.5], [0.9, 0.6], [0.95]].entries()) writeIteration(workspace, place + 1, scores);
    writeRollback(workspace, "i00002-h001", 3);
    expect(inspectBest(workspace.root, observer)).toMatchObject({ id: "i00002-h001", score: 0.6 });
  });

  it("counts again what a rollback had left out once that one is rolled back", async () => {
    const workspace = await startedWorkspace();
    for (const [iteration, score] of [0.5, 0.9].entries()) writeIteration(workspace, iteration + 1, [score]);
    for (const [n, hypothesisId] of ["i00001-h000", "i00002-h000"].entries()) {
      writeRollback(workspace, hypothesisId, 2, n + 1);
      expect(inspectBest(workspace.root, observer)).toMatchObject({ id: hypothesisId });
    }
  });

  it("says where runs are when there is none", () => {
    expect(() => inspectSummary(join(temporaryFolder(), "nowhere"), observer)).toThrow(
      expect.objectContaining({ problem: "not-found" }),
    );
  });
});

describe("inspect hypotheses, insights, calls and events", () => {
  it("list everything in order", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 10, [0.5]);
    writeIteration(workspace, 9, [null]);
    workspace.writeHypothesis({ id: "i00010-h001", spec: { lr: 1 }, edits: [{ path: "a", delete: true }] });
    expect(inspectHypotheses(workspace.root, observer)).toMatchObject([
      { id: "i00009-h000", status: "failed", score: null, passed: false, reason: "every trial failed" },
      { id: "i00010-h000", status: "scored", score: 0.5, label: "try 0" },
      { id: "i00010-h001", status: "proposed", score: null, passed: null, label: null, edits: 1 },
    ]);
    expect(inspectInsights(workspace.root, observer).map(({ iteration }) => iteration)).toEqual([9, 10]);
    expect(inspectCalls(workspace.root, observer).calls).toMatchObject([
      { id: "00009-researcher-a1", inputTokens: 12, responseLength: 13 },
      { id: "00010-researcher-a1", state: "finished", failure: null },
    ]);
    workspace.appendJournal('{"type":"run.started"}');
    const event = { type: "run.started", at: "2026-01-31T12:00:00.000Z", seq: 0 };
    writeFileSync(
      join(workspace.root, "journal.jsonl"),
      `${JSON.stringify(event)}\n[1]\n\nnull\n{"type":"run.started"}\n{"ty`,
    );
    expect(inspectEvents(workspace.root, observer)).toEqual([event]);
  });
});

describe("inspect hypotheses", () => {
  it("says what was refused, and why an iteration has no hypothesis at all", async () => {
    const workspace = await startedWorkspace();
    const failure = { code: "unusable-reply", message: "there is no JSON in the reply" } as const;
    const refused = [{ label: "#2", reason: "a repeat of i00001-h000" }];
    workspace.writeIteration({ iteration: 1, hypotheses: [], refused, state: "proposed" });
    workspace.writeIteration({ iteration: 2, hypotheses: [], refused: [], failure, state: "proposed" });
    expect(inspectRefused(workspace.root, observer)).toEqual([
      { iteration: 1, label: "#2", reason: "a repeat of i00001-h000" },
      { iteration: 2, label: "the whole reply", reason: "there is no JSON in the reply" },
    ]);
  });

  it("says which do not count for the best since a rollback", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    for (const iteration of [2, 3, 4]) {
      writeIteration(workspace, iteration, [0.5, 0.7]);
      workspace.writeIteration({ iteration, state: "started" });
    }
    writeRollback(workspace, "i00002-h000", 3);
    const rows = inspectHypotheses(workspace.root, observer);
    const counted = ["i00001-h000", "i00002-h000", "i00004-h000", "i00004-h001"];
    expect(rows.filter(({ counts }) => counts).map(({ id }) => id)).toEqual(counted);
    expect(inspectBest(workspace.root, observer)?.id).toBe("i00004-h001");
  });
});

describe("inspect show", () => {
  it("finds an iteration, a hypothesis, a trial, an attempt and a call, in any padding", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    const kinds = ["1", "00001", "i1-h0", "i00001-h000", "i1-h0-t0", "i00001-h000-t00.a1", "00001-researcher-a1"].map(
      (id) => inspectShow(workspace.root, id, observer).kind,
    );
    expect(kinds).toEqual(["iteration", "iteration", "hypothesis", "hypothesis", "trial", "trial", "call"]);
    expect(inspectShow(workspace.root, "i1-h0", observer)).toMatchObject({
      id: "i00001-h000",
      evaluation: { score: 0.5 },
      trials: ["i00001-h000-t00"],
    });
  });

  it("finds the best and the start by these names, and their logs", async () => {
    const workspace = await startedWorkspace();
    expect(() => inspectShow(workspace.root, "best", observer)).toThrow(/has no "best"/);
    writeIteration(workspace, 0, [0.1]);
    writeIteration(workspace, 1, [0.5, 0.7]);
    expect(inspectShow(workspace.root, "best", observer)).toMatchObject({ id: "i00001-h001" });
    expect(inspectShow(workspace.root, "start", observer)).toMatchObject({ id: "i00000-h000" });
    expect(inspectLogs(workspace.root, "best", observer)).toEqual(inspectLogs(workspace.root, "i1-h1", observer));
  });

  it("finds the call of a stage, and that about one hypothesis", async () => {
    const workspace = await startedWorkspace();
    const ids = ["i00001-researcher-a1", "i00001-h000-evaluator-v1-a2"];
    for (const id of ids) workspace.writeCall({ ...call(1), id });
    expect(ids.map((id) => inspectShow(workspace.root, id, observer))).toMatchObject(
      ids.map((id) => ({ kind: "call", id, call: { id } })),
    );
  });

  it("finds an insight by the id that events tell, in any padding", async () => {
    const workspace = await startedWorkspace();
    const insight = { id: "i00001-n02", iteration: 1, finding: "x matters", evidence: [] };
    workspace.writeInsights(1, [{ ...insight, id: "i00001-n01" }, insight]);
    for (const id of ["i00001-n02", "i1-n2"])
      expect(inspectShow(workspace.root, id, observer)).toEqual({ kind: "insight", id: "i00001-n02", insight });
    expect(() => inspectShow(workspace.root, "i00001-n03", observer)).toThrow(/has no "i00001-n03"/);
  });

  it("names what is near when there is no such thing", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    expect(() => inspectShow(workspace.root, "i00001-h001", observer)).toThrow(/did you mean i00001-h000/);
    expect(() => inspectShow(workspace.root, "../../etc/passwd", observer)).toThrow(/iterations: 1/);
    expect(() => inspectLogs(workspace.root, "1", observer)).toThrow(/has no logs/);
  });

  it("shows how logs end, without control characters and without following links", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    const id = "i00001-h000-t00";
    workspace.makeAttemptFolder(id, 1);
    const { stdout, stderr } = workspace.logFiles(id, 1);
    writeFileSync(stdout, `${"x".repeat(10_000)}\u001b[31mred\u0007\nend\n`);
    const secret = join(temporaryFolder(), "secret");
    writeFileSync(secret, "secret");
    symlinkSync(secret, stderr);
    const [logs] = inspectLogs(workspace.root, "i1-h0", observer).logs;
    expect(logs?.stdout).toMatchObject({ path: stdout, bytes: 10_014 });
    expect(logs?.stdout?.tail).toMatch(/xred\nend\n$/);
    expect(logs?.stdout?.tail.length).toBeLessThanOrEqual(4096);
    expect(logs?.stderr).toBeNull();
    expect(inspectLogs(workspace.root, `${id}.a2`, observer)).toEqual({ logs: [] });
  });
});
