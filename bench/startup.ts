// Start-up of the built command against bare Node, in the same run: `npx tsx bench/startup.ts`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, medianRatio, report, timeNode } from "./measure.ts";

const ROUNDS = Number(process.argv[2] ?? 15);
const TRIALS = 1000;

const folder = mkdtempSync(join(tmpdir(), "aura-bench-"));
const workspace = join(folder, "run");
const spec = join(folder, "spec.yaml");
writeFileSync(
  spec,
  `version: 1
name: bench
parallel: 2
metric: { name: x }
stop: { hypotheses: ${TRIALS} }
researcher: { type: search, method: random, num_tasks: 100, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: script, command: ["echo", "x: {x}"] }
`,
);
const made = spawnSync(process.execPath, [AURA, "run", spec, "--workspace", workspace, "--reporter", "silent"], {
  stdio: "inherit",
});
if (made.status !== 0) throw new Error("the workspace to inspect could not be made");

const bare = (): number => timeNode(["-e", "0"]);
const results = [
  report(
    "aura --version / node -e 0",
    medianRatio(() => timeNode([AURA, "--version"]), bare, ROUNDS),
    { atMost: 1.15 },
  ),
  report(
    "aura --help / node -e 0",
    medianRatio(() => timeNode([AURA, "--help"]), bare, ROUNDS),
    { atMost: 2 },
  ),
  report(
    `aura inspect of ${TRIALS} trials / node -e 0`,
    medianRatio(() => timeNode([AURA, "inspect", workspace, "--json"]), bare, ROUNDS),
    { atMost: 2 },
  ),
];
rmSync(folder, { recursive: true });
process.exitCode = results.every(Boolean) ? 0 : 1;
