import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProcessLimits, ProcessUsage } from "../../kernel/effects.ts";
import { send } from "./proc-fs.ts";

/** The limits that hold for all processes of a group together. */
export type GroupLimit = "memoryBytes" | "pids";

/** What differs between the two versions of control groups. */
interface Version {
  readonly tier: "cgroup-v1" | "cgroup-v2";
  /** The files that set a limit, the first of which has to be there. */
  readonly files: Readonly<Record<GroupLimit, readonly string[]>>;
  readonly events: string;
  readonly peak: string;
}

const V1: Version = {
  tier: "cgroup-v1",
  files: { memoryBytes: ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"], pids: ["pids.max"] },
  events: "memory.oom_control",
  peak: "memory.max_usage_in_bytes",
};
const V2: Version = {
  tier: "cgroup-v2",
  files: { memoryBytes: ["memory.max"], pids: ["pids.max"] },
  events: "memory.events",
  peak: "memory.peak",
};
const CONTROLLERS = { memoryBytes: "memory", pids: "pids" } as const;

/** Written into a file of the group, by a process that is to be in it. */
const MEMBERS = "cgroup.procs";
/** What a group is tried with: the kernel refuses more processes than it could ever have. */
const TRIED: Readonly<Record<GroupLimit, number>> = { memoryBytes: 2 ** 30, pids: 10_000 };

/** A folder in which groups can be made that hold a limit. */
interface Parent {
  readonly folder: string;
  readonly version: Version;
}

/** Control groups that this process may make, found out by making one for each limit and having a process join it. */
export class ControlGroups {
  readonly #parents: ReadonlyMap<GroupLimit, Parent>;
  readonly #prefix: string;
  #made = 0;

  constructor(mount = "/sys/fs/cgroup", membership = read("/proc/self/cgroup"), join = joins) {
    // A process may have several, and an earlier one with its number may have left trials that go on.
    this.#prefix = `aura-${process.pid}-${randomBytes(4).toString("hex")}-`;
    const limits = ["memoryBytes", "pids"] as const;
    this.#parents = new Map(
      limits.flatMap((limit) => {
        const parent = parents(limit, mount, membership).find((each) => this.#works(limit, each, join));
        return parent ? [[limit, parent] as const] : [];
      }),
    );
  }

  /** Removes groups of AURAs that have died, when nothing is in them any more. */
  removeDead(): void {
    for (const folder of new Set([...this.#parents.values()].map((parent) => parent.folder))) removeDead(folder);
  }

  /** What holds this limit; `null` when nothing does. */
  tier(limit: GroupLimit): Version["tier"] | null {
    return this.#parents.get(limit)?.version.tier ?? null;
  }

  /** A group that holds those of the limits that groups can hold here; `null` when that is none. */
  make(limits: ProcessLimits): ControlGroup | null {
    const folders = new Map<string, Version>();
    const name = `${this.#prefix}${this.#made++}`;
    for (const limit of ["memoryBytes", "pids"] as const) {
      const [value, parent] = [limits[limit], this.#parents.get(limit)];
      if (value === undefined || parent === undefined) continue;
      const folder = join(parent.folder, name);
      if (!folders.has(folder)) mkdirSync(folder);
      folders.set(folder, parent.version);
      setLimit(folder, parent.version, limit, value);
    }
    return folders.size === 0 ? null : new ControlGroup(folders);
  }

  #works(limit: GroupLimit, { folder, version }: Parent, joined: (members: string) => boolean): boolean {
    const group = join(folder, `aura-${process.pid}-probe`);
    try {
      mkdirSync(group, { recursive: true });
      setLimit(group, version, limit, TRIED[limit]);
      return joined(join(group, MEMBERS));
    } catch {
      return false;
    } finally {
      removeGroup(group);
    }
  }
}

/** One process and all that it starts, under limits that hold for them together. */
export class ControlGroup {
  /** Files that a process joins it by. */
  readonly members: readonly string[];
  readonly #folders: ReadonlyMap<string, Version>;

  constructor(folders: ReadonlyMap<string, Version>) {
    this.#folders = folders;
    this.members = [...folders.keys()].map((folder) => join(folder, MEMBERS));
  }

  /** The group that a process of an earlier AURA joined by these files; `null` when it joined none. */
  static ofMembers(members: readonly string[]): ControlGroup | null {
    const folders = members.map((file) => dirname(file));
    const version = (folder: string): Version => (existsSync(join(folder, V1.events)) ? V1 : V2);
    return folders.length === 0 ? null : new ControlGroup(new Map(folders.map((folder) => [folder, version(folder)])));
  }

  /** Whether the kernel has ended a process of it for want of memory. */
  ranOutOfMemory(): boolean {
    return [...this.#folders].some(([folder, { events }]) => /^oom_kill [1-9]/m.test(read(join(folder, events))));
  }

  usage(): ProcessUsage {
    const peaks = [...this.#folders].map(([folder, { peak }]) => Number(read(join(folder, peak)).trim()));
    const peakMemoryBytes = Math.max(...peaks);
    return peakMemoryBytes > 0 ? { peakMemoryBytes } : {};
  }

  /** Ends what is still in it, and removes it. Resolves when it is gone, or would not go in a second. */
  async end(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      for (const file of this.members) for (const pid of pidsIn(file)) send(pid, "SIGKILL");
      if ([...this.#folders.keys()].every(removeGroup)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Folders in which a group for this limit may be made: this process's own group, and with version 2 the one above it. */
function parents(limit: GroupLimit, mount: string, membership: string): readonly Parent[] {
  return membership.split("\n").flatMap((line): readonly Parent[] => {
    const [id, controllers = "", ...rest] = line.split(":");
    const path = rest.join(":");
    if (id === "0" && controllers === "") {
      return ["", ".."].map((up) => ({ folder: join(mount, path, up), version: V2 }));
    }
    if (!controllers.split(",").includes(CONTROLLERS[limit])) return [];
    return [{ folder: join(mount, controllers, path), version: V1 }];
  });
}

function setLimit(folder: string, { files }: Version, limit: GroupLimit, value: number): void {
  const [first = "", ...others] = files[limit];
  if (!existsSync(join(folder, first))) throw new Error(`${folder} has no ${first}`);
  const set = (file: string, text: string): void => writeFileSync(join(folder, file), text, { flag: "r+" });
  set(first, String(Math.floor(value)));
  // Where there is swap, it would take what memory may not.
  const swap = limit === "memoryBytes" ? [...others.map((file) => [file, String(Math.floor(value))] as const)] : [];
  for (const [file, text] of [...swap, ["memory.swap.max", "0"], ["memory.oom.group", "1"]] as const) {
    if (existsSync(join(folder, file))) set(file, text);
  }
}

function joins(members: string): boolean {
  return spawnSync("sh", ["-c", 'echo 0 >"$1"', "sh", members], { stdio: "ignore" }).status === 0;
}

function removeDead(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^aura-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeGroup(join(parent, name));
  }
}

/** Whether it is gone. The kernel keeps a group in which anything is. */
function removeGroup(folder: string): boolean {
  try {
    rmdirSync(folder);
  } catch {
    return !existsSync(folder);
  }
  return true;
}

function pidsIn(file: string): readonly number[] {
  return read(file)
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
