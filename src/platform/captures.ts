import { Worker } from "node:worker_threads";
import type { Clock } from "../kernel/effects.ts";

/** Characters of a capture that are kept. */
const LONGEST = 100;

/** Runs beside AURA, because a regular expression that takes forever can only be ended with its thread. */
const PROGRAM = `
const { parentPort, workerData: { patterns, lines, longest } } = require("node:worker_threads");
for (const pattern of patterns) {
  const expression = new RegExp(pattern);
  const captures = [];
  for (const line of lines) {
    const match = expression.exec(line);
    if (match) captures.push((match.slice(1).find((group) => group !== undefined) ?? match[0]).slice(0, longest));
  }
  parentPort.postMessage(captures);
}`;

/**
 * What each pattern finds in the lines, in their order: the first group that took part in a match, or else the whole
 * match, one a line. Patterns that were not through with all lines in time are missing at the end.
 */
export async function capturesIn(
  lines: readonly string[],
  patterns: readonly string[],
  timeoutMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly (readonly string[])[]> {
  signal.throwIfAborted();
  const found: string[][] = [];
  const worker = new Worker(PROGRAM, { eval: true, workerData: { patterns, lines, longest: LONGEST } });
  using deadline = clock.deadline(timeoutMs);
  const end = (): void => void worker.terminate();
  const stopped = AbortSignal.any([signal, deadline.signal]);
  stopped.addEventListener("abort", end, { once: true });
  await new Promise<void>((resolve, reject) => {
    worker.on("message", (captures: string[]) => found.push(captures));
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
  signal.throwIfAborted();
  return found;
}
