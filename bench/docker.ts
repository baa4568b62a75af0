// What AURA adds to a container: `npx tsx bench/docker.ts [trials]`. A trial of `true`, with all its records, over the same
// calls of the client made by hand in the same run: run, inspect, rm; and a trial in a warm container over the same trial.
// Each at a time, medians.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AURA, cleanEnvironment, median, ROOT, report } from "./measure.ts";

const TRIALS = Number(process.argv[2] ?? 40);
const IMAGE = "aura-busybox";
const made = spawnSync("sh", [resolve(ROOT, "test/support/docker-image.sh"), IMAGE], { stdio: "inherit" });
if (made.status !== 0) throw new Error("this needs a Docker daemon, and busybox");
const folder = mkdtempSync(join(tmpdir(), "aura-bench-"));

/** Runs a command with an open stdin of its own and pipes, as AURA does, until they are closed. */
function bare([file = "", ...args]: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, cwd: folder });
    child.stdout.resume();
    child.stderr.resume();
    child.on("error", fail);
    child.on("close", () => done());
  });
}

/** The time that a trial of `true` takes, from the end of the one before. */
function ofTrial(warm: boolean): { readonly ms: number; readonly workspace: string } {
  writeFileSync(
    join(folder, "spec.yaml"),
    `version: 1
name: bench
metric: { name: x }
stop: { hypotheses: ${TRIALS}, failures: ${TRIALS + 1} }
start: may_fail
researcher: { type: search, method: random, num_tasks: ${TRIALS}, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: composed, environment: { type: docker, image: ${IMAGE}, warm: ${warm} }, executor: { type: script, command: ["true"] } }
`,
  );
  const workspace = join(folder, warm ? "warm" : "cold");
  const args = ["run", join(folder, "spec.yaml"), "--workspace", workspace, "--reporter", "silent", "--parallel", "1"];
  spawnSync(process.execPath, [AURA, ...args], { env: cleanEnvironment(), stdio: "ignore" });
  const lines = readFileSync(join(workspace, "journal.jsonl"), "utf8").trim().split("\n");
  const ends = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "trial.finished");
  const times = ends.map(({ at }) => Date.parse(at));
  return { ms: median(times.slice(1).map((at, n) => at - (times[n] ?? at))), workspace };
}

const { ms: cold, workspace } = ofTrial(false);
const { ms: warm } = ofTrial(true);

// The words of a trial as it was started, behind the shell that stands for AURA in the job of a cluster.
const trial = JSON.parse(readFileSync(join(workspace, "iterations/00001/trials/i00001-h000-t00.json"), "utf8"));
const command: readonly string[] = trial.attempts[0].command;
const words = command.slice(command.indexOf("--rm") + 1);
const name = words[words.indexOf("--name") + 1] ?? "";
const own = words.findIndex((word) => word.includes(`dst=${workspace}/iterations/`));
const run = ["docker", "run", ...words.slice(0, own - 1), ...words.slice(own + 1)];
const byHand: number[] = [];
for (let n = 0; n < TRIALS; n++) {
  const from = performance.now();
  await bare(run);
  await bare(["docker", "inspect", "--format", "{{json .State}}", "--", name]);
  await bare(["docker", "rm", "--force", "--volumes", "--", name]);
  byHand.push(performance.now() - from);
}
console.log(
  `by hand ${median(byHand).toFixed(0)} ms, a trial ${cold.toFixed(0)} ms, in a warm container ${warm.toFixed(0)} ms`,
);
const isNear = report("docker / the same calls by hand", cold / median(byHand), { atMost: 1.2 });
const isFaster = report("docker, warm / cold", warm / cold, { atMost: 0.75 });
process.exitCode = isNear && isFaster ? 0 : 1;
rmSync(folder, { recursive: true });
