import type { Clock, Files } from "../../../kernel/effects.ts";
import type { JobState, SlurmClient } from "./client.ts";
import type { ClusterJob } from "./job.ts";
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

/** The cluster whose jobs are watched. */
interface Watched {
  readonly options: { readonly pollMs: number; readonly queueTimeoutMs: number | undefined };
  readonly client: SlurmClient;
  readonly clock: Clock;
  readonly files: Files;
  /** The scheduler may not know it yet. */
  isSubmitting(job: ClusterJob): boolean;
  cancel(job: ClusterJob): Promise<void>;
  /** It is not watched any more. */
  over(job: ClusterJob): void;
  tell(what: string, message: string): void;
}

/** Watches over jobs until they are over: by their files, and by asking the scheduler about all of them at once. */
export class ClusterWatch {
  readonly #of: Watched;
  readonly #open = new Map<string, ClusterJob>();
  #isWatching = false;
  #isPolling = false;
  #isClosed = false;
  #pollMs: number;
  #nextPoll = 0;
  #polledAt = Number.NEGATIVE_INFINITY;
  /** How many files there were in the folders of jobs that are not over, and since when. */
  #seen = { files: 0, since: 0 };
  #awake = new AbortController();

  constructor(of: Watched) {
    this.#of = of;
    this.#pollMs = of.options.pollMs;
  }

  add(job: ClusterJob): void {
    this.#open.set(job.key, job);
  }

  /** Something is about to change: files are looked at at once and often, and the scheduler is asked within so many milliseconds. */
  begin(withinMs: number): void {
    const now = this.#of.clock.monotonic();
    this.#pollMs = this.#of.options.pollMs;
    this.#nextPoll = Math.min(this.#nextPoll, now + withinMs);
    this.#seen = { ...this.#seen, since: now };
    this.#awake.abort();
    void this.#watch();
  }

  close(): void {
    this.#isClosed = true;
    this.#awake.abort();
  }

  /** Until all jobs are over, also those that are added meanwhile. */
  async #watch(): Promise<void> {
    const { clock } = this.#of;
    if (this.#isWatching) return;
    this.#isWatching = true;
    while (this.#open.size > 0 && !this.#isClosed) {
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
        this.#of.over(job);
      }
      this.#awake = new AbortController();
      const sameMs = clock.monotonic() - this.#seen.since;
      const lookMs = Math.min(Math.max(sameMs / 10, SOONEST_LOOK_MS), SLOWEST_LOOK_MS, this.#of.options.pollMs);
      await clock.sleep(lookMs, this.#awake.signal).catch(() => undefined);
    }
    this.#isWatching = false;
  }

  #isDue(): boolean {
    const now = this.#of.clock.monotonic();
    const isAsked = [...this.#open.values()].some((job) => job.isUnexplained);
    return now >= this.#nextPoll || (isAsked && now - this.#polledAt >= SOONEST_POLL_MS);
  }

  #look(): void {
    const { files, clock } = this.#of;
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
    const asked = [...this.#open.values()].filter((job) => !job.isOver && !this.#of.isSubmitting(job));
    if (asked.length === 0) return;
    this.#isPolling = true;
    this.#polledAt = this.#of.clock.monotonic();
    try {
      await this.#ask(asked);
    } catch (error) {
      for (const job of asked) job.fail(error);
    } finally {
      this.#isPolling = false;
    }
  }

  async #ask(asked: readonly ClusterJob[]): Promise<void> {
    const states = await this.#of.client.states([...new Set(asked.map(({ place }) => place.name))]);
    if (!states.ok) {
      this.#of.tell("cluster-away", `the cluster does not answer, its jobs are waited for: ${states.message}`);
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
    if (!isSame) this.#pollMs = this.#of.options.pollMs;
    this.#slower();
  }

  #slower(): void {
    this.#nextPoll = this.#of.clock.monotonic() + this.#pollMs;
    this.#pollMs = Math.min(this.#pollMs * 1.5, Math.max(SLOWEST_POLL_MS, this.#of.options.pollMs));
  }

  async #forgotten(job: ClusterJob): Promise<JobState | null> {
    return (await this.#of.client.accounts(job.place.name)).get(job.key) ?? null;
  }

  #heard(job: ClusterJob, state: JobState | null): void {
    if (state !== null) job.id = state.id;
    if (state === null || endOf(state.state) !== null) {
      job.gone(state, Math.max(2 * this.#of.options.pollMs, Math.min(FILE_LAG_MS, 12 * this.#of.options.pollMs)));
      return;
    }
    job.isThere();
    if (job.isStopping) void this.#of.cancel(job);
    else if (!job.hasStarted) this.#waits(job, state);
  }

  #waits(job: ClusterJob, { reason, state }: JobState): void {
    const { queueTimeoutMs = Number.POSITIVE_INFINITY } = this.#of.options;
    const waitedMs = this.#of.clock.monotonic() - job.queuedAt;
    const why = `${state === "PENDING" ? "" : `${state}, `}${reason}`;
    if (waitedMs > queueTimeoutMs) {
      void job.giveUp(`not started within ${queueTimeoutMs / 1000} s in the queue: ${why}`);
    } else if (waitedMs > Math.min(PATIENCE_MS, queueTimeoutMs / 2)) {
      this.#of.tell(`queue ${why}`, `trials wait in the queue of the cluster: ${why}`);
    }
  }
}
