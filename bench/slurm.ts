// What AURA adds to an array of 200 jobs in a Slurm cluster: `npx tsx bench/slurm.ts [jobs]`, with SLURM_CONF naming a cluster
// (`.ci/slurm start DIR` starts one). From the submission to the end of the last `true`: an array made by hand, and the
// same as trials, with all their records. Turn by turn, medians. It takes minutes, and says little on a machine that is busy:
// a scheduler that looks once a second doubles what takes a little more than that.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, cleanEnvironment, median, report } from "./measure.ts";

const JOBS = Number(process.argv[2] ?? 200);
const ROUNDS = 3;
const folder = mkdtempSync(join(tmpdir(), "aura-bench-"));

function tool(file: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** Seconds that an array by hand takes, seen as AURA sees it: by a file that each job leaves. */
function byHand(round: number): number {
  const script = join(folder, "true.sh");
  writeFileSync(
    script,
    '#!/bin/sh\ntrue\necho 0 > "$SLURM_ARRAY_TASK_ID.part" && mv "$SLURM_ARRAY_TASK_ID.part" "$SLURM_ARRAY_TASK_ID.end"\n',
  );
  const place = join(folder, `hand-${round}`);
  tool("mkdir", place);
  const from = performance.now();
  tool("sbatch", `--array=0-${JOBS - 1}`, `--chdir=${place}`, "--output=%a.log", "--mem=16M", "--time=3", script);
  while (tool("sh", "-c", 'ls "$1" | grep -c "end$" || true', "sh", place) !== String(JOBS)) tool("sleep", "0.5");
  return (performance.now() - from) / 1000;
}

function byAura(round: number): number {
  const spec = join(folder, "spec.yaml");
  writeFileSync(
    spec,
    `version: 1
name: bench
metric: { name: x }
stop: { hypotheses: ${JOBS}, failures: ${JOBS + 1} }
start: may_fail
researcher: { type: search, method: random, num_tasks: ${JOBS}, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: composed, executor: { type: slurm, command: ["true"], mem: 16M, time: 3m } }
`,
  );
  const workspace = join(folder, `run-${round}`);
  const args = ["run", spec, "--workspace", workspace, "--reporter", "silent"];
  spawnSync(process.execPath, [AURA, ...args], { env: cleanEnvironment(), stdio: "ignore" });
  const lines = readFileSync(join(workspace, "journal.jsonl"), "utf8").trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  const times = (type: string): readonly number[] =>
    events.filter((event) => event.type === type).map(({ at }) => Date.parse(at));
  if (times("trial.finished").length !== JOBS)
    throw new Error(`${times("trial.finished").length} trials have finished`);
  return (Math.max(...times("trial.finished")) - Math.min(...times("trial.started"))) / 1000;
}

const hand: number[] = [];
const aura: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const [seconds, trials] = [byHand(round), byAura(round)];
  console.log(`round ${round + 1} of ${ROUNDS}: ${seconds.toFixed(1)} s by hand, ${trials.toFixed(1)} s as trials`);
  hand.push(seconds);
  aura.push(trials);
}
rmSync(folder, { recursive: true });
console.log(`${JOBS} jobs: ${median(hand).toFixed(1)} s by hand, ${median(aura).toFixed(1)} s as trials`);
process.exitCode = report("slurm over the same array by hand", median(aura) / median(hand), { atMost: 1.2 }) ? 0 : 1;
