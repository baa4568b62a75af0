import { expect, test } from "vitest";
import { Cluster } from "../../../../../src/components/executors/slurm/cluster.ts";
import type { Effects } from "../../../../../src/kernel/effects.ts";
import { ManualClock } from "../../../../../src/testing/manual-clock.ts";
import { temporaryDirectory } from "../../../../../src/testing/temp-dir.ts";
import { trueJob } from "../../../../support/cluster-job.ts";
import { stageContext } from "../../../../support/stage-context.ts";

const HOUR_MS = 3_600_000;
const NAME = "aura-0123456789abcdef";

test("a job is looked for soon at first and seldom after hours, and its scheduler is asked less often than that, once a second at most", async () => {
  using dir = temporaryDirectory();
  const ctx = stageContext({ root: dir.path });
  const clock = new ManualClock();
  const looks: number[] = [];
  const asks: number[] = [];
  const { files, processes } = ctx.effects;
  const effects: Effects = {
    ...ctx.effects,
    clock,
    files: {
      ...files,
      list: (path) => {
        looks.push(clock.monotonic());
        return files.list(path);
      },
    },
    processes: {
      ...processes,
      run: async ({ onLine }) => {
        asks.push(clock.monotonic());
        onLine?.("stdout", `7_0|RUNNING|None|${NAME}`);
        const said = { stdoutTail: "", stderrTail: "", stdoutBytes: 0, stderrBytes: 0 };
        return { end: "exited", exitCode: 0, signal: null, durationMs: 5, ...said };
      },
    },
  };
  const options = { pollMs: 5000, queueTimeoutMs: undefined, isolated: false, arguments: () => [] };
  const cluster = new Cluster(options, { ...ctx, effects });
  dir.write(`jobs/${NAME}/0.claim.json`, "{}");
  const handle = cluster.adopt({ name: NAME, index: 0 }, trueJob(dir));
  await clock.advance(1000);
  expect(looks.length).toBeGreaterThan(3);
  await clock.advance(3 * HOUR_MS);
  const inLast = (ms: number, times: readonly number[]): number =>
    times.filter((time) => time > clock.monotonic() - ms).length;
  expect(inLast(HOUR_MS, looks)).toBeLessThanOrEqual(HOUR_MS / 5000 + 60);
  expect(inLast(HOUR_MS, asks)).toBeLessThanOrEqual(60);
  const end = { end: "exited", exitCode: 0, signal: null, durationMs: 3 * HOUR_MS };
  // Its cluster ends it, and may forget soon why.
  dir.write(`jobs/${NAME}/0.end.json`, JSON.stringify({ ...end, asked: true }));
  await clock.advance(15_000);
  expect(inLast(10_000, asks)).toBeGreaterThanOrEqual(5);
  expect(inLast(10_000, asks)).toBeLessThanOrEqual(10);
  dir.write(`jobs/${NAME}/0.end.json`, JSON.stringify(end));
  await clock.advance(5000);
  expect(await handle?.wait()).toMatchObject({ end: "exited", exitCode: 0, durationMs: 3 * HOUR_MS });
  cluster.close();
});
