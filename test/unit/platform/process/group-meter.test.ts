import { expect, test } from "vitest";
import { GroupMeter } from "../../../../src/platform/process/group-meter.ts";

const ID = "0123abcd";

/** A meter of process 7 in these files, after a look at them. */
function metered(files: Readonly<Record<string, string>>) {
  const present = new Map(Object.entries(files));
  const meter = new GroupMeter(7, ID, { readText: (path) => present.get(path) ?? null });
  meter.look();
  return { meter, present };
}

test("a group of version 2 tells its CPU time and most memory at a time", () => {
  const group = `/sys/fs/cgroup/system.slice/docker-${ID}.scope`;
  const { meter } = metered({
    "/proc/7/cgroup": `0::/system.slice/docker-${ID}.scope\n`,
    [`${group}/cpu.stat`]: "usage_usec 2500000\nuser_usec 2000000\n",
    [`${group}/memory.peak`]: "5000\n",
    [`${group}/memory.current`]: "4000\n",
  });
  expect(meter.usage()).toEqual({ cpuSeconds: 2.5, peakMemoryBytes: 5000 });
});

test("where a group keeps no peak, the most that was seen counts, and a group that is gone takes nothing back", () => {
  const { meter, present } = metered({
    "/proc/7/cgroup": `0::/${ID}\n`,
    [`/sys/fs/cgroup/${ID}/memory.current`]: "4000\n",
  });
  for (const later of ["6000\n", "1000\n"]) {
    present.set(`/sys/fs/cgroup/${ID}/memory.current`, later);
    meter.look();
  }
  present.clear();
  meter.look();
  expect(meter.usage()).toEqual({ peakMemoryBytes: 6000 });
});

test("groups of version 1 tell it, each controller for itself", () => {
  const { meter } = metered({
    "/proc/7/cgroup": `4:memory:/docker/${ID}\n2:cpu,cpuacct:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/\n`,
    [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage`]: "1250000000\n",
    [`/sys/fs/cgroup/memory/docker/${ID}/memory.max_usage_in_bytes`]: "7000\n",
  });
  expect(meter.usage()).toEqual({ cpuSeconds: 1.25, peakMemoryBytes: 7000 });
});

test("a process of this machine that has the number of one of another is not taken for it", () => {
  const { meter } = metered({
    "/proc/7/cgroup": "0::/user.slice\n",
    "/sys/fs/cgroup/user.slice/cpu.stat": "usage_usec 2500000\n",
  });
  expect(meter.usage()).toEqual({});
});

test("what cannot be read is left out", () => {
  const broken = () => {
    throw new Error("no such device");
  };
  const meter = new GroupMeter(7, ID, { readText: broken });
  meter.look();
  expect(meter.usage()).toEqual({});
});
