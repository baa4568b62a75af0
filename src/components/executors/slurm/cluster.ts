import type { Handle, Job } from "../../../kernel/ports.ts";
import type { RunContext } from "../../../kernel/run-context.ts";
import { defined, isJsonObject, type JsonObject, parseJson } from "../../../model/json.ts";
import { type NodeJob, nodeFiles } from "../../../platform/cluster-job.ts";
import { ownProgram } from "../../../platform/own-program.ts";
import { type JobState, jobKey, SlurmClient } from "./client.ts";
import { ClusterJob, type Place } from "./job.ts";
import { endOf } from "./states.ts";

/** Files are looked at after a tenth of the time for which they have not changed, within these; the scheduler is asked less often. */
const SOONEST_LOOK_MS = 200;
const SLOWEST_LOOK_MS = 5000;
/** How often the scheduler is asked at most. */
const SOONEST_POLL_MS = 1000;
const SLOWEST_POLL_MS = 60_000;
/** How late a file of a node may be seen here. */
const FILE_LAG_MS = 60_000;
/** After it, why jobs wait is told. */
const PATIENCE_MS = 60_000;
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

/** The jobs of one run in a Slurm cluster: submits them, finds them again, and watches over all of them together. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #ctx: RunContext;
  readonly #client: SlurmClient;
  readonly #open = new Map<string, ClusterJob>();
  readonly #submitting = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();
  readonly #told = new Set<string>();
  #over: { readonly job: ClusterJob; readonly at: number }[] = [];
  #cancelling: { readonly jobs: ClusterJob[]; readonly done: Promise<void> } | null = null;
  #isWatching = false;
  #isPolling = false;
  #pollMs: number;
  #nextPoll = 0;
  #polledAt = Number.NEGATIVE_INFINITY;
  /** How many files there were in the folders of jobs that are not over, and since when. */
  #seen = { files: 0, since: 0 };
  #awake = new AbortController();

  constructor(options: ClusterOptions, ctx: RunContext) {
    this.#options = options;
    this.#ctx = ctx;
    this.#client = new SlurmClient(ctx.effects, ctx.mark, ctx.settings.root);
    this.#pollMs = options.pollMs;
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
    this.#pollMs = this.#options.pollMs;
    this.#nextPoll = Math.min(this.#nextPoll, this.#ctx.effects.clock.monotonic() + this.#pollMs);
    void this.#watch();
    return jobs.flatMap((job) => handles.get(job) ?? []);
  }

  /** Goes on with a job by what was recorded of it; `null` when that says nothing. */
  adopt({ name, index, job: id }: JsonObject, job: Job): Handle | null {
    if (typeof name !== "string" || !NAME.test(name) || typeof index !== "number" || !Number.isSafeInteger(index))
      return null;
    const found = this.#job({ name, folder: this.#folder(name), index }, job);
    if (typeof id === "string") found.id = id;
    this.#nextPoll = 0;
    void this.#watch();
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
    this.#awake.abort();
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
    this.#open.set(made.key, made);
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
      `--output=${place.folder.replaceAll("%", "%%")}/%a.log`,
      "--open-mode=append",
      `--array=0-${array.length - 1}`,
    ];
    const args = [...this.#options.arguments(timeoutMs), ...own, `${place.folder}/${RUN}`, ...program];
    for (let wait = this.#options.pollMs; ; wait = Math.min(wait * 2, SLOWEST_POLL_MS)) {
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
      this.#nextPoll = 0;
      await this.#client.cancel(jobs.flatMap(({ id }) => id ?? []));
      this.#stir();
    });
    this.#cancelling = { jobs, done };
    return done;
  }

  /** Until all jobs are over, also those that are added meanwhile. */
  async #watch(): Promise<void> {
    const { clock } = this.#ctx.effects;
    this.#stir();
    if (this.#isWatching) return;
    this.#isWatching = true;
    while (this.#open.size > 0 && !this.#closed.signal.aborted) {
      try {
        this.#look();
      } catch (error) {
        for (const job of this.#open.values()) job.fail(error);
      }
      // Files tell on while the scheduler does not answer.
      if (this.#isDue() && !this.#isPolling) void this.#poll();
      for (const job of this.#open.values()) {
        if (!job.isOver) continue;
        this.#open.delete(job.key);
        this.#over.push({ job, at: clock.monotonic() });
      }
      this.#awake = new AbortController();
      const sameMs = clock.monotonic() - this.#seen.since;
      const lookMs = Math.min(Math.max(sameMs / 10, SOONEST_LOOK_MS), SLOWEST_LOOK_MS, this.#options.pollMs);
      await clock.sleep(lookMs, this.#awake.signal).catch(() => undefined);
    }
    this.#isWatching = false;
  }

  /** Something is about to change: it is looked for at once and often. */
  #stir(): void {
    this.#seen = { ...this.#seen, since: this.#ctx.effects.clock.monotonic() };
    this.#awake.abort();
  }

  #isDue(): boolean {
    const now = this.#ctx.effects.clock.monotonic();
    const isAsked = [...this.#open.values()].some((job) => job.isUnexplained);
    return now >= this.#nextPoll || (isAsked && now - this.#polledAt >= SOONEST_POLL_MS);
  }

  #look(): void {
    const { files, clock } = this.#ctx.effects;
    const folders = new Map<string, ReadonlySet<string>>();
    for (const job of this.#open.values()) {
      const { folder } = job.place;
      const listed = folders.get(folder) ?? new Set(files.list(folder)?.map(({ name }) => name));
      folders.set(folder, listed);
      job.look(listed);
    }
    const count = [...folders.values()].reduce((sum, { size }) => sum + size, 0);
    if (count !== this.#seen.files) this.#seen = { files: count, since: clock.monotonic() };
  }

  /** Asks the scheduler about all jobs at once: less and less often while nothing changes. */
  async #poll(): Promise<void> {
    const isSubmitted = ({ isOver, place }: ClusterJob): boolean => !isOver && !this.#submitting.has(place.name);
    const asked = [...this.#open.values()].filter(isSubmitted);
    if (asked.length === 0) return;
    this.#isPolling = true;
    this.#polledAt = this.#ctx.effects.clock.monotonic();
    try {
      await this.#ask(asked);
    } catch (error) {
      for (const job of asked) job.fail(error);
    } finally {
      this.#isPolling = false;
    }
  }

  async #ask(asked: readonly ClusterJob[]): Promise<void> {
    const states = await this.#client.states([...new Set(asked.map(({ place }) => place.name))]);
    if (!states.ok) {
      this.#tell("cluster-away", `the cluster does not answer, its jobs are waited for: ${states.message}`);
      this.#slower();
      return;
    }
    this.#look();
    const arrays = new Set([...states.jobs.keys()].map((key) => key.split(" ")[0]));
    let isSame = true;
    for (const job of asked.filter(({ isOver }) => !isOver)) {
      job.wasThere ||= arrays.has(job.place.name);
      const state = states.jobs.get(job.key) ?? (await this.#forgotten(job));
      isSame &&= state !== null && endOf(state.state) === null;
      this.#heard(job, state);
    }
    if (!isSame) this.#pollMs = this.#options.pollMs;
    this.#slower();
  }

  #slower(): void {
    this.#nextPoll = this.#ctx.effects.clock.monotonic() + this.#pollMs;
    this.#pollMs = Math.min(this.#pollMs * 1.5, Math.max(SLOWEST_POLL_MS, this.#options.pollMs));
  }

  async #forgotten(job: ClusterJob): Promise<JobState | null> {
    return (await this.#client.accounts(job.place.name)).get(job.key) ?? null;
  }

  #heard(job: ClusterJob, state: JobState | null): void {
    if (state !== null) job.id = state.id;
    if (state === null || endOf(state.state) !== null) {
      job.gone(state, Math.max(2 * this.#options.pollMs, Math.min(FILE_LAG_MS, 12 * this.#options.pollMs)));
      return;
    }
    job.isThere();
    if (job.isStopping) void this.#cancel(job);
    else if (!job.hasStarted) this.#waits(job, state);
  }

  #waits(job: ClusterJob, { reason, state }: JobState): void {
    const { queueTimeoutMs = Number.POSITIVE_INFINITY } = this.#options;
    const waitedMs = this.#ctx.effects.clock.monotonic() - job.queuedAt;
    const why = `${state === "PENDING" ? "" : `${state}, `}${reason}`;
    if (waitedMs > queueTimeoutMs) {
      void job.giveUp(`not started within ${queueTimeoutMs / 1000} s in the queue: ${why}`);
    } else if (waitedMs > Math.min(PATIENCE_MS, queueTimeoutMs / 2)) {
      this.#tell(`queue ${why}`, `trials wait in the queue of the cluster: ${why}`);
    }
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
