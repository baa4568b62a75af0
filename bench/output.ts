// A trial that writes 50 MB of two-byte lines, against a Node program that reads the same bytes line by line from the
// same writer: `npx tsx bench/output.ts [megabytes]`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, medianRatio, report, timeNode } from "./measure.ts";

const BYTES = Number(process.argv[2] ?? 50) * 1_000_000;
const ROUNDS = 3;

const folder = mkdtempSync(join(tmpdir(), "aura-bench-output-"));
const writer = `yes x | head -c ${BYTES}; echo score=1`;
const spec = join(folder, "spec.yaml");
writeFileSync(
  spec,
  `version: 1
name: output
metric: { name: score }
stop: { hypotheses: 1 }
researcher: { type: search, method: random, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: script, shell: true, command: "${writer}" }
`,
);
const reader = join(folder, "reader.mjs");
writeFileSync(
  reader,
  `import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
const child = spawn("sh", ["-c", ${JSON.stringify(writer)}], { stdio: ["ignore", "pipe", "ignore"] });
let lines = 0;
for await (const _ of createInterface({ input: child.stdout })) lines++;
if (lines !== ${BYTES / 2 + 1}) throw new Error(lines + " lines");
`,
);

let round = 0;
function timeTrial(): number {
  const workspace = join(folder, `run-${round++}`);
  const took = timeNode([AURA, "run", spec, "--workspace", workspace, "--reporter", "silent"]);
  const best = spawnSync(process.execPath, [AURA, "inspect", workspace, "--json"], { encoding: "utf8" });
  if (JSON.parse(best.stdout).best?.score !== 1) throw new Error("the trial has no score");
  console.log(`  trial with ${BYTES / 1e6} MB of output: ${(took / 1000).toFixed(1)} s`);
  return took;
}

const ratio = medianRatio(timeTrial, () => timeNode([reader]), ROUNDS);
rmSync(folder, { recursive: true });
process.exitCode = report("trial that floods its output / Node reading it by lines", ratio, { atMost: 1 }) ? 0 : 1;
