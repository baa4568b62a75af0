import type { ProcessLimits } from "../kernel/effects.ts";

/**
 * What keeps this machine from holding local processes to these limits, or `null` when nothing does. Limits are those
 * of `prlimit`: the kernel does not count the processes of root.
 */
export function limitGap(limits: ProcessLimits, uid: number | undefined = process.getuid?.()): string | null {
  if (process.platform !== "linux" && Object.keys(limits).length > 0)
    return `limits are not enforced on ${process.platform}`;
  if (limits.pids !== undefined && uid === 0) {
    return "limits.pids is not enforced for root; run AURA as another user, or use a sandbox or a container";
  }
  return null;
}
