import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Effects } from "../../../src/kernel/effects.ts";
import type { CallRecord } from "../../../src/model/call.ts";
import { hypothesisId, trialId } from "../../../src/model/ids.ts";
import type { RollbackRecord } from "../../../src/model/iteration.ts";
import { NO_TOTALS, type RunManifest, WORKSPACE_FORMAT } from "../../../src/model/run.ts";
import type { FinishedTrial } from "../../../src/model/trial.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import type { LockEffects } from "../../../src/workspace/lock/lock.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";

const AT = "2026-01-31T12:00:00.000Z";

/** A new folder that goes away after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aura-workspace-"));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A clock that moves only when something sleeps or a test says so. */
class HandClock extends ManualClock {
  /** Called after each sleep, with how long the clock has run. */
  onSleep: (elapsedMs: number) => void = () => {};

  constructor() {
    super({ start: AT, skipSleeps: true });
  }

  override async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await super.sleep(ms, signal);
    this.onSleep(this.monotonic());
  }
}

/** Machines and processes that exist only in a test. */
export class Town {
  readonly clock = new HandClock();
  readonly #dead = new Set<number>();
  readonly #system = systemEffects();
  #tokens = 0;

  /** What a process with this id on this host sees. */
  process(pid: number, host = "here", bootId = "boot-1", pidNamespace?: string): LockEffects {
    return {
      files: this.#system.files,
      clock: this.clock,
      token: (bytes) => (++this.#tokens).toString(16).padStart(bytes * 2, "0"),
      processes: {
        ...this.#system.processes,
        self: { pid, startedAt: `s${pid}`, host, bootId, ...(pidNamespace === undefined ? {} : { pidNamespace }) },
        isAlive: (identity) => identity.startedAt === `s${identity.pid}` && !this.#dead.has(identity.pid),
      },
    };
  }

  kill(pid: number): void {
    this.#dead.add(pid);
  }
}

/** The machine itself, with a clock that stands still so that records come out the same. */
export function effects(): Effects {
  const clock = new HandClock();
  return { ...systemEffects(), clock };
}

export function manifest(changes: Partial<RunManifest> = {}): RunManifest {
  return {
    format: WORKSPACE_FORMAT,
    runId: "abcdef012345",
    name: "digits",
    status: "running",
    createdAt: AT,
    updatedAt: AT,
    seed: 7,
    specHash: "0".repeat(64),
    auraVersion: "0.1.0",
    iterationsCompleted: 0,
    best: null,
    totals: NO_TOTALS,
    inputs: [],
    overrides: {},
    spec: { version: 1, name: "digits", metric: { name: "accuracy", direction: "maximize" } },
    ...changes,
  };
}

export function call(iteration: number): CallRecord {
  return {
    id: `${String(iteration).padStart(5, "0")}-researcher-a1`,
    role: "researcher",
    iteration,
    ask: 1,
    runner: "main",
    prompt: "Propose an experiment — as JSON.",
    promptHash: "ab".repeat(32),
    attempts: 1,
    startedAt: AT,
    state: "finished",
    response: '[{"lr": 0.1}]',
    usage: { inputTokens: 12, outputTokens: 7 },
    endedAt: AT,
    durationMs: 3,
  };
}

export function trial(iteration: number, index: number, score: number | null): FinishedTrial {
  const hypothesis = hypothesisId(iteration, index);
  return {
    id: trialId(hypothesis, "trial", 0),
    hypothesisId: hypothesis,
    kind: "trial",
    index: 0,
    seed: 1234,
    attempts: [
      { attempt: 1, startedAt: AT, endedAt: AT, durationMs: 5, status: score === null ? "failed" : "completed" },
    ],
    state: "finished",
    outcome:
      score === null
        ? { status: "failed", failure: { code: "exit", message: "it ended with 1", exitCode: 1 } }
        : { status: "completed", output: { accuracy: score } },
    steps: [],
  };
}

/** Writes all records of one hypothesis. */
export function writeHypothesis(workspace: Workspace, iteration: number, index: number, score: number | null): void {
  const id = hypothesisId(iteration, index);
  const { outcome, seed } = trial(iteration, index, score);
  workspace.writeHypothesis({ id, label: `try ${index}`, spec: { lr: 0.1 * (index + 1) }, rationale: "why not" });
  workspace.writeTrial(trial(iteration, index, score));
  workspace.writeExperiment({
    hypothesisId: id,
    status: score === null ? "failed" : "completed",
    trials: [{ id: trialId(id, "trial", 0), index: 0, seed, outcome }],
    summary: score === null ? null : { accuracy: score },
    ...(score === null ? { failure: { code: "trial-failed", message: "every trial failed" } } : {}),
  });
  const reason = score === null ? "every trial failed" : "accuracy";
  workspace.writeEvaluation({ hypothesisId: id, score, passed: score !== null, reason, details: {} });
}

/** Writes one finished iteration with these scores. */
export function writeIteration(workspace: Workspace, iteration: number, scores: readonly (number | null)[]): void {
  workspace.writeCall(call(iteration));
  for (const [index, score] of scores.entries()) writeHypothesis(workspace, iteration, index, score);
  workspace.writeInsights(iteration, [
    { id: `insight-${iteration}`, iteration, finding: "smaller is better", evidence: [hypothesisId(iteration, 0)] },
  ]);
  workspace.writeIteration({
    iteration,
    state: "finished",
    hypotheses: scores.map((_, index) => hypothesisId(iteration, index)),
    refused: [],
    best: null,
    bestScore: null,
    improved: false,
    failuresInARow: 0,
    insights: 1,
  });
}

/** A locked workspace of a run that has started, at `<folder>/run`. */
export async function startedWorkspace(changes: Partial<RunManifest> = {}): Promise<Workspace> {
  const workspace = await Workspace.create(join(temporaryFolder(), "run"), { effects: effects() });
  await workspace.lock();
  workspace.writeManifest(manifest(changes));
  return workspace;
}

/** Records a rollback, and answers with its record. */
export function writeRollback(workspace: Workspace, to: string, afterIteration: number, n = 1): RollbackRecord {
  const record = { n, rolledBackAt: AT, to, hypothesisId: to, snapshot: "0123456789abcdef", afterIteration };
  mkdirSync(join(workspace.root, "rollbacks"), { recursive: true });
  writeFileSync(join(workspace.root, `rollbacks/0000${n}.json`), JSON.stringify(record));
  return record;
}
