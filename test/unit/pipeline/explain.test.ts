import { existsSync, rmSync } from "node:fs";
import { expect, it } from "vitest";
import { explainResume } from "../../../src/pipeline/resume.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { manifest, trial } from "../workspace/rig.ts";

it("an explained resume names what would be done again, and why, when records are gone", async () => {
  using dir = temporaryDirectory();
  const { workspace } = await runPipeline(dir, {
    reviewer: { review: async (_, { iteration }) => (iteration === 3 ? [{ finding: "smaller is better" }] : []) },
    maxIterations: 3,
  });
  const record = (name: string) => dir.join("run", "iterations", name);
  expect([2, 3].map((n) => existsSync(record(`0000${n}/insights.json`)))).toEqual([false, true]);
  expect(explainResume(workspace).every(({ action }) => action === "reuse")).toBe(true);

  rmSync(record("00001/iteration.json"));
  rmSync(record("00002/evaluations/i00002-h000.json"));
  rmSync(record("00003/insights.json"));
  const rerun = explainResume(workspace).filter(({ action }) => action === "rerun");
  expect(rerun.map(({ step, why }) => `${step}: ${why}`)).toEqual([
    "iteration 1: propose: its record is missing; recorded replies and what its hypotheses already have are used",
    "i00002-h000: evaluate: it has no evaluation record",
    "iteration 3: review: it has no insights record",
  ]);
});

it("an explained resume says that a trial which outlived AURA is waited for, or taken where it has ended, a job of a cluster too", async () => {
  using dir = temporaryDirectory();
  const { processes, ...others } = systemEffects();
  const alive = new Set([101]);
  const survivors = { isAdoptable: () => true, isAlive: ({ pid }: { readonly pid: number }) => alive.has(pid) };
  const effects = { ...others, processes: { ...processes, ...survivors } };
  const workspace = await Workspace.create(dir.join("run"), { effects });
  await workspace.lock();
  workspace.writeManifest(manifest());
  const { host, bootId } = processes.self;
  const here = { host, bootId, folder: workspace.folder, marker: "m" };
  const refs = [{ pid: 101, ...here }, { pid: 102, ...here }, { job: "7" }, { job: "8", ending: true }];
  for (const [index, ref] of refs.entries()) {
    const { id, hypothesisId, kind, seed } = trial(1, index, 1);
    workspace.writeHypothesis({ id: hypothesisId, spec: {} });
    const attempts = [{ attempt: 1, startedAt: "2026-01-31T12:00:00.000Z", ref }];
    workspace.writeTrial({ id, hypothesisId, kind, index: 0, seed, attempts, state: "started" });
  }
  const hypotheses = refs.map((_, index) => `i00001-h00${index}`);
  workspace.writeIteration({ iteration: 1, state: "proposed", hypotheses, refused: [] });
  const trials = explainResume(workspace).filter(({ step }) => /-t\d+$/.test(step));
  expect(trials.map(({ action, why }) => `${action}: ${why.replace(/,.*/, "")}`)).toEqual([
    "adopt: attempt 1 outlived AURA and is waited for",
    "adopt: attempt 1 outlived AURA and has ended and is taken",
    "adopt: attempt 1 goes on elsewhere and is waited for",
    "rerun: attempt 1 was cut short; attempt 2 gets a new folder",
  ]);
});
