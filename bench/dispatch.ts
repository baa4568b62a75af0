// Dispatch of `true` with all records, against a raw spawn loop at the same concurrency and stdio in the same run:
// `npx tsx bench/dispatch.ts [trials] [folder]`. Both sides run in a plain node process.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, cleanEnvironment, median, report } from "./measure.ts";

const TRIALS = Number(process.argv[2] ?? 20_000);
const RAW = Math.min(TRIALS, 3000);
const CONCURRENCY = 2;
const WINDOW = 200;

const RAW_LOOP = `
const { spawn } = require("node:child_process");
let started = 0, done = 0;
const from = performance.now();
const next = () => {
  if (started === ${RAW}) return;
  started++;
  const child = spawn("true", [], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout.resume();
  child.stderr.resume();
  child.on("close", () => { if (++done === ${RAW}) console.log(${RAW} / ((performance.now() - from) / 1000)); next(); });
};
for (let lane = 0; lane < ${CONCURRENCY}; lane++) next();
`;

/**
 * Memory where there is such a place, unless a folder is named: the raw loop writes nothing, and a disk that takes a
 * millisecond to make a file, as ext4 does for minutes after many were deleted, would be most of what is seen.
 */
const place = process.argv[3] ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
const folder = mkdtempSync(join(place, "aura-bench-"));
const spec = join(folder, "spec.yaml");
writeFileSync(
  spec,
  `version: 1
name: bench
parallel: ${CONCURRENCY}
metric: { name: x }
stop: { hypotheses: ${TRIALS}, failures: ${TRIALS + 1} }
researcher: { type: search, method: random, num_tasks: 100, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: script, command: ["true"] }
`,
);

const rawRate = (): number =>
  Number(spawnSync(process.execPath, ["-e", RAW_LOOP], { env: cleanEnvironment(), encoding: "utf8" }).stdout.trim());

const before = rawRate();
const workspace = join(folder, "run");
spawnSync(process.execPath, [AURA, "run", spec, "--workspace", workspace, "--reporter", "silent"], {
  env: cleanEnvironment(),
  stdio: ["ignore", "ignore", "inherit"],
});
const after = rawRate();

const ends = readFileSync(join(workspace, "journal.jsonl"), "utf8")
  .split("\n")
  .filter((line) => line.includes('"trial.finished"'))
  .map((line) => Date.parse(JSON.parse(line).at));
const rateBetween = (from: number, to: number): number => ((to - from) * 1000) / ((ends[to] ?? 0) - (ends[from] ?? 0));
const raw = median([before, after, (before + after) / 2]);
const whole = rateBetween(WINDOW, ends.length - 1);
const early = rateBetween(WINDOW, 11 * WINDOW);
const late = rateBetween(ends.length - 1 - 10 * WINDOW, ends.length - 1);
console.log(
  `raw spawn loop ${raw.toFixed(0)}/s, aura ${whole.toFixed(0)}/s over ${ends.length} trials, workspace in ${place}`,
);
const results = [
  report("dispatch with all records / raw spawn loop", whole / raw, { atLeast: 0.6 }),
  report(`rate at trial ${ends.length} / rate at trial ${WINDOW}`, late / early, { atLeast: 0.9 }),
];
rmSync(folder, { recursive: true });
process.exitCode = results.every(Boolean) ? 0 : 1;
