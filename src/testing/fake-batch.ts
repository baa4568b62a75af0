import { defineExecutor } from "../components/executors/index.ts";
import type { AnyDefinition } from "../kernel/define.ts";
import type { ProcessRequest } from "../kernel/effects.ts";
import { StopRequest } from "../kernel/interrupted.ts";
import type { Ended, Handle, Job, Starter } from "../kernel/ports.ts";
import type { JsonObject } from "../model/json.ts";
import { findProgram } from "../platform/process/invocation.ts";
import { systemEffects } from "../platform/system.ts";

const GONE = { exitCode: null, signal: null } as const;

/** A job in the queue of the cluster, or out of it. */
interface Entry {
  readonly name: string;
  readonly request: ProcessRequest;
  readonly stop: AbortController;
  readonly ended: Promise<Ended>;
  settle(ended: Ended): void;
  /** Whom to tell that it has left the queue: who submitted it, or adopted it. */
  running: (() => void) | null;
  state: "queued" | "running" | "over";
}

/**
 * A cluster in a queue: it takes many jobs at once, runs `width` of them at a time, and goes on with them when the AURA
 * that submitted them is gone. Its jobs are local processes that this AURA does not know as its own.
 */
export class FakeCluster implements Disposable {
  /** Names of the jobs of each submission. */
  readonly submissions: (readonly string[])[] = [];
  /** Names of the jobs whose commands were started, in that order. */
  readonly ran: string[] = [];
  readonly #effects = systemEffects();
  readonly #entries = new Map<string, Entry>();
  readonly #width: number;
  #losing = 0;

  constructor(width = 2) {
    this.#width = width;
  }

  /** The next jobs that would be run disappear instead. */
  lose(count: number): void {
    this.#losing += count;
  }

  submit(jobs: readonly { readonly name: string; readonly job: Job }[]): void {
    this.submissions.push(jobs.map(({ name }) => name));
    for (const { name, job } of jobs) this.#entries.set(name, this.#entry(name, job));
    this.#fill();
  }

  /** The job of this name for whom it belongs to; `null` when there is none, or nobody knows what became of it. */
  attach(name: string, job: Job): Handle | null {
    const entry = this.#entries.get(name);
    if (!entry) return null;
    if (entry.state === "running") job.running();
    entry.running = () => job.running();
    return { wait: () => this.#read(entry, job), stop: () => this.#stop(entry) };
  }

  [Symbol.dispose](): void {
    this.#effects.processes.killAll();
  }

  #entry(name: string, job: Job): Entry {
    const { place: _place, known: _known, running: _running, onStart: _onStart, onLine: _onLine, ...request } = job;
    // On a machine of its own nothing that belongs to this run would be found.
    const marker = `cluster/${this.#effects.token(8)}`;
    const elsewhere = { ...request, marker, env: { ...request.env, AURA_TRIAL: marker } };
    let settle: (ended: Ended) => void = () => undefined;
    const ended = new Promise<Ended>((resolve) => {
      settle = resolve;
    });
    const stop = new AbortController();
    return { name, request: elsewhere, stop, ended, settle, running: null, state: "queued" };
  }

  #fill(): void {
    const entries = [...this.#entries.values()];
    const free = this.#width - entries.filter(({ state }) => state === "running").length;
    for (const entry of entries.filter(({ state }) => state === "queued").slice(0, Math.max(0, free))) {
      void this.#run(entry);
    }
  }

  async #run(entry: Entry): Promise<void> {
    entry.state = "running";
    // A cluster tells of a start a little later than it starts.
    await this.#effects.clock.turn();
    entry.running?.();
    if (this.#losing > 0) {
      this.#losing -= 1;
      this.#entries.delete(entry.name);
      entry.settle({ ...GONE, end: "lost", message: "the cluster has forgotten the job" });
    } else if (entry.state === "running") {
      this.ran.push(entry.name);
      entry.settle(await this.#effects.processes.run(entry.request, entry.stop.signal));
    }
    entry.state = "over";
    this.#fill();
  }

  #stop(entry: Entry): void {
    if (entry.state === "queued") {
      entry.state = "over";
      entry.settle({ ...GONE, end: "cancelled", message: "taken out of the queue" });
    } else entry.stop.abort(new Error("cancelled by its owner"));
  }

  /** Its end, once its output has been read from the files that it was written to. */
  async #read(entry: Entry, job: Job): Promise<Ended> {
    const ended = await entry.ended;
    for (const stream of ["stdout", "stderr"] as const) {
      const text = this.#effects.files.readText(job.logs[stream]) ?? "";
      for (const line of text.split("\n").slice(0, text.endsWith("\n") ? -1 : undefined)) job.onLine(stream, line);
    }
    return ended;
  }
}

/** The executor of such a cluster: how one submits jobs, knows them again after a kill, and asks for programs. */
export function fakeBatchExecutor(cluster: FakeCluster, gatherMs = 100): AnyDefinition<"executor"> {
  const starter: Starter = {
    gatherMs,
    isolates: true,
    start: (jobs) => {
      const named = jobs.map((job) => ({ name: job.marker, job }));
      // Before they are submitted: should AURA be killed in between, they are looked for, and not submitted twice.
      for (const { name, job } of named) job.known({ name });
      cluster.submit(named);
      return named.map(({ name, job }) => attached(cluster, name, job));
    },
    stays: (reason) => reason instanceof StopRequest && reason.leavesJobs,
    adopt: async (ref: JsonObject, job) => (typeof ref.name === "string" ? cluster.attach(ref.name, job) : null),
    missing: async (program, { settings, effects }) =>
      findProgram(program, settings.root, effects.variables.get("PATH"))?.executable ? null : "is not on the cluster",
  };
  return defineExecutor({
    type: "fake-batch",
    summary: "Submits trials to a cluster that is not one, for tests.",
    options: {},
    example: { command: "python train.py --lr {lr}" },
    starter: () => starter,
  });
}

function attached(cluster: FakeCluster, name: string, job: Job): Handle {
  const handle = cluster.attach(name, job);
  if (handle === null) throw new Error(`the cluster has no job ${name}`);
  return handle;
}
