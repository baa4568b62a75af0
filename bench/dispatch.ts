// What a trial of `true` costs with all records, over a raw spawn loop at the same concurrency and stdio in the same run:
// `npx tsx bench/dispatch.ts [trials] [folder]`. Both sides run in a plain node process. A cost is the time for which a
// trial has its slot: median over windows of 200 trials.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, cleanEnvironment, median, report } from "./measure.ts";

const TRIALS = Number(process.argv[2] ?? 20_000);
const RAW = Math.min(TRIALS, 3000);
const CONCURRENCY = 2;
const WINDOW = 200;
/** Windows at either end that are compared with each other. */
const COMPARED = 10;

const RAW_LOOP = `
const { spawn } = require("node:child_process");
let started = 0;
const ends = [];
const next = () => {
  if (started === ${RAW}) return;
  started++;
  const child = spawn("true", [], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout.resume();
  child.stderr.resume();
  child.on("close", () => { if (ends.push(performance.now()) === ${RAW}) console.log(JSON.stringify(ends)); next(); });
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

/** Milliseconds for which a trial has its slot, window by window. */
const slotTimes = (ends: readonly number[]): readonly number[] => {
  const times: number[] = [];
  for (let to = WINDOW; to < ends.length; to += WINDOW)
    times.push((((ends[to] ?? 0) - (ends[to - WINDOW] ?? 0)) / WINDOW) * CONCURRENCY);
  return times;
};
const raw = (): readonly number[] =>
  slotTimes(
    JSON.parse(spawnSync(process.execPath, ["-e", RAW_LOOP], { env: cleanEnvironment(), encoding: "utf8" }).stdout),
  );

const before = raw();
const workspace = join(folder, "run");
spawnSync(process.execPath, [AURA, "run", spec, "--workspace", workspace, "--reporter", "silent"], {
  env: cleanEnvironment(),
  stdio: ["ignore", "ignore", "inherit"],
});
const after = raw();

const ends = readFileSync(join(workspace, "journal.jsonl"), "utf8")
  .split("\n")
  .filter((line) => line.includes('"trial.finished"'))
  .map((line) => Date.parse(JSON.parse(line).at));
rmSync(folder, { recursive: true });
const trial = slotTimes(ends);
const [ofTrial, ofSpawn] = [median(trial), median([...before, ...after])];
console.log(
  `raw spawn ${ofSpawn.toFixed(1)} ms, trial ${ofTrial.toFixed(1)} ms over ${ends.length} trials, workspace in ${place}`,
);
// Each against the raw spawns next to it in time: the machine may have been busier at one end.
const late = median(trial.slice(-COMPARED)) / median(after);
const early = median(trial.slice(0, COMPARED)) / median(before);
const results = [
  report("trial with all records - raw spawn", ofTrial - ofSpawn, { atMost: 12, unit: " ms" }),
  report(`trial ${ends.length} / trial ${WINDOW}`, late / early, { atMost: 1.1 }),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
