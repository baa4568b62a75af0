import type { ProcessUsage } from "../../kernel/effects.ts";
import { readUse } from "./proc-fs.ts";

/** What a tree of processes uses, from looks at it while it runs: what begins and ends between two looks is not seen. */
export class UsageMeter {
  #cpuSeconds = 0;
  #peakBytes = 0;

  look(processes: Iterable<number>): void {
    let cpuSeconds = 0;
    let bytes = 0;
    for (const pid of processes) {
      const use = readUse(pid);
      if (use === null) continue;
      cpuSeconds += use.cpuSeconds;
      bytes += use.residentBytes;
      this.#peakBytes = Math.max(this.#peakBytes, use.peakBytes);
    }
    this.#cpuSeconds = Math.max(this.#cpuSeconds, cpuSeconds);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }

  /** Nothing of what no look has seen. */
  usage(): ProcessUsage {
    return {
      ...(this.#cpuSeconds > 0 ? { cpuSeconds: this.#cpuSeconds } : {}),
      ...(this.#peakBytes > 0 ? { peakMemoryBytes: this.#peakBytes } : {}),
    };
  }
}
