import { describe, expect, onTestFinished, test } from "vitest";
import { ClusterJob } from "../../../../../src/components/executors/slurm/job.ts";
import { temporaryDirectory } from "../../../../../src/testing/temp-dir.ts";
import { trueJob } from "../../../../support/cluster-job.ts";
import { stageContext } from "../../../../support/stage-context.ts";

const LATE_MS = 60_000;
const state = (name: string, reason = "None") => ({ id: "7_0", state: name, reason });

/** A job of an array, and the folder that its node would write to. */
function clusterJob() {
  const dir = temporaryDirectory();
  onTestFinished(() => dir[Symbol.dispose]());
  const ctx = stageContext({ root: dir.path });
  const started: number[] = [];
  const job = trueJob(dir, { running: () => void started.push(0) });
  const made = new ClusterJob({ name: "aura-x", folder: dir.path, index: 0 }, job, ctx, async () => undefined);
  const look = (): void => made.look(new Set((ctx.effects.files.list(dir.path) ?? []).map(({ name }) => name)));
  return { dir, job: made, look, started };
}

test("a job that has begun is not held back, though that was not seen yet", () => {
  const { dir, job } = clusterJob();
  dir.write("0.claim.json", "{}");
  expect(job.hold()).toBe(false);
  expect(clusterJob().job.hold()).toBe(true);
});

test("a job that is given up says why, also when its cluster has forgotten it before that is told", async () => {
  const { job } = clusterJob();
  job.wasThere = true;
  const given = job.giveUp("it waited for too long");
  job.gone(null, 0);
  await given;
  expect(await job.wait()).toMatchObject({ end: "cancelled", message: "it waited for too long" });
});

describe("a job that Slurm calls over", () => {
  test.each([
    ["CANCELLED", "cancelled"],
    ["TIMEOUT", "timeout"],
    ["OUT_OF_MEMORY", "out-of-memory"],
    ["NODE_FAIL", "lost"],
    ["PREEMPTED", "lost"],
    ["FAILED", "lost"],
  ])("as %s ends as %s when it had begun and left no end, also when Slurm forgets it meanwhile", async (said, end) => {
    const { dir, job, look, started } = clusterJob();
    dir.write("0.claim.json", "{}");
    look();
    job.gone(state(said), LATE_MS);
    expect([job.isOver, started.length]).toEqual([false, 1]);
    job.gone(null, 0);
    expect(await job.wait()).toMatchObject({ end, message: expect.stringContaining(said) });
  });

  test("counts as what its own end says, whatever Slurm says", async () => {
    const { dir, job, look } = clusterJob();
    dir.write("0.claim.json", "{}");
    job.gone(state("NODE_FAIL"), LATE_MS);
    const end = JSON.stringify({ end: "exited", exitCode: 3, signal: null, durationMs: 5 });
    // Not every file system makes a file with its contents at once.
    for (const written of ["", end.slice(0, 20)]) {
      dir.write("0.end.json", written);
      look();
      expect(job.isOver).toBe(false);
    }
    dir.write("0.end.json", end);
    look();
    // The load of AURA's machine is not that of the node.
    expect(await job.wait()).toMatchObject({ end: "exited", exitCode: 3, usage: { load: null } });
  });

  test("and was ended by its cluster waits for why that was", async () => {
    const { dir, job, look } = clusterJob();
    dir.write("0.claim.json", "{}");
    dir.write(
      "0.end.json",
      JSON.stringify({ end: "cancelled", exitCode: null, signal: null, durationMs: 5, asked: true }),
    );
    look();
    expect([job.isOver, job.isUnexplained]).toEqual([false, true]);
    job.gone(state("TIMEOUT", "TimeLimit"), LATE_MS);
    expect(await job.wait()).toMatchObject({ end: "timeout", message: "Slurm says TIMEOUT (TimeLimit)" });
  });

  test("without having begun could not be started, and says what the cluster wrote", async () => {
    const { dir, job } = clusterJob();
    dir.write("0.log", "run.sh: 4: exec: /opt/node: not found\n");
    job.gone(state("FAILED"), LATE_MS);
    expect(await job.wait()).toMatchObject({
      end: "spawn-error",
      message: expect.stringContaining("/opt/node: not found"),
    });
    expect(dir.read("0.claim.json")).not.toBeNull();
  });

  test("was taken out of the queue when it never began and is gone, and is lost when nobody knows it", async () => {
    const [taken, unknown] = [clusterJob().job, clusterJob().job];
    taken.wasThere = true;
    for (const job of [taken, unknown]) job.gone(null, LATE_MS);
    expect([(await taken.wait()).end, (await unknown.wait()).end]).toEqual(["cancelled", "lost"]);
  });
});
