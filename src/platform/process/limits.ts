import type { LimitTiers, ProcessLimits } from "../../kernel/effects.ts";
import { type ControlGroup, ControlGroups } from "./control-groups.ts";
import { type LimitMeans, prlimitPath } from "./invocation.ts";

/** How a process is held to its limits. */
export interface Held extends LimitMeans {
  readonly tiers: LimitTiers;
  readonly group: ControlGroup | null;
}

/** What of this machine can hold processes to limits, found out when it is first asked for. */
export class Limits {
  #groups: ControlGroups | null = null;

  /** What holds each of these limits. `prlimit` cannot bound the processes of root: the kernel does not count them. */
  tiers({ memoryBytes, pids, ...others }: ProcessLimits, uid: number | undefined = process.getuid?.()): LimitTiers {
    const rlimit = process.platform === "linux" && prlimitPath() !== null ? "rlimit" : "none";
    const each = Object.entries(others).filter(([, value]) => value !== undefined);
    return {
      ...(memoryBytes === undefined ? {} : { memoryBytes: this.#known().tier("memoryBytes") ?? rlimit }),
      ...(pids === undefined ? {} : { pids: this.#known().tier("pids") ?? (uid === 0 ? "none" : rlimit) }),
      ...Object.fromEntries(each.map(([name]) => [name, rlimit])),
    };
  }

  /** Makes ready for a process under these limits. Throws when the system refuses a control group. */
  hold(limits: ProcessLimits | undefined): Held {
    if (limits === undefined || Object.keys(limits).length === 0) return { tiers: {}, each: {}, group: null };
    const tiers = this.tiers(limits);
    const held = new Map(Object.entries(tiers));
    const each = Object.fromEntries(Object.entries(limits).filter(([name]) => held.get(name) === "rlimit"));
    return { tiers, each, group: this.#known().make(limits) };
  }

  /** Gives back what AURAs that have died had made. */
  removeDead(): void {
    this.#groups?.removeDead();
  }

  #known(): ControlGroups {
    this.#groups ??= new ControlGroups();
    return this.#groups;
  }
}
