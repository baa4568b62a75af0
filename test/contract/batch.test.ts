import { describe, expect, it, onTestFinished } from "vitest";
import { EXIT } from "../../src/kernel/errors.ts";
import { StopRequest } from "../../src/kernel/interrupted.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { systemEffects } from "../../src/platform/system.ts";
import { FakeCluster, fakeBatchExecutor } from "../../src/testing/index.ts";
import { runData, type SpecRun, type SpecRunOptions } from "../../src/testing/run-spec.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { type FaultPlan, faultyEffects, SimulatedCrash } from "../support/faults.ts";

const HYPOTHESES = 4;
/** Within it all trials of an iteration get ready, also on a busy machine. */
const LONG_MS = 1000;
/** Kills of a run at crossings far apart; nearly all of them come before its end, which hangs on how long jobs take. */
const KILLS = 10;

/** A project whose trials go to a cluster; each appends a line to `ran` when it runs. */
function onCluster(
  width = 2,
  gatherMs?: number,
): {
  readonly cluster: FakeCluster;
  readonly dir: TemporaryDirectory;
  run(more?: JsonObject, options?: SpecRunOptions): Promise<SpecRun>;
} {
  const cluster = new FakeCluster(width);
  const dir = temporaryDirectory();
  onTestFinished(() => {
    cluster[Symbol.dispose]();
    dir[Symbol.dispose]();
  });
  const spec = {
    version: 1,
    name: "batch",
    metric: { name: "score" },
    stop: { iterations: 1 },
    parallel: 1,
    researcher: {
      type: "search",
      method: "grid",
      num_tasks: HYPOTHESES,
      space: { n: { type: "int", low: 1, high: HYPOTHESES } },
    },
    experimenter: {
      type: "composed",
      executor: {
        type: "fake-batch",
        command: ["sh", "-c", 'echo "$AURA_TRIAL_ID" >> ran; echo "score: $1"', "sh", "{n}"],
      },
    },
  };
  const definitions = [fakeBatchExecutor(cluster, gatherMs)];
  return {
    cluster,
    dir,
    run: (more = {}, options = {}) => runData(dir, { ...spec, ...more }, { definitions, ...options }),
  };
}

const WAITS = {
  experimenter: {
    type: "composed",
    executor: {
      type: "fake-batch",
      command: [
        "sh",
        "-c",
        'echo "$AURA_TRIAL_ID" >> ran; while ! test -e go; do sleep 0.05; done; echo "score: $1"',
        "sh",
        "{n}",
      ],
    },
  },
};

const scores = ({ result }: SpecRun): unknown => [result.best?.score, result.exitCode];
const linesOf = (dir: TemporaryDirectory, file: string): readonly string[] =>
  (dir.read(file) ?? "").split("\n").filter((line) => line !== "");

describe("an executor that queues by itself", () => {
  it("gets all trials of an iteration together, whatever `parallel` is", async () => {
    const { cluster, run } = onCluster(2, LONG_MS);
    expect(scores(await run())).toEqual([HYPOTHESES, 0]);
    expect(cluster.submissions.map((names) => names.length)).toEqual([HYPOTHESES]);
  });

  it("has jobs that it lost run again, as infrastructure failures", async () => {
    const { cluster, dir, run } = onCluster(2, LONG_MS);
    cluster.lose(2);
    const done = await run();
    expect(scores(done)).toEqual([HYPOTHESES, 0]);
    expect(cluster.submissions.map((names) => names.length)).toEqual([HYPOTHESES, 2]);
    expect(linesOf(dir, "ran")).toHaveLength(HYPOTHESES);
    const lost = done.events.filter((event) => event.type === "trial.finished" && event.outcome.status === "lost");
    expect(lost).toHaveLength(2);
  });

  it("has what waits in its queue taken out when the run is stopped", async () => {
    const { cluster, dir, run } = onCluster(1);
    const stop = new AbortController();
    const command = ["sh", "-c", 'echo "$AURA_TRIAL_ID" >> ran; sleep 60'];
    const running = run(
      { experimenter: { type: "composed", executor: { type: "fake-batch", command } } },
      { signal: stop.signal },
    );
    await expect.poll(() => linesOf(dir, "ran"), { timeout: 10_000 }).toHaveLength(1);
    stop.abort(new Error("enough"));
    await running;
    expect(cluster.ran).toHaveLength(1);
  });

  it("has what waits taken out, and what runs finished, when the run is to start nothing more", async () => {
    const { cluster, dir, run } = onCluster(1);
    const drain = new AbortController();
    const running = run(WAITS, { drain: drain.signal });
    await expect.poll(() => linesOf(dir, "ran"), { timeout: 10_000 }).toHaveLength(1);
    drain.abort(new Error("soon"));
    dir.write("go", "");
    const { result, events } = await running;
    expect([result.reason, cluster.ran.length]).toEqual(["interrupted", 1]);
    expect(events.filter(({ type }) => type === "evaluation.scored")).toHaveLength(1);
    expect(scores(await run(WAITS))).toEqual([HYPOTHESES, 0]);
    expect(linesOf(dir, "ran")).toHaveLength(HYPOTHESES);
  });

  it("keeps its jobs when AURA is only to go, and a resume submits none again", async () => {
    const { cluster, dir, run } = onCluster(1);
    const drain = new AbortController();
    const running = run(WAITS, { drain: drain.signal });
    await expect.poll(() => linesOf(dir, "ran"), { timeout: 10_000 }).toHaveLength(1);
    drain.abort(new StopRequest(EXIT.terminated, true));
    expect((await running).result.exitCode).toBe(EXIT.terminated);
    dir.write("go", "");
    expect(scores(await run(WAITS))).toEqual([HYPOTHESES, 0]);
    expect([cluster.submissions.flat().length, linesOf(dir, "ran").length]).toEqual([HYPOTHESES, HYPOTHESES]);
  });

  it("starts nothing when the run is stopped while jobs are gathered", async () => {
    const { cluster, run } = onCluster();
    const stop = new AbortController();
    const onEvent: SpecRunOptions["onEvent"] = ({ type }) =>
      type === "trial.started" && stop.abort(new Error("enough"));
    await run({}, { signal: stop.signal, onEvent });
    expect(cluster.submissions).toEqual([]);
  });

  it("times out jobs by how long they run, not by how long they wait", async () => {
    const { run } = onCluster(1);
    const command = ["sh", "-c", 'sleep 0.8; echo "score: $1"', "sh", "{n}"];
    const executor = { type: "fake-batch", command, timeout: "2.5s" };
    expect(scores(await run({ experimenter: { type: "composed", executor } }))).toEqual([HYPOTHESES, 0]);
  });
});

describe("a run whose jobs outlive a killed AURA", () => {
  /** Runs with a kill at a crossing, and goes on with the same cluster. Answers what differs from an undisturbed run. */
  async function killed(plan: FaultPlan): Promise<{ readonly crashed: boolean; readonly wrong: readonly string[] }> {
    const { cluster, dir, run } = onCluster();
    const { effects } = faultyEffects(systemEffects(), plan);
    let crashed = false;
    try {
      await run({}, { effects });
    } catch (error) {
      crashed = hasCrashed(error);
      if (!crashed) throw error;
    }
    const done = await run();
    const ran = linesOf(dir, "ran");
    const what = `${plan.when} ${plan.at}`;
    const wrong = [
      ...(JSON.stringify(scores(done)) === JSON.stringify([HYPOTHESES, 0])
        ? []
        : [`${what}: ${JSON.stringify(done.result)}`]),
      ...(ran.length === HYPOTHESES ? [] : [`${what}: ran ${ran.join(" ")}`]),
      ...(cluster.submissions.flat().length === HYPOTHESES
        ? []
        : [`${what}: submitted ${cluster.submissions.length} times`]),
    ];
    return { crashed, wrong };
  }

  it("goes on with every one of them, and submits none twice, wherever the kill was", async () => {
    const whole = faultyEffects(systemEffects());
    await onCluster().run({}, { effects: whole.effects });
    const step = whole.crossings.length / KILLS;
    const ends = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const when = kill % 2 === 0 ? "before" : "after";
      ends.push(await killed({ at: 1 + Math.floor(kill * step), when, fault: "die" }));
    }
    expect(ends.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(ends.filter(({ crashed }) => crashed).length).toBeGreaterThan(KILLS / 2);
  }, 120_000);
});

function hasCrashed(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof SimulatedCrash) return true;
  return false;
}
