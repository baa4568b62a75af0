import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/kernel/errors.ts";
import { StopRequest } from "../../src/kernel/interrupted.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Trial } from "../../src/model/trial.ts";
import { systemEffects } from "../../src/platform/system.ts";
import { FakeCluster, fakeBatchExecutor } from "../../src/testing/index.ts";
import { runData, type SpecRun, type SpecRunOptions } from "../../src/testing/run-spec.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { dataSpec } from "../support/data-spec.ts";
import { type FaultPlan, faultyEffects, SimulatedCrash } from "../support/faults.ts";
import { FULL } from "../support/thorough.ts";
import { slurm } from "../support/tools.ts";

const HYPOTHESES = 4;
/** Within it all trials of an iteration get ready, also on a busy machine. */
const LONG_MS = 1000;
/** A job has begun within it, also on a cluster that others use. */
const PATIENCE_MS = 60_000;
/** Kills of a run at crossings far apart; nearly all of them come before its end, which hangs on how long jobs take. */
const KILLS = 10;

/** What queues trials: how a spec names it, and what became of it. */
interface Queue extends Disposable {
  readonly executor: JsonObject;
  readonly definitions: NonNullable<SpecRunOptions["definitions"]>;
  /** Of each submission, the jobs. */
  submissions(dir: TemporaryDirectory): readonly (readonly string[])[];
}

/** Of so many places, which submits what gets ready within so many milliseconds. */
type QueueOf = (width: number, gatherMs?: number) => Queue;

interface OnFake extends Queue {
  readonly cluster: FakeCluster;
}

function onFake(width: number, gatherMs?: number): OnFake {
  const cluster = new FakeCluster(width);
  return {
    cluster,
    executor: { type: "fake-batch" },
    definitions: [fakeBatchExecutor(cluster, gatherMs)],
    submissions: () => cluster.submissions,
    [Symbol.dispose]: () => cluster[Symbol.dispose](),
  };
}

/** Each job takes its share of the cluster's one node; arrays that it took are told from what trials record. */
function onSlurm(width: number): Queue {
  const nodes = execFileSync("sinfo", ["-h", "-o", "%c"], { encoding: "utf8" });
  const cpus = Math.ceil(Number.parseInt(nodes, 10) / width);
  return {
    executor: { type: "slurm", mem: "16M", poll_interval: "1s", cpus_per_task: cpus },
    definitions: [],
    submissions: (dir) => {
      const records = [1, 2, 3, 4].map((n) => dir.read(`run/iterations/00001/trials/i00001-h00${n - 1}-t00.json`));
      const trials: readonly Trial[] = records.flatMap((text) => (text === null ? [] : [JSON.parse(text)]));
      // The cluster never heard of those that are lost without a number.
      const taken = trials.flatMap(({ attempts }) =>
        attempts.filter(({ ref, status }) => ref?.job || status !== "lost"),
      );
      const refs = taken.flatMap(({ ref }) => (ref ? [ref] : []));
      const names = [...new Set(refs.map(({ name }) => String(name)))];
      return names.map((name) => refs.filter((ref) => ref.name === name).map(({ index }) => `${name} ${index}`));
    },
    [Symbol.dispose]: () => undefined,
  };
}

interface OnCluster<Q extends Queue> extends Disposable {
  readonly queue: Q;
  readonly dir: TemporaryDirectory;
  run(command?: readonly string[], more?: JsonObject, options?: SpecRunOptions): Promise<SpecRun>;
}

/** A project whose trials go to a cluster; each appends a line to `ran` when it runs. */
function onCluster<Q extends Queue>(queue: Q): OnCluster<Q> {
  const dir = temporaryDirectory();
  return {
    queue,
    dir,
    run: (command = RUNS, more = {}, options = {}) => {
      const experimenter = { type: "composed", executor: { ...queue.executor, command, ...more } };
      const spec = dataSpec({ parallel: 1, experimenter }, HYPOTHESES);
      return runData(dir, spec, { definitions: queue.definitions, ...options });
    },
    [Symbol.dispose]: () => {
      queue[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
}

const RUNS = ["sh", "-c", 'echo "$AURA_TRIAL_ID" >> ran; echo "score: $1"', "sh", "{n}"];
const WAITS = [
  "sh",
  "-c",
  'echo "$AURA_TRIAL_ID" >> ran; while ! test -e go; do sleep 0.05; done; echo "score: $1"',
  "sh",
  "{n}",
];

const scores = ({ result }: SpecRun): unknown => [result.best?.score, result.exitCode];
const linesOf = (dir: TemporaryDirectory, file: string): readonly string[] =>
  (dir.read(file) ?? "").split("\n").filter((line) => line !== "");

describe("an executor that queues by itself", () => {
  it("has jobs that it lost run again, as infrastructure failures", async () => {
    using project = onCluster(onFake(2, LONG_MS));
    const { queue, dir, run } = project;
    queue.cluster.lose(2);
    const done = await run();
    expect(scores(done)).toEqual([HYPOTHESES, 0]);
    expect(queue.submissions(dir).map((names) => names.length)).toEqual([HYPOTHESES, 2]);
    expect(linesOf(dir, "ran")).toHaveLength(HYPOTHESES);
    const lost = done.events.filter((event) => event.type === "trial.finished" && event.outcome.status === "lost");
    expect(lost).toHaveLength(2);
  });
});

const QUEUES: readonly (readonly [string, QueueOf, typeof describe | typeof slurm.describe])[] = [
  ["a queue", onFake, describe],
  ["Slurm", onSlurm, FULL ? slurm.describe : describe.skip],
];
for (const [name, queueOf, suite] of QUEUES) suite(`trials in ${name}`, () => promises(queueOf));

// Most of these wait.
function promises(queueOf: QueueOf): void {
  it.concurrent(
    "are submitted together for an iteration, whatever `parallel` is",
    async ({ expect }) => {
      using project = onCluster(queueOf(2, LONG_MS));
      const { queue, dir, run } = project;
      expect(scores(await run())).toEqual([HYPOTHESES, 0]);
      expect(queue.submissions(dir).map((names) => names.length)).toEqual([HYPOTHESES]);
    },
    PATIENCE_MS,
  );

  it.concurrent(
    "are taken out of it when the run is stopped",
    async ({ expect }) => {
      using project = onCluster(queueOf(1));
      const { dir, run } = project;
      const stop = new AbortController();
      const command = ["sh", "-c", 'echo "$AURA_TRIAL_ID" >> ran; sleep 60'];
      const running = run(command, {}, { signal: stop.signal });
      await expect.poll(() => linesOf(dir, "ran"), { timeout: PATIENCE_MS }).toHaveLength(1);
      stop.abort(new Error("enough"));
      await running;
      expect(linesOf(dir, "ran")).toHaveLength(1);
    },
    PATIENCE_MS,
  );

  it.concurrent(
    "are taken out where they wait, and finished where they run, when the run is to start nothing more",
    async ({ expect }) => {
      using project = onCluster(queueOf(1));
      const { dir, run } = project;
      const drain = new AbortController();
      const running = run(WAITS, {}, { drain: drain.signal });
      await expect.poll(() => linesOf(dir, "ran"), { timeout: PATIENCE_MS }).toHaveLength(1);
      drain.abort(new Error("soon"));
      dir.write("go", "");
      const { result, events } = await running;
      expect([result.reason, linesOf(dir, "ran").length]).toEqual(["interrupted", 1]);
      expect(events.filter(({ type }) => type === "evaluation.scored")).toHaveLength(1);
      expect(scores(await run(WAITS))).toEqual([HYPOTHESES, 0]);
      expect(linesOf(dir, "ran")).toHaveLength(HYPOTHESES);
    },
    PATIENCE_MS,
  );

  it.concurrent(
    "stay in it when AURA is only to go, and a resume submits none again",
    async ({ expect }) => {
      using project = onCluster(queueOf(1));
      const { queue, dir, run } = project;
      const drain = new AbortController();
      const running = run(WAITS, {}, { drain: drain.signal });
      await expect.poll(() => linesOf(dir, "ran"), { timeout: PATIENCE_MS }).toHaveLength(1);
      drain.abort(new StopRequest(EXIT.terminated, true));
      expect((await running).result.exitCode).toBe(EXIT.terminated);
      dir.write("go", "");
      expect(scores(await run(WAITS))).toEqual([HYPOTHESES, 0]);
      expect([queue.submissions(dir).flat().length, linesOf(dir, "ran").length]).toEqual([HYPOTHESES, HYPOTHESES]);
    },
    PATIENCE_MS,
  );

  it.concurrent(
    "are not submitted when the run is stopped while they are gathered",
    async ({ expect }) => {
      using project = onCluster(queueOf(2));
      const { queue, dir, run } = project;
      const stop = new AbortController();
      const onEvent: SpecRunOptions["onEvent"] = ({ type }) =>
        type === "trial.started" && stop.abort(new Error("enough"));
      await run(RUNS, {}, { signal: stop.signal, onEvent });
      expect(queue.submissions(dir)).toEqual([]);
    },
    PATIENCE_MS,
  );

  (FULL ? it.concurrent : it.skip)(
    "time out by how long they run, not by how long they wait",
    async ({ expect }) => {
      using project = onCluster(queueOf(1));
      const { run } = project;
      const command = ["sh", "-c", 'sleep 0.8; echo "score: $1"', "sh", "{n}"];
      const done = await run(command, { timeout: "2.5s" });
      expect(scores(done)).toEqual([HYPOTHESES, 0]);
      const durations = done.events.flatMap((event) => (event.type === "trial.finished" ? event.durationMs : []));
      expect(durations).toHaveLength(HYPOTHESES);
      for (const ms of durations) expect(ms).toBeLessThan(2500);
    },
    PATIENCE_MS,
  );

  it.concurrent(
    "are gone on with and never submitted twice, wherever AURA was killed",
    async ({ expect }) => {
      const whole = faultyEffects(systemEffects());
      using undisturbed = onCluster(queueOf(2));
      await undisturbed.run(RUNS, {}, { effects: whole.effects });
      const step = whole.crossings.length / KILLS;
      const ends = [];
      for (let kill = 0; kill < KILLS; kill++) {
        const when = kill % 2 === 0 ? "before" : "after";
        ends.push(await killed(queueOf, { at: 1 + Math.floor(kill * step), when, fault: "die" }));
      }
      expect(ends.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(ends.filter(({ crashed }) => crashed).length).toBeGreaterThan(KILLS / 2);
    },
    5 * PATIENCE_MS,
  );
}

/** Runs with a kill at a crossing, and goes on in the same queue. Answers what differs from an undisturbed run. */
async function killed(
  queueOf: QueueOf,
  plan: FaultPlan,
): Promise<{ readonly crashed: boolean; readonly wrong: readonly string[] }> {
  using project = onCluster(queueOf(2));
  const { queue, dir, run } = project;
  const { effects } = faultyEffects(systemEffects(), plan);
  let crashed = false;
  try {
    await run(RUNS, {}, { effects });
  } catch (error) {
    crashed = hasCrashed(error);
    if (!crashed) throw error;
  }
  const done = await run();
  const ran = linesOf(dir, "ran");
  const submitted = queue.submissions(dir);
  const what = `${plan.when} ${plan.at}`;
  const wrong = [
    ...(JSON.stringify(scores(done)) === JSON.stringify([HYPOTHESES, 0])
      ? []
      : [`${what}: ${JSON.stringify(done.result)}`]),
    ...(ran.length === HYPOTHESES ? [] : [`${what}: ran ${ran.join(" ")}`]),
    ...(submitted.flat().length === HYPOTHESES ? [] : [`${what}: submitted ${JSON.stringify(submitted)}`]),
  ];
  return { crashed, wrong };
}

function hasCrashed(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof SimulatedCrash) return true;
  return false;
}
