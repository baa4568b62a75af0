import type { ProcessEnd } from "../../../kernel/effects.ts";
import type { Ended, Handle, Job } from "../../../kernel/ports.ts";
import type { RunContext } from "../../../kernel/run-context.ts";
import type { JsonObject } from "../../../model/json.ts";
import { type NodeEnd, type NodeFiles, nodeFiles, readNodeEnd } from "../../../platform/cluster-job.ts";
import { type JobState, jobKey } from "./client.ts";
import { endOf } from "./states.ts";

const READ_LOGS = 'test ! -s "$1" || cat "$1"; test ! -s "$2" || cat "$2" >&2';
const READ_MS = 60_000;
const LONGEST_NOTE = 500;

/** Where a job is to be found again: an array of this name, and its place in it. */
export interface Place {
  readonly name: string;
  readonly folder: string;
  readonly index: number;
}

/** A job in a cluster, from its submission to its end, as its files and the scheduler tell of it. */
export class ClusterJob implements Handle {
  readonly place: Place;
  readonly key: string;
  readonly files: NodeFiles;
  readonly job: Job;
  /** Since when it has been waiting, by the monotonic clock. */
  queuedAt: number;
  /** What the scheduler calls it, once it is known. */
  id: string | null = null;
  /** Its end was asked for by AURA. */
  isStopping = false;
  hasStarted = false;
  /** The cluster has told of it, to this AURA. */
  wasThere = false;
  readonly #ctx: RunContext;
  readonly #cancel: (job: ClusterJob) => Promise<void>;
  readonly #ended: Promise<Ended>;
  #settle: (ended: Promise<Ended>) => void = () => undefined;
  #isSettled = false;
  /** The right to begin is AURA's. */
  #isHeld = false;
  /** It was ended by its cluster, which has not said why yet. */
  #asked: NodeEnd | null = null;
  #overSince: number | null = null;
  /** How the scheduler said it ended, before it forgot. */
  #final: JobState | null = null;

  constructor(place: Place, job: Job, ctx: RunContext, cancel: (job: ClusterJob) => Promise<void>) {
    this.place = place;
    this.key = jobKey(place.name, place.index);
    this.files = nodeFiles(place.folder, place.index);
    this.job = job;
    this.queuedAt = ctx.effects.clock.monotonic();
    this.#ctx = ctx;
    this.#cancel = cancel;
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isSettled;
  }

  /** Its cluster has ended it, and is to say why before it forgets. */
  get isUnexplained(): boolean {
    return this.#asked !== null && !this.#isSettled;
  }

  /** By what a later AURA finds it again. */
  get ref(): JsonObject {
    const { name, index } = this.place;
    return { name, index, ...(this.id === null ? {} : { job: this.id }) };
  }

  wait(): Promise<Ended> {
    return this.#ended;
  }

  async stop(reason: unknown): Promise<void> {
    this.isStopping = true;
    // It will not begin any more, whatever becomes of the request to the cluster.
    const isMine = this.hold();
    // Should AURA be killed before it is over, the next resume ends it, and runs its trial again.
    if (!this.#isSettled) this.#ctx.effects.files.append(this.files.stop, "");
    this.job.known({ ...this.ref, ending: true });
    await this.#cancel(this);
    if (isMine) this.end("cancelled", reason instanceof Error ? reason.message : String(reason));
  }

  /** Takes the right to begin, unless it has begun. */
  hold(): boolean {
    if (this.#isHeld || this.hasStarted || this.#isSettled) return this.#isHeld;
    try {
      this.#isHeld = this.#ctx.effects.files.createExclusive(this.files.claim, "{}");
    } catch {
      return false;
    }
    return this.#isHeld;
  }

  /** Has a look at its files, of which these are there. */
  look(present: ReadonlySet<string>): void {
    const isThere = (path: string): boolean => present.has(path.slice(this.place.folder.length + 1));
    if (isThere(this.files.end)) {
      const end = readNodeEnd(this.#ctx.effects.files, this.files.end);
      if (end?.asked && !this.isStopping) this.#asked = end;
      else if (end !== null) this.#over(end);
    }
    if (this.hasStarted || this.#isHeld || this.#isSettled || !isThere(this.files.claim)) return;
    this.hasStarted = true;
    this.job.running();
  }

  /** It is not among the jobs of the cluster any more, or over there; `lagMs` is how late its files may be. */
  gone(said: JobState | null, lagMs: number): void {
    this.#final = said ?? this.#final;
    const state = this.#final;
    const end = state === null ? "lost" : (endOf(state.state) ?? "lost");
    if (this.#asked !== null) {
      const isOwn = end === "lost" && (state === null || ["COMPLETED", "FAILED"].includes(state.state));
      this.#over({ ...this.#asked, end: isOwn ? "cancelled" : end, message: endWords(state, "ended by its cluster") });
      return;
    }
    // Whoever ends it is about to say so.
    if (this.#isHeld && this.isStopping) return;
    if (this.hold()) {
      // Of what never began and is taken out of an array, Slurm keeps nothing.
      if (state === null && this.wasThere) this.end("cancelled", "taken out of the queue of the cluster");
      else if (state === null) this.end("lost", "the cluster does not know the job");
      else this.end(end === "lost" ? "spawn-error" : end, `${endWords(state, "")}${this.#note()}`);
      return;
    }
    const now = this.#ctx.effects.clock.monotonic();
    this.#overSince ??= now;
    if (now - this.#overSince < lagMs) return;
    this.end(
      end,
      `${endWords(state, "the cluster does not know the job any more")}, and it left no result${this.#note()}`,
    );
  }

  /** It is in the cluster. */
  isThere(): void {
    this.#overSince = null;
    this.#final = null;
  }

  /** Takes it out of the queue unless it has begun. */
  async giveUp(why: string): Promise<void> {
    if (!this.hold()) return;
    this.isStopping = true;
    await this.#cancel(this);
    this.end("cancelled", why);
  }

  end(end: ProcessEnd, message: string): void {
    this.#over({ end, exitCode: null, signal: null, durationMs: 0, message });
  }

  /** It cannot be gone on with, for no reason of its own: the disk is full. */
  fail(thrown: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(Promise.reject(thrown));
  }

  removeFiles(): void {
    for (const path of Object.values(this.files)) this.#ctx.effects.files.remove(path);
  }

  /** What the cluster wrote itself, such as why the program could not be started on the node. */
  #note(): string {
    const text = this.#ctx.effects.files.readText(this.files.log)?.trim() ?? "";
    return text === "" ? "" : `: ${text.slice(-LONGEST_NOTE)}`;
  }

  #over({ asked: _asked, ...end }: NodeEnd): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(this.#withLogs({ ...end, usage: { load: null, ...end.usage } }));
  }

  /** Its output goes the way of a local process's: into logs without secrets, to collectors line by line. */
  async #withLogs(end: Omit<NodeEnd, "asked">): Promise<Ended> {
    const { effects, mark, signal } = this.#ctx;
    const { stdout, stderr } = this.files;
    if (!effects.files.stat(stdout)?.size && !effects.files.stat(stderr)?.size) return end;
    const marker = `${mark}slurm/${effects.token(6)}`;
    const read = await effects.processes.run(
      {
        file: "sh",
        args: ["-c", READ_LOGS, "sh", stdout, stderr],
        cwd: this.place.folder,
        env: { PATH: effects.variables.get("PATH") ?? "", AURA_TRIAL: marker },
        marker,
        logs: this.job.logs,
        onLine: this.job.onLine,
        graceMs: 1000,
        timeoutMs: READ_MS,
      },
      signal,
    );
    return { ...end, stdoutTail: read.stdoutTail, stderrTail: read.stderrTail };
  }
}

function endWords(state: JobState | null, unknown: string): string {
  return state === null
    ? unknown
    : `Slurm says ${state.state}${/^(None)?$/.test(state.reason) ? "" : ` (${state.reason})`}`;
}
