// 50 commands started together on one workspace whose run outlasts them, against 50 empty Node programs.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AURA, cleanEnvironment, median, report } from "./measure.ts";

const CROWD = 50;
const ROUNDS = 5;

const SPEC = `version: 1
name: crowd
metric: { name: score }
stop: { iterations: 1 }
researcher: { type: search, method: random, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: script, command: [sleep, "600"] }
`;

interface Ended {
  readonly code: number | null;
  readonly atMs: number;
}

/** Starts a crowd at once; answers when and how each ended. All but `left` are waited for, the rest are then ended. */
async function crowd(args: readonly string[], cwd: string, left: number): Promise<readonly Ended[]> {
  const from = performance.now();
  const ended: Ended[] = [];
  const children = Array.from({ length: CROWD }, () =>
    spawn(process.execPath, args, { cwd, env: cleanEnvironment(), stdio: "ignore" }),
  );
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((done) =>
          child.on("exit", (code) => {
            ended.push({ code, atMs: performance.now() - from });
            if (ended.length === CROWD - left) for (const other of children) other.kill("SIGINT");
            if (ended.length === CROWD - left)
              setTimeout(() => {
                for (const other of children) other.kill("SIGINT");
              }, 100);
            done();
          }),
        ),
    ),
  );
  return ended.slice(0, CROWD - left);
}

const ratios: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const dir = mkdtempSync(join(tmpdir(), "aura-bench-contention-"));
  writeFileSync(join(dir, "spec.yaml"), SPEC);
  const bare = await crowd(["-e", "0"], dir, 0);
  const commands = await crowd([AURA, "run", "spec.yaml", "--reporter", "silent"], dir, 1);
  const refused = commands.filter(({ code }) => code === 3).length;
  if (refused !== CROWD - 1)
    throw new Error(`${refused} of ${CROWD} ended with 3: ${commands.map(({ code }) => code).join(" ")}`);
  ratios.push((commands.at(-1)?.atMs ?? Number.NaN) / (bare.at(-1)?.atMs ?? Number.NaN));
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = report(`last of ${CROWD - 1} refused commands / last of ${CROWD} bare Node`, median(ratios), {
  atMost: 4,
})
  ? 0
  : 1;
