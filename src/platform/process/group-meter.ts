import { join } from "node:path";
import type { Files, ProcessUsage } from "../../kernel/effects.ts";

/** What a group tells since its start, by the controller of version 1, or none; `per` second or byte. */
const MEASURES = [
  { controller: "", file: "cpu.stat", tells: "cpuSeconds", per: 1e6 },
  { controller: "", file: "memory.peak", tells: "peakMemoryBytes", per: 1 },
  // A kernel older than 5.19 keeps no peak.
  { controller: "", file: "memory.current", tells: "peakMemoryBytes", per: 1 },
  { controller: "cpuacct", file: "cpuacct.usage", tells: "cpuSeconds", per: 1e9 },
  { controller: "memory", file: "memory.max_usage_in_bytes", tells: "peakMemoryBytes", per: 1 },
] as const;
const NUMBER = /^(?:usage_usec )?(\d+)$/m;

/** What is used in a control group that another program made, from looks at it while it is there. */
export class GroupMeter {
  readonly #files: Pick<Files, "readText">;
  readonly #measures: readonly ((typeof MEASURES)[number] & { readonly path: string })[];
  readonly #seen: { cpuSeconds?: number; peakMemoryBytes?: number } = {};

  /** The group that a process is in, if `name` is in the group's: the process may be one of another machine. */
  constructor(pid: number, name: string, files: Pick<Files, "readText">) {
    this.#files = files;
    this.#measures = this.#read(`/proc/${pid}/cgroup`)
      .split("\n")
      .flatMap((line) => {
        const [, controllers = "", ...rest] = line.split(":");
        const group = rest.join(":");
        const own = MEASURES.filter(({ controller }) => controllers.split(",").includes(controller));
        if (!group.includes(name)) return [];
        return own.map((each) => ({ ...each, path: join("/sys/fs/cgroup", controllers, group, each.file) }));
      });
  }

  look(): void {
    for (const { path, tells, per } of this.#measures) {
      const value = Number(NUMBER.exec(this.#read(path))?.[1] ?? 0) / per;
      if (value > (this.#seen[tells] ?? 0)) this.#seen[tells] = value;
    }
  }

  /** Nothing of what no look has seen. */
  usage(): ProcessUsage {
    return { ...this.#seen };
  }

  #read(path: string): string {
    try {
      return this.#files.readText(path) ?? "";
    } catch {
      return "";
    }
  }
}
