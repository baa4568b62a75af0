import { hostname } from "node:os";
import type { ProcessIdentity, ProcessRunner } from "../../kernel/effects.ts";
import { readBootId, readPidNamespace, readStat } from "./proc-fs.ts";

/** Names processes of this machine so that they can be told from later ones that got the same id. */
export class Identities {
  readonly #bootId = readBootId();
  readonly self: ProcessRunner["self"] = {
    ...this.of(process.pid),
    host: hostname(),
    bootId: this.#bootId,
    ...readPidNamespace(),
  };

  /** Identity of a live process. The start time holds the boot too: ticks start again when the machine does. */
  of(pid: number): ProcessIdentity {
    const startTicks = readStat(pid)?.startTicks;
    return startTicks === undefined ? { pid } : { pid, startedAt: this.#startedAt(startTicks) };
  }

  /** Whether exactly this process lives. One that ended and was not collected yet is dead. */
  isAlive(identity: ProcessIdentity): boolean {
    const { pid, startedAt } = identity;
    if (!Number.isInteger(pid) || pid <= 0) return false;
    const stat = readStat(pid);
    // Where /proc is missing or hides other users' processes, the id is all there is to go by.
    if (stat === null) return this.#mayExist(pid);
    if (stat.state === "Z" || stat.state === "X") return false;
    return startedAt === undefined || startedAt === this.#startedAt(stat.startTicks);
  }

  #mayExist(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch (thrown) {
      return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
    }
  }

  #startedAt(ticks: string): string {
    return `${ticks}@${this.#bootId.slice(0, 8)}`;
  }
}
