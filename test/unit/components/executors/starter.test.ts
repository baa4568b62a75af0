import { describe, expect, it } from "vitest";
import { NoEnvironment } from "../../../../src/components/environments/index.ts";
import { CommandExecutor, startLocally } from "../../../../src/components/executors/index.ts";
import { Interrupted } from "../../../../src/kernel/interrupted.ts";
import type { Ended, Job, RawResult, Starter } from "../../../../src/kernel/ports.ts";
import { ManualClock } from "../../../../src/testing/manual-clock.ts";
import { type ExecutionRig, executionRig, hypothesis } from "../../../support/execution-rig.ts";

const DONE: Ended = { end: "exited", exitCode: 0, signal: null };
const never = new Promise<Ended>(() => undefined);

/** A starter whose jobs end as `wait` says, and the jobs that it was given. */
function elsewhere(wait: (job: Job) => Promise<Ended>, more: Partial<Starter> = {}): { starter: Starter; jobs: Job[] } {
  const jobs: Job[] = [];
  const start: Starter["start"] = (batch) => {
    jobs.push(...batch);
    return batch.map((job) => ({ wait: () => wait(job), stop: () => undefined }));
  };
  return { starter: { start, ...more }, jobs };
}

async function run(rig: ExecutionRig, executor: CommandExecutor): Promise<RawResult> {
  const environment = await new NoEnvironment().prepare();
  return executor.run(hypothesis(), environment, rig.trial());
}

describe("what a starter adds", () => {
  it("is one thing: a command behind another, which may know what the trial may see and write", async () => {
    using rig = executionRig();
    const starter: Starter = {
      wrap: (command, { root, trialDir }) => ({ ...command, file: "echo", args: [root, trialDir, command.file] }),
    };
    const raw = await run(rig, new CommandExecutor("train --lr 1", {}, starter));
    const told = `${rig.dir.path} ${rig.dir.join("trials/i00001-h000-t00")} train`;
    expect(raw).toMatchObject({ kind: "process", end: "exited", lines: { stdout: [{ text: told }] } });
  });

  it("may be something around a process", async () => {
    using rig = executionRig();
    const said: string[] = [];
    const start: Starter["start"] = (jobs, ctx) =>
      jobs.map((job) => {
        said.push("mounted");
        const handle = startLocally(job, ctx.effects, ctx.signal);
        const wait = async (): Promise<Ended> => handle.wait().finally(() => said.push("unmounted"));
        return { ...handle, wait };
      });
    const executor = new CommandExecutor("sleep 60", { timeoutMs: 100 }, { start });
    expect(await run(rig, executor)).toMatchObject({ end: "timeout" });
    expect(said).toEqual(["mounted", "unmounted"]);
  });

  it("has its output read from the lines that it tells", async () => {
    using rig = executionRig();
    const { starter } = elsewhere(async (job) => {
      job.onLine("stdout", "score: 1");
      job.onLine("stderr", "so \u001b[31mbad");
      return { ...DONE, exitCode: 3 };
    });
    expect(await run(rig, new CommandExecutor("train", {}, starter))).toMatchObject({
      exitCode: 3,
      stdoutTail: "score: 1\n",
      stderrTail: "so [31mbad\n",
      lines: { stdout: [{ text: "score: 1" }] },
    });
  });
});

describe("a job that is no local process", () => {
  it("has a timeout of how long it runs, which counts from where it leaves its queue", async () => {
    const clock = new ManualClock();
    using rig = executionRig({ effects: { clock } });
    const { starter, jobs } = elsewhere(() => never);
    const running = run(rig, new CommandExecutor("train", { timeoutMs: 1000 }, starter));
    await expect.poll(() => jobs).toHaveLength(1);
    await clock.advance(60_000);
    jobs[0]?.running();
    await clock.advance(1000);
    await clock.advance(60_000);
    expect(await running).toMatchObject({ end: "timeout", message: expect.stringContaining("could not be ended") });
  });

  it("that cannot be ended when the run is stopped has no outcome: the next resume goes on with it", async () => {
    const clock = new ManualClock();
    using rig = executionRig({ effects: { clock } });
    const { starter, jobs } = elsewhere(() => never);
    const running = run(rig, new CommandExecutor("train", {}, starter));
    await expect.poll(() => jobs).toHaveLength(1);
    rig.stop.abort(new Error("enough"));
    const rejected = expect(running).rejects.toThrow(Interrupted);
    await expect.poll(() => clock.waiting).toBe(1);
    await clock.advance(60_000);
    await rejected;
  });

  it.each([
    ["has begun, though that was not told yet, is finished", false, "exited"],
    ["waits is kept from beginning and ended", true, "cancelled"],
  ])("that %s when the run is to start nothing more", async (_, isWaiting, end) => {
    using rig = executionRig();
    const drain = new AbortController();
    let finish = (_: Ended): void => undefined;
    const done = new Promise<Ended>((resolve) => {
      finish = resolve;
    });
    const asked: string[] = [];
    const hold = () => asked.push("hold") > 0 && isWaiting;
    const stop = () => {
      asked.push("stop");
      finish({ ...DONE, exitCode: 9 });
    };
    const start: Starter["start"] = (jobs) => {
      setImmediate(() => drain.abort(new Error("soon")));
      return jobs.map(() => ({ wait: () => done, hold, stop }));
    };
    const executor = new CommandExecutor("train", {}, { start, gatherMs: 1 });
    const environment = await new NoEnvironment().prepare();
    const running = executor.run(hypothesis(), environment, { ...rig.trial(), drain: drain.signal });
    await expect.poll(() => asked).toEqual(isWaiting ? ["hold", "stop"] : ["hold"]);
    finish(DONE);
    expect(await running).toMatchObject({ end });
  });

  it("that was left running took as long as it ran, not until it was found again", async () => {
    using rig = executionRig();
    const adopt = async () => ({ wait: async () => ({ ...DONE, durationMs: 1234 }), stop: () => undefined });
    const { starter } = elsewhere(() => never, { adopt });
    const took: (number | undefined)[] = [];
    const measured = ({ ranMs }: { ranMs?: number }) => void took.push(ranMs);
    const environment = await new NoEnvironment().prepare();
    const ctx = { ...rig.trial(), adopt: { ref: {}, startedAtMs: 0 }, measured };
    await new CommandExecutor("train", {}, starter).run(hypothesis(), environment, ctx);
    expect(took).toEqual([1234]);
  });

  it("that cannot be started is an infrastructure failure", async () => {
    using rig = executionRig();
    const start = (): never => {
      throw new Error("sbatch: no such partition");
    };
    expect(await run(rig, new CommandExecutor("train", {}, { start }))).toMatchObject({
      kind: "failure",
      status: "spawn-error",
      failure: { message: "sbatch: no such partition" },
    });
  });
});
