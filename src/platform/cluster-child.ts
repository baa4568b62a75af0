/**
 * The program that runs one job on a node of a cluster: `cluster-child FOLDER INDEX`. The job's file says what to run and
 * how; it is run as AURA runs processes of its own, at most once, and its end is left in a file, which is the truth.
 */
import { defined, isJsonObject, type JsonObject, parseJson } from "../model/json.ts";
import { type NodeEnd, type NodeJob, nodeFiles } from "./cluster-job.ts";
import { systemEffects } from "./system.ts";

/** Variables of the job that its command needs: what the cluster has given to it. */
const OF_THE_CLUSTER = /^SLURM_|^(?:CUDA|ROCR|HIP|GPU|ZE)_.*(?:DEVICE|AFFINITY)/;

const [folder = "", index = ""] = process.argv.slice(2);
const { files, processes } = systemEffects();
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
  const { end: how, exitCode, signal, durationMs, message, usage } = await processes.run({ ...job, env }, stop.signal);
  end({ end: how, exitCode, signal, durationMs, asked, ...defined({ message, usage }) });
  processes.killAll();
  process.exit();
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
