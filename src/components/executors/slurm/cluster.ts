import type { Handle, Job } from "../../../kernel/ports.ts";
import type { RunContext } from "../../../kernel/run-context.ts";
import { defined, isJsonObject, type JsonObject, parseJson } from "../../../model/json.ts";
import { type NodeJob, nodeFiles } from "../../../platform/cluster-job.ts";
import { ownProgram } from "../../../platform/own-program.ts";
import { jobKey, SlurmClient } from "./client.ts";
import { ClusterJob, type Place } from "./job.ts";
import { ClusterWatch } from "./watch.ts";

/** How long a cluster that takes no jobs is left alone at most. */
const SLOWEST_SUBMIT_MS = 60_000;
/** Files of jobs that are over are kept until their trials are recorded. */
const KEEP_MS = 10_000;
const RUN = "run.sh";
const SCRIPT =
  '#!/bin/sh\n# Runs one job of the array: its own program, with its place in the array.\nexec "$@" "$SLURM_ARRAY_TASK_ID"\n';
const NAME = /^aura-[0-9a-f]{16}$/;

/** What does not differ between the jobs of a run. */
export interface ClusterOptions {
  /** For `sbatch`, before what AURA says itself; `timeoutMs` is the longest that a job may run. */
  arguments(timeoutMs: number): readonly string[];
  readonly pollMs: number;
  readonly queueTimeoutMs: number | undefined;
  /** On the node, commands are in a sandbox. */
  readonly isolated: boolean;
}

/** The jobs of one run in a Slurm cluster: submits them, finds them again, and has all of them watched together. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #ctx: RunContext;
  readonly #client: SlurmClient;
  readonly #watch: ClusterWatch;
  readonly #submitting = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();
  readonly #told = new Set<string>();
  #over: { readonly job: ClusterJob; readonly at: number }[] = [];
  #cancelling: { readonly jobs: ClusterJob[]; readonly done: Promise<void> } | null = null;

  constructor(options: ClusterOptions, ctx: RunContext) {
    this.#options = options;
    this.#ctx = ctx;
    this.#client = new SlurmClient(ctx.effects, ctx.mark, ctx.settings.root);
    this.#watch = new ClusterWatch({
      ...{ options, client: this.#client, clock: ctx.effects.clock, files: ctx.effects.files },
      isSubmitting: ({ place }) => this.#submitting.has(place.name),
      cancel: (job) => this.#cancel(job),
      over: (job) => this.#over.push({ job, at: ctx.effects.clock.monotonic() }),
      tell: (what, message) => this.#tell(what, message),
    });
  }

  /** Submits jobs as arrays, those with the same timeout together. */
  async start(jobs: readonly Job[]): Promise<readonly Handle[]> {
    this.#tidy();
    const { maxArraySize, killWaitMs } = await this.#client.settings();
    const handles = new Map<Job, ClusterJob>();
    for (const timeoutMs of new Set(jobs.map((job) => job.timeoutMs))) {
      const alike = jobs.filter((job) => job.timeoutMs === timeoutMs);
      for (let from = 0; from < alike.length; from += maxArraySize) {
        const array = this.#array(alike.slice(from, from + maxArraySize), killWaitMs);
        for (const job of array) handles.set(job.job, job);
        const [{ place }] = array as [ClusterJob];
        const submitting = this.#submit(array, timeoutMs).catch((error) => {
          for (const job of array) job.fail(error);
        });
        this.#submitting.set(
          place.name,
          submitting.finally(() => this.#submitting.delete(place.name)),
        );
      }
    }
    this.#watch.begin(this.#options.pollMs);
    return jobs.flatMap((job) => handles.get(job) ?? []);
  }

  /** Goes on with a job by what was recorded of it; `null` when that says nothing. */
  adopt({ name, index, job: id }: JsonObject, job: Job): Handle | null {
    if (typeof name !== "string" || !NAME.test(name) || typeof index !== "number" || !Number.isSafeInteger(index))
      return null;
    const found = this.#job({ name, folder: this.#folder(name), index }, job);
    if (typeof id === "string") found.id = id;
    this.#watch.begin(0);
    return found;
  }

  /** Ends what an earlier AURA was ending when it was killed. */
  async endStopped(): Promise<void> {
    const { files } = this.#ctx.effects;
    for (const { name } of files.list(this.#folder("")) ?? []) {
      const present = (files.list(this.#folder(name)) ?? []).map((entry) => entry.name);
      const stopped = present.filter((file) => file.endsWith(".stop")).map((file) => file.slice(0, -".stop".length));
      if (stopped.length === 0) continue;
      const states = await this.#client.states([name]);
      if (!states.ok) continue;
      await this.#client.cancel(stopped.flatMap((index) => states.jobs.get(jobKey(name, index))?.id ?? []));
      for (const index of stopped) {
        for (const path of Object.values(nodeFiles(this.#folder(name), index))) files.remove(path);
      }
    }
  }

  close(): void {
    this.#closed.abort();
    this.#watch.close();
    this.#tidy(0);
    this.#sweep();
  }

  /** Removes what no trial waits for any more, such as of an AURA that was killed, or of a node that came late. */
  #sweep(): void {
    const { files } = this.#ctx.effects;
    for (const { name } of files.list(this.#folder("")) ?? []) {
      const folder = this.#folder(name);
      const jobs = (files.list(folder) ?? []).filter((entry) => entry.name.endsWith(".job.json"));
      const isFinished = jobs.every((entry) => {
        const job = parseJson(files.readText(`${folder}/${entry.name}`) ?? "");
        const trial = isJsonObject(job) && isJsonObject(job.env) ? job.env.AURA_TRIAL_ID : null;
        return typeof trial === "string" && this.#ctx.workspace.readTrial(trial) !== null;
      });
      if (isFinished) files.remove(folder);
    }
    this.#removeEmpty();
  }

  #removeEmpty(): void {
    const { files } = this.#ctx.effects;
    const all = this.#folder("");
    if (files.list(all)?.length === 0) files.remove(all);
  }

  #folder(name: string): string {
    return `${this.#ctx.workspace.root}/jobs/${name}`;
  }

  #job(place: Place, job: Job): ClusterJob {
    const made = new ClusterJob(place, job, this.#ctx, (one) => this.#cancel(one));
    this.#watch.add(made);
    return made;
  }

  /** Writes down what the array is to do, and on the disk of each trial which job it will be. */
  #array(jobs: readonly Job[], killWaitMs: number): readonly ClusterJob[] {
    const { files, token } = this.#ctx.effects;
    const name = `aura-${token(8)}`;
    const folder = this.#folder(name);
    files.makeDirectory(folder, 0o700);
    files.writeAtomic(`${folder}/${RUN}`, SCRIPT, { mode: 0o700 });
    const array = jobs.map((job, index) => {
      const { job: path, stdout, stderr } = nodeFiles(folder, index);
      const { file, args, cwd, env, views, timeoutMs, limits, outputLimitBytes } = job;
      // Here a sweep for what this run left would find it, where AURA's machine is a node.
      const marker = `${name}/${index}`;
      const graceMs = Math.min(job.graceMs, killWaitMs / 2);
      const node: NodeJob = {
        ...{ file, args, cwd, timeoutMs, limits, graceMs, marker, isolated: this.#options.isolated },
        ...defined({ views, outputLimitBytes }),
        env: { ...env, AURA_TRIAL: marker },
        logs: { stdout, stderr },
      };
      files.writeAtomic(path, JSON.stringify(node), { mode: 0o600 });
      return this.#job({ name, folder, index }, job);
    });
    files.flush([...array.map(({ files: { job } }) => job), `${folder}/${RUN}`, folder]);
    for (const { job, ref } of array) job.known(ref);
    return array;
  }

  /** Until the cluster has taken the array, or says that it never will. */
  async #submit(array: readonly ClusterJob[], timeoutMs: number): Promise<void> {
    const [{ place }] = array as [ClusterJob];
    const { clock } = this.#ctx.effects;
    const program = [...ownProgram("cluster-child"), place.folder];
    const own = [
      "--parsable",
      "--no-requeue",
      `--job-name=${place.name}`,
      `--comment=aura ${this.#ctx.runId}`,
      `--chdir=${place.folder}`,
      `--output=${logPattern(place.folder)}`,
      "--open-mode=append",
      `--array=0-${array.length - 1}`,
    ];
    const args = [...this.#options.arguments(timeoutMs), ...own, `${place.folder}/${RUN}`, ...program];
    for (let wait = this.#options.pollMs; ; wait = Math.min(wait * 2, SLOWEST_SUBMIT_MS)) {
      const answer = await this.#client.submit(args);
      if (answer.ok) {
        const [id] = (answer.lines.at(-1) ?? "").split(";");
        if (id) this.#submitted(array, (job) => `${id}_${job.place.index}`);
        return;
      }
      if (!answer.passes) {
        for (const job of array) job.end("spawn-error", `sbatch: ${answer.message}`);
        return;
      }
      this.#tell("cluster-away", `the cluster takes no jobs for now, and is asked again: ${answer.message}`);
      await clock.sleep(wait, this.#closed.signal).catch(() => undefined);
      if (this.#closed.signal.aborted || array.every((job) => job.isStopping || job.isOver)) return;
      // It may have taken them although its answer was lost.
      const states = await this.#client.states([place.name]);
      if (!states.ok || states.jobs.size === 0) continue;
      this.#submitted(array, (job) => states.jobs.get(job.key)?.id ?? null);
      return;
    }
  }

  #submitted(array: readonly ClusterJob[], idOf: (job: ClusterJob) => string | null): void {
    for (const job of array) {
      job.id = idOf(job);
      job.wasThere = job.id !== null;
      if (job.id !== null) job.job.known(job.ref);
    }
  }

  /** Takes jobs out of the cluster; those of which it is asked at about the same time together. */
  #cancel(job: ClusterJob): Promise<void> {
    if (this.#cancelling !== null) {
      this.#cancelling.jobs.push(job);
      return this.#cancelling.done;
    }
    const jobs = [job];
    const done = this.#ctx.effects.clock.turn().then(async () => {
      this.#cancelling = null;
      await Promise.all(jobs.map(({ place }) => this.#submitting.get(place.name)));
      await this.#client.cancel(jobs.flatMap(({ id }) => id ?? []));
      this.#watch.begin(0);
    });
    this.#cancelling = { jobs, done };
    return done;
  }

  /** Once a run. */
  #tell(what: string, message: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#ctx.emit({ type: "warning", code: what.split(" ")[0] ?? what, message });
  }

  #tidy(keepMs = KEEP_MS): void {
    const { clock, files } = this.#ctx.effects;
    const old = this.#over.filter(({ at }) => clock.monotonic() - at >= keepMs);
    this.#over = this.#over.filter((one) => !old.includes(one));
    for (const { job } of old) job.removeFiles();
    for (const folder of new Set(old.map(({ job }) => job.place.folder))) {
      if (files.list(folder)?.every(({ name }) => name === RUN)) files.remove(folder);
    }
    this.#removeEmpty();
  }
}

/** Where the cluster is to write what it has to say of each job. In a path with a backslash it fills in nothing. */
function logPattern(folder: string): string {
  return folder.includes("\\") ? "/dev/null" : `${folder.replaceAll("%", "%%")}/%a.log`;
}
