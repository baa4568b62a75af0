/**
 * The program that runs one job on a node of a cluster: `cluster-child FOLDER INDEX`. The job's file says what to run and
 * how; it is run as AURA runs processes of its own, at most once, and its end is left in a file, which is the truth.
 */
import { dirname } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import type { View } from "../kernel/starter.ts";
import { defined, isJsonObject, type JsonObject, parseJson } from "../model/json.ts";
import { type NodeEnd, type NodeJob, nodeFiles } from "./cluster-job.ts";
import { endedChildrenCpuSeconds } from "./process/proc-fs.ts";
import { systemEffects } from "./system.ts";
import { type Mounted, mount, unmount } from "./views.ts";

/** Variables of the job that its command needs: what the cluster has given to it. */
const OF_THE_CLUSTER = /^SLURM_|^(?:CUDA|ROCR|HIP|GPU|ZE)_.*(?:DEVICE|AFFINITY)/;

const [folder = "", index = ""] = process.argv.slice(2);
const effects = systemEffects();
const { files, processes } = effects;
const paths = nodeFiles(folder, index);
const { SLURM_JOB_ID: id = "", SLURMD_NODENAME: node = "", SLURM_RESTART_COUNT: restarts = "0" } = process.env;

/** Waits for what AURA is to find, then for nothing. */
async function main(): Promise<void> {
  const job = parseJson(files.readText(paths.job) ?? "");
  if (!isNodeJob(job)) return;
  if (!claimed()) {
    if (restarts !== "0") end({ ...NOT_RUN, message: `${node} got it back from its queue: it may have run before` });
    return;
  }
  // It may hold secrets.
  files.remove(paths.job);
  let asked = false;
  const stop = new AbortController();
  process.on("SIGTERM", () => {
    asked = true;
    stop.abort(new Error("the cluster ended it"));
  });
  const cluster = Object.entries(process.env).filter(([name]) => OF_THE_CLUSTER.test(name));
  const env = { ...Object.fromEntries(cluster.map(([name, value = ""]) => [name, value])), ...job.env };
  end({ ...(await run({ ...job, env }, stop.signal)), asked });
  processes.killAll();
  process.exit();
}

/** To its end, on its views, which are gone then. */
async function run({ views = [], ...job }: NodeJob, signal: AbortSignal): Promise<NodeEnd> {
  const mounted: Mounted[] = [];
  try {
    for (const view of views) mounted.push(await mount(view, effects, signal));
    const { end: how, exitCode, signal: by, durationMs, message, usage } = await processes.run(job, signal);
    const { SLURM_JOB_GPUS: gpus = process.env.CUDA_VISIBLE_DEVICES } = process.env;
    const cpuSeconds = Math.max(usage?.cpuSeconds ?? 0, endedChildrenCpuSeconds());
    const seen = { cpuSeconds, load: processes.load(), ...(gpus ? { devices: gpus.split(",") } : {}) };
    return { end: how, exitCode, signal: by, durationMs, usage: { ...usage, ...seen }, ...defined({ message }) };
  } catch (thrown) {
    const what = mounted.length < views.length ? "bindfs cannot mount a view" : "its output cannot be kept";
    const message = `${what} on ${node}: ${messageOf(thrown)}`;
    return { ...NOT_RUN, end: signal.aborted ? "cancelled" : "spawn-error", message };
  } finally {
    await cleared(mounted, views).catch((thrown) => process.stderr.write(`${messageOf(thrown)}\n`));
  }
}

async function cleared(mounted: readonly Mounted[], views: readonly View[]): Promise<void> {
  for (const view of mounted) await unmount(view, effects);
  for (const { at } of views) files.remove(dirname(at));
}

const NOT_RUN: NodeEnd = { end: "lost", exitCode: null, signal: null, durationMs: 0 };

/** Whether this is the first to begin; AURA, which has given up on the job, may have been. */
function claimed(): boolean {
  try {
    return files.createExclusive(paths.claim, JSON.stringify({ job: id, node }));
  } catch {
    return false;
  }
}

/** The first end counts. */
function end(how: NodeEnd): void {
  files.createExclusive(paths.end, JSON.stringify(how));
}

/** AURA wrote it, whole, for this program: what kind it is tells enough. */
function isNodeJob(job: unknown): job is NodeJob & JsonObject {
  return isJsonObject(job) && typeof job.file === "string" && Array.isArray(job.args) && isJsonObject(job.env);
}

void main();
