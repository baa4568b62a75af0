// What executors add to a start of `true`: `npx tsx bench/executors.ts [trials]`. A trial, with all its records, over a bare
// spawn of the same program by Node in the same run; in a sandbox, over a bare bwrap with the same options. Each at a
// time, medians.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, cleanEnvironment, median, report } from "./measure.ts";

const TRIALS = Number(process.argv[2] ?? 300);
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "aura-bench-"));

function isThere(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

/** Milliseconds from spawn to close. */
function bare([file = "", ...args]: readonly string[]): Promise<number> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    child.stdout.resume();
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", () => resolve(performance.now() - from));
  });
}

async function bareAll(argv: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < TRIALS; n++) times.push(await bare(argv));
  return median(times);
}

/** Median time from the end of a trial to that of the next, and the command of one as it was started. */
function trials(type: string): { readonly ms: number; readonly argv: readonly string[] } {
  const spec = join(folder, `${type}.yaml`);
  writeFileSync(
    spec,
    `version: 1
name: bench
metric: { name: x }
stop: { hypotheses: ${TRIALS}, failures: ${TRIALS + 1} }
start: may_fail
researcher: { type: search, method: random, num_tasks: 100, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: composed, executor: { type: ${type}, command: ["true"] } }
`,
  );
  const workspace = join(folder, type);
  const args = ["run", spec, "--workspace", workspace, "--reporter", "silent", "--parallel", "1"];
  spawnSync(process.execPath, [AURA, ...args], { env: cleanEnvironment(), stdio: "ignore" });
  const lines = readFileSync(join(workspace, "journal.jsonl"), "utf8").trim().split("\n");
  const ends = lines.map((line) => JSON.parse(line)).filter(({ type: event }) => event === "trial.finished");
  const times = ends.map(({ at }) => Date.parse(at));
  // A journal counts whole milliseconds: windows of ten trials.
  const windows = times.flatMap((at, n) => (n % 10 === 0 && n > 0 ? [(at - (times[n - 10] ?? at)) / 10] : []));
  const trial = JSON.parse(readFileSync(join(workspace, "iterations/00001/trials/i00001-h000-t00.json"), "utf8"));
  return { ms: median(windows), argv: trial.attempts[0].command };
}

const results: boolean[] = [];
const script = trials("script");
const ofTrue = await bareAll(["true"]);
console.log(`bare spawn ${ofTrue.toFixed(1)} ms, trial by script ${script.ms.toFixed(1)} ms`);
results.push(report("script - bare spawn", script.ms - ofTrue, { atMost: 12, unit: " ms" }));

if (isThere("bwrap")) {
  const { ms, argv } = trials("bwrap");
  // As it was started, without the shell that opens descriptor 3, and without the folder of a trial that is gone.
  const words = argv.slice(argv.indexOf("--json-status-fd") + 2);
  const own = words.indexOf("--bind");
  const ofBwrap = await bareAll(["bwrap", ...words.slice(0, own), ...words.slice(own + 3)]);
  console.log(`bare bwrap ${ofBwrap.toFixed(1)} ms, trial by bwrap ${ms.toFixed(1)} ms`);
  results.push(report("bwrap - bare bwrap", ms - ofBwrap, { atMost: 12, unit: " ms" }));
}

if (isThere("bindfs")) {
  const { ms } = trials("bindfs");
  console.log(`trial by bindfs ${ms.toFixed(1)} ms`);
  results.push(report("bindfs - script", ms - script.ms, { atMost: 12, unit: " ms" }));
}

rmSync(folder, { recursive: true });
process.exitCode = results.every(Boolean) ? 0 : 1;
