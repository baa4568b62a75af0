import { readFileSync } from "node:fs";

/** Reads how many processes of AURA's own control group the kernel has killed for memory; `null` where it does not tell. */
export type OomKills = () => number | null;

/**
 * The kernel's count of memory kills in this process's control group (version 2 or 1). That it rose while a process
 * lived is the evidence that lets a SIGKILL be called `out-of-memory`; the signal alone has too many other causes.
 */
export function systemOomKills(): OomKills {
  const file = counterFile();
  return () => (file === null ? null : countIn(file));
}

function counterFile(): string | null {
  let groups: string;
  try {
    groups = readFileSync("/proc/self/cgroup", "latin1");
  } catch {
    return null;
  }
  for (const line of groups.split("\n")) {
    const [id, controllers, ...rest] = line.split(":");
    const path = rest.join(":");
    const candidates =
      id === "0" && controllers === ""
        ? [`/sys/fs/cgroup${path}/memory.events`, "/sys/fs/cgroup/memory.events"]
        : controllers?.split(",").includes("memory")
          ? [`/sys/fs/cgroup/memory${path}/memory.oom_control`, "/sys/fs/cgroup/memory/memory.oom_control"]
          : [];
    const found = candidates.find((candidate) => countIn(candidate) !== null);
    if (found !== undefined) return found;
  }
  return null;
}

function countIn(file: string): number | null {
  try {
    const match = /^oom_kill (\d+)$/m.exec(readFileSync(file, "latin1"));
    return match?.[1] === undefined ? null : Number(match[1]);
  } catch {
    return null;
  }
}
