import { loadavg, platform } from "node:os";
import type { Clock, ProcessRunner } from "../../kernel/effects.ts";
import type { Ending } from "./ending.ts";
import { isWhole, readExit } from "./lasting.ts";
import { endLeftovers, Leftovers, TreeWatch } from "./leftovers.ts";
import { Limits } from "./limits.ts";
import { type OomKills, systemOomKills } from "./oom.ts";
import { Identities, ProcessTable } from "./proc-fs.ts";
import { adoptProcess, type RunHost, runProcess } from "./run.ts";

export interface LocalProcessesOptions {
  /** Times deadlines and durations. */
  readonly clock: Clock;
  readonly oomKills?: OomKills;
}

/**
 * Runs processes on this machine. `killAll` is synchronous and also reaches what has left its group but carries the
 * marker of one of this runner's processes: called on exit, it is what keeps any of them from outliving AURA.
 */
export function localProcesses(options: LocalProcessesOptions): ProcessRunner {
  const running = new Set<Ending>();
  const leftovers = new Leftovers();
  const identities = new Identities();
  const { clock, oomKills = systemOomKills() } = options;
  const host: RunHost = {
    clock,
    identities,
    leftovers,
    table: new ProcessTable(),
    trees: new TreeWatch(),
    running,
    oomKills,
    limits: new Limits(),
  };
  return {
    self: identities.self,
    run: (request, signal) => runProcess(request, signal, host),
    adopt: (request, left, signal) => adoptProcess(request, left, signal, host),
    isAdoptable: (lasting, identity) =>
      isWhole(lasting) && (identities.isAlive(identity) || readExit(lasting) !== null),
    killAll: () => {
      for (const ending of running) ending.force({ end: "cancelled", message: "AURA is ending" });
      leftovers.sweepAll();
    },
    load: () => (platform() === "linux" ? (loadavg()[0] ?? null) : null),
    limitTiers: (limits) => host.limits.tiers(limits),
    isAlive: (identity) => identities.isAlive(identity),
    endLeftovers: (recorded, prefix, but = new Set()) => {
      leftovers.spare(but);
      if (but.size === 0) host.limits.removeDead();
      const matches = (marker: string): boolean => marker.startsWith(prefix) && !but.has(marker);
      return endLeftovers(recorded, prefix === "" ? null : matches, identities);
    },
  };
}
