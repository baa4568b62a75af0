import { join } from "node:path";
import type { RunContext, TrialContext } from "../../kernel/context.ts";
import {
  type Effects,
  type LimitTiers,
  type ProcessLimits,
  type ProcessRequest,
  TimeoutReached,
} from "../../kernel/effects.ts";
import { isAuraError, messageOf } from "../../kernel/errors.ts";
import { Interrupted } from "../../kernel/interrupted.ts";
import type {
  Command,
  Ended,
  Handle,
  Job,
  PreparedEnvironment,
  RawResult,
  Starter,
  TrialPlace,
} from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import type { Failure, TrialOutcome } from "../../model/trial.ts";
import { LONGEST_TAIL, Output, tail } from "./output.ts";
import { DEFAULT_TIMEOUT_MS, type ProcessOptions } from "./process-options.ts";

/** Between SIGTERM and SIGKILL for a trial's process group. */
const GRACE_MS = 5000;
/** How much longer what was asked to stop is waited for. */
const STOP_BOUND_MS = 10_000;

/** Milliseconds a trial may run: its own timeout, but not longer than the run's time budget. */
export function trialTimeoutMs(timeoutMs: number | undefined, ctx: Pick<TrialContext, "settings">): number {
  return Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, ctx.settings.timeBudgetMs ?? Number.POSITIVE_INFINITY);
}

/** What the command of an attempt may see and write. */
function trialPlace(
  {
    settings: { root, inputs, hidden },
    trialDir,
    workspace,
  }: Pick<TrialContext, "settings" | "trialDir" | "workspace">,
  libraries: readonly string[] = [],
): TrialPlace {
  const shown = inputs.map(({ absolutePath }) => absolutePath);
  // What the evaluator alone may see would be found in the history that git keeps of it, too.
  const history = hidden.length > 0 ? [join(root, ".git")] : [];
  return { root, inputs: shown, trialDir, libraries, hidden: [workspace.root, ...hidden, ...history] };
}

/** A job as a local process. What mounts or cleans up around a process starts it with this as well. */
export function startLocally(job: Job, { processes }: Pick<Effects, "processes">, signal: AbortSignal): Handle {
  return localHandle(job, signal, (request, ended) => processes.run(request, ended));
}

function localHandle(
  job: Job,
  signal: AbortSignal,
  run: (request: ProcessRequest, signal: AbortSignal) => Promise<Ended>,
): Handle {
  const stopped = new AbortController();
  const { place: _place, known: _known, running: _running, ...request } = job;
  const result = run(request, AbortSignal.any([signal, stopped.signal]));
  return { wait: () => result, stop: (reason) => stopped.abort(reason) };
}

interface Gathered {
  readonly job: Job;
  readonly resolve: (handle: Promise<Handle>) => void;
  readonly reject: (error: unknown) => void;
}

/** Hands jobs to a starter: each as it comes, or together with those that are ready at about the same time. */
export class Dispatch {
  readonly #starter: Starter;
  #gathered: Gathered[] = [];
  #joined = new AbortController();

  constructor(starter: Starter) {
    this.#starter = starter;
  }

  async start(job: Job, ctx: TrialContext): Promise<Handle> {
    const { gatherMs } = this.#starter;
    if (gatherMs === undefined) return this.#startAll([job], ctx).then(([handle]) => present(handle));
    return new Promise((resolve, reject) => {
      this.#gathered.push({ job, resolve, reject });
      this.#joined.abort();
      const joined = new AbortController();
      this.#joined = joined;
      const stopped = AbortSignal.any([ctx.signal, joined.signal, ...(ctx.drain ? [ctx.drain] : [])]);
      ctx.effects.clock.sleep(gatherMs, stopped).then(
        () => this.#flush(ctx),
        (error) => {
          // Those that another has joined are started with it; when the run is being ended, none is.
          if (!joined.signal.aborted) for (const waiting of this.#gathered.splice(0)) waiting.reject(error);
        },
      );
    });
  }

  #flush(ctx: RunContext): void {
    const gathered = this.#gathered.splice(0);
    const handles = this.#startAll(
      gathered.map(({ job }) => job),
      ctx,
    );
    for (const [index, { resolve }] of gathered.entries()) resolve(handles.then((all) => present(all[index])));
  }

  async #startAll(jobs: readonly Job[], ctx: RunContext): Promise<readonly Handle[]> {
    if (this.#starter.start) return this.#starter.start(jobs, ctx);
    return jobs.map((job) => startLocally(job, ctx.effects, ctx.signal));
  }
}

function present(handle: Handle | undefined): Handle {
  if (handle === undefined) throw new Error("the executor started fewer jobs than it was given");
  return handle;
}

/** What is the same for the command of every attempt. */
export interface Attempt {
  readonly command: Command;
  /** What it is in; its `wrap` has been called. */
  readonly environment: PreparedEnvironment;
  readonly options: ProcessOptions;
  readonly starter: Starter;
  readonly dispatch: Dispatch;
}

/** Runs the command of an attempt to its end, or goes on with it, with its logs and the lines that collectors need. */
export async function runJob(attempt: Attempt, ctx: TrialContext): Promise<RawResult> {
  const { starter, dispatch } = attempt;
  const { clock } = ctx.effects;
  const output = new Output(ctx, starter.start !== undefined);
  const stops = new Stops(trialTimeoutMs(attempt.options.timeoutMs, ctx), starter, ctx);
  const job = jobOf(attempt, output, stops, ctx);
  const startedAt = clock.monotonic();
  try {
    const { adopt } = ctx;
    const handle = adopt === undefined ? await dispatch.start(job, ctx) : await goOn(adopt, job, attempt, ctx);
    if (!handle) return cutShort(attempt.options);
    // A local process hears of a stop, and knows its timeout, by itself.
    const whole = starter.start ? await ending(handle, stops, ctx) : await handle.wait();
    const ended = starter.ended?.(whole, job.place) ?? whole;
    // The time since it was started is also that of a queue, or that in which no AURA ran.
    const ranMs = starter.gatherMs === undefined && adopt === undefined ? undefined : ended.durationMs;
    ctx.measured({ ...defined({ limits: limitsHeld(starter, job.limits), ranMs }), ...ended.usage });
    const { end, exitCode, signal, message, durationMs = Math.round(clock.monotonic() - startedAt) } = ended;
    const { stdoutTail = output.tail("stdout"), stderrTail = output.tail("stderr") } = ended;
    const told = message === undefined ? {} : { message };
    const lines = output.lines();
    return { kind: "process", end, exitCode, signal, stdoutTail, stderrTail, durationMs, lines, ...told };
  } catch (error) {
    if (isAuraError(error) || error instanceof Interrupted) throw error;
    if (!ctx.signal.aborted && ctx.drain?.aborted && starter.gatherMs !== undefined) throw new Interrupted("drain");
    if (ctx.signal.aborted) return unstarted("cancelled", messageOf(ctx.signal.reason));
    return unstarted("spawn-error", messageOf(error));
  } finally {
    stops.over();
  }
}

/** Goes on with what a killed AURA left running; with `on_crash: end` only to end it. */
async function goOn(left: NonNullable<TrialContext["adopt"]>, job: Job, attempt: Attempt, ctx: TrialContext) {
  const { starter, options } = attempt;
  if (!starter.start) return adoptLocally(left, job, ctx);
  const handle = await starter.adopt?.(left.ref, job, ctx);
  if (!handle || options.onCrash !== "end") return handle;
  await handle.stop(new Error("AURA was killed while it ran"));
  await handle.wait();
  return null;
}

function adoptLocally({ ref, startedAtMs }: NonNullable<TrialContext["adopt"]>, job: Job, ctx: TrialContext) {
  const { pid, pidStartedAt } = ref;
  if (typeof pid !== "number" || typeof pidStartedAt !== "string") return null;
  return localHandle(job, ctx.signal, (request, signal) =>
    ctx.effects.processes.adopt(
      { ...request, lasting: ctx.running },
      { process: { pid, startedAt: pidStartedAt }, startedAtMs },
      signal,
    ),
  );
}

/** What a starter of its own says of limits that were asked for; local processes say it of themselves. */
function limitsHeld({ limitTiers }: Starter, limits: ProcessLimits): LimitTiers | undefined {
  return Object.keys(limits).length === 0 ? undefined : limitTiers?.(limits);
}

function jobOf(
  { command, environment: { libraries, description: environment }, options, starter }: Attempt,
  output: Output,
  stops: Stops,
  ctx: TrialContext,
): Job {
  const { outputBytes, ...limits } = options.limits ?? {};
  const place = { ...trialPlace(ctx, libraries), limits };
  const wrapped = starter.wrap ? starter.wrap(command, place) : command;
  const started = [wrapped.file, ...wrapped.args];
  return {
    ...wrapped,
    place,
    limits,
    isolated: starter.isolates ?? false,
    ...(starter.start || options.onCrash === "end" ? {} : { lasting: ctx.running }),
    timeoutMs: stops.timeoutMs,
    graceMs: GRACE_MS,
    ...(outputBytes === undefined ? {} : { outputLimitBytes: outputBytes }),
    logs: ctx.logs,
    marker: ctx.marker,
    onStart: (process) => ctx.started({ ...process, command: started, environment }),
    onLine: (stream, line) => output.add(stream, line),
    known: (ref) => ctx.started({ ref, command: started, environment }),
    running: (forMs) => stops.count(forMs),
  };
}

/** Why a job is to end. */
interface Reason {
  readonly end: "timeout" | "cancelled";
  readonly message: string;
}

/** Why a job is not waited for any longer; `null`: it stays as it is. */
type Stop = Reason | null;

/**
 * What ends the wait for a job that is no local process: its timeout, from when it left its queue, and the end of the run.
 * A gentle end is none for a job that runs.
 */
class Stops {
  readonly timeoutMs: number;
  readonly first: Promise<Stop>;
  /** The run is to start nothing more: it is not to begin, if it waits. */
  readonly drained: Promise<Reason>;
  readonly #ctx: TrialContext;
  readonly #over = new AbortController();
  readonly #keepsTime: boolean;
  #isRunning = false;
  #stop: (why: Stop) => void = () => undefined;
  #drain: (why: Reason) => void = () => undefined;

  constructor(timeoutMs: number, starter: Starter, ctx: TrialContext) {
    this.timeoutMs = timeoutMs;
    this.#keepsTime = starter.keepsTime ?? false;
    this.#ctx = ctx;
    this.first = new Promise((resolve) => {
      this.#stop = resolve;
    });
    this.drained = new Promise((resolve) => {
      this.#drain = resolve;
    });
    const listen = (signal: AbortSignal, endsRunning: boolean): void => {
      const stop = (): void => {
        const { reason } = signal;
        if (starter.stays?.(reason)) this.#stop(null);
        else if (endsRunning) this.#stop({ end: "cancelled", message: messageOf(reason) });
        else if (!this.#isRunning) this.#drain({ end: "cancelled", message: messageOf(reason) });
      };
      signal.addEventListener("abort", stop, { once: true, signal: this.#over.signal });
      if (signal.aborted) stop();
    };
    listen(ctx.signal, true);
    if (ctx.drain && starter.gatherMs !== undefined) listen(ctx.drain, false);
  }

  /** The timeout counts from so many milliseconds ago. */
  count(forMs = 0): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    if (this.#keepsTime) return;
    this.#ctx.effects.clock.sleep(Math.max(0, this.timeoutMs - forMs), this.#over.signal).then(
      () => this.#stop({ end: "timeout", message: new TimeoutReached(this.timeoutMs).message }),
      () => undefined,
    );
  }

  over(): void {
    this.#over.abort();
  }
}

/**
 * Waits for the end of a job, and asks for it when there is a reason: then it is the reason, not what it was ended by. One
 * that is still there though the run is over keeps its record as it is, and the next resume goes on with it.
 */
async function ending(handle: Handle, stops: Stops, ctx: TrialContext): Promise<Ended> {
  const waited = handle.wait();
  const asked = stops.first.then((reason) => ({ reason }));
  const drained = stops.drained.then((reason) => ({ reason, isDrain: true }));
  let first: Ended | { readonly reason: Stop } = await Promise.race([waited, asked, drained]);
  // It may have begun though that is not known yet.
  if ("isDrain" in first && handle.hold?.() === false) first = await Promise.race([waited, asked]);
  if (!("reason" in first)) return first;
  const { reason } = first;
  if (reason === null) throw new Interrupted("now");
  const over = new AbortController();
  const given = ctx.effects.clock.sleep(GRACE_MS + STOP_BOUND_MS, over.signal).then(
    () => null,
    () => null,
  );
  try {
    await Promise.race([handle.stop(new Error(reason.message)), given]);
    const ended = await Promise.race([waited, given]);
    if (ended !== null) return { ...ended, ...reason };
    if (ctx.signal.aborted || ctx.drain?.aborted) throw new Interrupted("now");
    return { end: reason.end, exitCode: null, signal: null, message: `${reason.message}, and could not be ended` };
  } finally {
    over.abort();
  }
}

/** A killed AURA left it, and nobody goes on with it: it is no failure of the trial or of the machine. */
function cutShort({ onCrash }: ProcessOptions): RawResult {
  const why = onCrash === "end" ? "it was ended" : "nothing is known of it any more";
  return {
    kind: "failure",
    status: "cancelled",
    failure: { code: "cut-short", message: `AURA was killed while it ran, and ${why}` },
  };
}

function unstarted(status: "spawn-error" | "cancelled", message: string): RawResult {
  return { kind: "failure", status, failure: { code: status, message } };
}

type Failed = Exclude<TrialOutcome, { readonly status: "completed" }>;

/** The failure for what a function threw. */
export function thrownFailure(thrown: unknown): Failure {
  return threw(messageOf(thrown), thrown instanceof Error ? thrown.stack : undefined);
}

/** The failure for what a function threw, in this process or in another. */
export function threw(message: string, stack?: string): Failure {
  const logTail = stack === undefined ? undefined : tail(stack);
  const text = `the function threw: ${message}`.slice(0, LONGEST_TAIL);
  return { code: "function-threw", message: text, ...defined({ logTail }) };
}

/** How a trial failed that did not come to its end as it should, or `null` when its output is to be read. */
export function failedOutcome(raw: RawResult): Failed | null {
  if (raw.kind === "value") return null;
  if (raw.kind === "failure") return { status: raw.status, failure: raw.failure };
  const logTail = raw.stderrTail || raw.stdoutTail;
  const rest = logTail === "" ? {} : { logTail };
  const failed = (status: Failed["status"], failure: Failure): Failed => ({ status, failure: { ...failure, ...rest } });
  if (raw.end === "exited") {
    if (raw.exitCode === 0) return null;
    const exitCode = raw.exitCode ?? -1;
    const { message = `exited with code ${exitCode}` } = raw;
    return failed("failed", { code: "exit-code", message, exitCode });
  }
  const message = raw.message ?? raw.end;
  // No fault of the machine: tried again, it would be the same.
  if (raw.end === "cannot-start") return failed("failed", { code: raw.end, message });
  if (raw.end !== "signal") return failed(raw.end, { code: raw.end, message });
  return failed("signal", { code: "signal", message, ...(raw.signal === null ? {} : { signal: raw.signal }) });
}
