import { expect, test } from "vitest";
import { DockerClient } from "../../../../src/components/environments/docker/client.ts";
import { ContainerMeter } from "../../../../src/components/environments/docker/meter.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { ManualClock } from "../../../../src/testing/index.ts";

const ID = "a".repeat(64);
const FILES: Readonly<Record<string, string>> = {
  "/proc/7/cgroup": `0::/docker/${ID}\n`,
  [`/sys/fs/cgroup/docker/${ID}/cpu.stat`]: "usage_usec 2500000\n",
};

/** A meter of a container of which the daemon says these, one after the other, and how often it was asked. */
function metered(answers: readonly string[]) {
  const { files, processes, ...others } = systemEffects();
  const clock = new ManualClock();
  let asked = 0;
  const client = new DockerClient({
    ...others,
    clock,
    files: { ...files, readText: (path) => FILES[path] ?? null },
    processes: {
      ...processes,
      run: async ({ onLine }) => {
        onLine?.("stdout", answers[asked++] ?? "");
        const said = { stdoutBytes: 0, stderrBytes: 0, stdoutTail: "", stderrTail: "" };
        return { end: "exited", exitCode: 0, signal: null, durationMs: 1, ...said };
      },
    },
  });
  return { clock, meter: new ContainerMeter("c", client), asked: () => asked };
}

test("the daemon is asked nothing about a container that ends soon, and nothing waits for it any more", async () => {
  const { clock, meter, asked } = metered([`7 ${ID}`]);
  await clock.advance(400);
  expect(meter.end()).toEqual({});
  await clock.advance(10_000);
  expect([asked(), clock.waiting]).toEqual([0, 0]);
});

test("the daemon is asked until a container has been started, and then no more", async () => {
  const { clock, meter, asked } = metered([`0 ${ID}`, `7 ${ID}`]);
  await clock.advance(10_000);
  expect(meter.end()).toEqual({ cpuSeconds: 2.5 });
  expect(asked()).toBe(2);
});
