import type { ProcessEnd } from "../../../kernel/effects.ts";

const FINAL: ReadonlyMap<string, ProcessEnd> = new Map([
  ["COMPLETED", "lost"],
  ["FAILED", "lost"],
  ["CANCELLED", "cancelled"],
  ["TIMEOUT", "timeout"],
  ["DEADLINE", "timeout"],
  ["OUT_OF_MEMORY", "out-of-memory"],
  ["NODE_FAIL", "lost"],
  ["BOOT_FAIL", "lost"],
  ["PREEMPTED", "lost"],
  ["REVOKED", "lost"],
]);

/** How a job in this state came to its end if it did not leave one itself; `null` while it is not over. */
export function endOf(state: string): ProcessEnd | null {
  return FINAL.get(state) ?? null;
}
