import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** The project's folder. */
export const ROOT = resolve(import.meta.dirname, "..");
export const AURA = resolve(ROOT, "bin/aura.cjs");

/**
 * The environment of both sides of a comparison. A CA bundle in `NODE_EXTRA_CA_CERTS` makes Node 20 start three times
 * slower and would hide most of the difference.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
  return { ...rest, NO_COLOR: "1" };
}

/** Wall-clock milliseconds of one run of a Node program; throws when it fails. */
export function timeNode(args: readonly string[]): number {
  const from = performance.now();
  const done = spawnSync(process.execPath, args, { env: cleanEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
  const took = performance.now() - from;
  if (done.status !== 0) throw new Error(`node ${args.join(" ")} ended with ${done.status}: ${done.stderr.toString()}`);
  return took;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Median of the pairwise ratios of two interleaved series. */
export function medianRatio(subject: () => number, baseline: () => number, rounds: number): number {
  subject();
  baseline();
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) ratios.push(subject() / baseline());
  return median(ratios);
}

/** Prints one measurement and remembers whether it is within its limit. */
export function report(
  name: string,
  ratio: number,
  limit: { readonly atMost?: number; readonly atLeast?: number; readonly unit?: string },
): boolean {
  const within =
    (limit.atMost === undefined || ratio <= limit.atMost) && (limit.atLeast === undefined || ratio >= limit.atLeast);
  const bound = limit.atMost === undefined ? `>= ${limit.atLeast}` : `<= ${limit.atMost}`;
  console.log(`${within ? "ok  " : "MISS"}  ${name}: ${ratio.toFixed(2)}${limit.unit ?? "x"} (${bound})`);
  return within;
}
