import type { Clock, Deadline, ProcessEnd, ProcessRequest, ProcessResult } from "../../kernel/effects.ts";
import { Ending, reasonOfAbort } from "./ending.ts";
import { ProcessGroup } from "./group.ts";
import type { Identities } from "./identity.ts";
import type { OomKills } from "./oom.ts";
import { ProcessOutput } from "./output.ts";
import { type Started, start } from "./spawn.ts";
import type { Sweeper } from "./sweeper.ts";

/** What runs share. */
export interface RunHost {
  readonly clock: Clock;
  readonly identities: Identities;
  readonly sweeper: Sweeper;
  readonly oomKills: OomKills;
  /** The count a moment ago, cheap enough to be asked for at every start. */
  readonly recentOomKills: OomKills;
  /** Everything that is running, for whoever must end it all at once. */
  readonly running: Set<Ending>;
}

/** How long pipes that a leftover holds open are read on after the process itself has ended, before and after the leftover is killed. */
const DRAIN_MS = 250;

/** How a shell reports a program of its that got SIGKILL. */
const KILLED_IN_A_SHELL = 137;

/**
 * Runs one process from start to end.
 *
 *     start ── refused ─────────────────────────────────────────────────────► spawn-error
 *       │
 *     running ── deadline, abort, limit, broken output ──► TERM ─ grace ─► KILL
 *       │ exit                                                        │ exit
 *     draining ◄──────────────────────────────────────────────────────┘
 *       │ pipes closed, or 250 ms: then what is left of the group and the marked is killed, 250 ms more
 *     settled: exited, signal, out-of-memory, or the first reason for which it was ended
 *
 * Rejects only with what kept its output or its start from being recorded, after the process has been ended.
 */
export async function runProcess(request: ProcessRequest, signal: AbortSignal, host: RunHost): Promise<ProcessResult> {
  if (signal.aborted) return notRun(reasonOfAbort(signal));
  const started = start(request);
  if (!("pid" in started)) {
    const { refused } = await started;
    return notRun({ end: "spawn-error", message: refused });
  }
  return await new ProcessRun(request, started, host).settle(signal);
}

function notRun(why: { readonly end: ProcessEnd; readonly message: string }): ProcessResult {
  return {
    ...why,
    exitCode: null,
    signal: null,
    durationMs: 0,
    stdoutBytes: 0,
    stderrBytes: 0,
    stdoutTail: "",
    stderrTail: "",
  };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

class ProcessRun {
  readonly #request: ProcessRequest;
  readonly #process: Started;
  readonly #host: RunHost;
  readonly #group: ProcessGroup;
  readonly #ending: Ending;
  readonly #output: ProcessOutput;
  readonly #startedAt: number;
  readonly #oomKillsBefore: number | null;
  readonly #exit: Promise<Exit | "stuck">;
  readonly #closed: Promise<true>;
  #startFailure: { readonly thrown: unknown } | null = null;

  /** Listens to the child at once: built in the same turn in which the child was started. */
  constructor(request: ProcessRequest, started: Started, host: RunHost) {
    this.#request = request;
    this.#process = started;
    this.#host = host;
    this.#startedAt = host.clock.monotonic();
    this.#oomKillsBefore = host.recentOomKills();
    this.#group = new ProcessGroup(started.pid);
    let settleExit: (exit: Exit | "stuck") => void = () => {};
    this.#exit = new Promise((resolve) => {
      settleExit = resolve;
    });
    this.#ending = new Ending(this.#group, request.graceMs, () => settleExit("stuck"));
    started.child.once("exit", (code, signal) => {
      this.#ending.gone();
      settleExit({ code, signal });
    });
    this.#closed = new Promise((done) => started.child.once("close", () => done(true)));
    const limit = `wrote more than ${request.outputLimitBytes} bytes of output`;
    this.#output = new ProcessOutput(request, {
      overLimit: () => this.#ending.request({ end: "output-limit", message: limit }),
      broken: () => this.#ending.force({ end: "cancelled", message: "its output could not be kept" }),
    });
    this.#output.attach(started.child.stdout, started.child.stderr);
  }

  async settle(signal: AbortSignal): Promise<ProcessResult> {
    const { running, sweeper, clock } = this.#host;
    const { marker, timeoutMs } = this.#request;
    running.add(this.#ending);
    if (marker !== undefined) sweeper.started(marker);
    const stopListening = this.#endOn(signal, timeoutMs === undefined ? null : clock.deadline(timeoutMs));
    this.#announce();
    const exit = await this.#exit;
    stopListening();
    const durationMs = Math.round(clock.monotonic() - this.#startedAt);
    await this.#cleanUp(exit);
    running.delete(this.#ending);
    this.#output.finish();
    if (this.#startFailure !== null) throw this.#startFailure.thrown;
    return this.#result(exit, durationMs);
  }

  #endOn(signal: AbortSignal, deadline: Deadline | null): () => void {
    const cancel = (): void => this.#ending.request(reasonOfAbort(signal));
    const expire = (): void => {
      if (deadline !== null) this.#ending.request(reasonOfAbort(deadline.signal));
    };
    signal.addEventListener("abort", cancel);
    deadline?.signal.addEventListener("abort", expire);
    return () => {
      signal.removeEventListener("abort", cancel);
      deadline?.[Symbol.dispose]();
    };
  }

  /** A start that cannot be recorded must not go on: after a crash nobody would know of the process. */
  #announce(): void {
    if (this.#request.onStart === undefined) return;
    try {
      this.#request.onStart(this.#host.identities.of(this.#process.pid));
    } catch (thrown) {
      this.#startFailure = { thrown };
      this.#ending.force({ end: "cancelled", message: "its start could not be recorded" });
    }
  }

  /** Reads the rest of the output and ends what the process left behind. */
  async #cleanUp(exit: Exit | "stuck"): Promise<void> {
    const { child } = this.#process;
    const ended = exit !== "stuck" && (await within(DRAIN_MS, this.#closed));
    this.#group.killRest();
    if (this.#request.marker !== undefined) {
      const byItself = ended && this.#ending.reason === null;
      this.#host.sweeper.ended(this.#request.marker, byItself ? "later" : "now");
    }
    if (!ended && exit !== "stuck") await within(DRAIN_MS, this.#closed);
    this.#ending.dispose();
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (exit === "stuck") child.unref();
  }

  #result(exit: Exit | "stuck", durationMs: number): ProcessResult {
    const { stdout, stderr } = this.#output;
    return {
      ...this.#end(exit),
      exitCode: exit === "stuck" ? null : exit.code,
      signal: exit === "stuck" ? null : exit.signal,
      durationMs,
      stdoutBytes: stdout.bytes,
      stderrBytes: stderr.bytes,
      stdoutTail: stdout.tail,
      stderrTail: stderr.tail,
      pid: this.#process.pid,
    };
  }

  #end(exit: Exit | "stuck"): { readonly end: ProcessEnd; readonly message?: string } {
    const reason = this.#ending.reason;
    if (exit === "stuck") {
      const message = `${reason?.message ?? "ended"}, but it is still there after SIGKILL`;
      return { end: reason?.end ?? "cancelled", message };
    }
    if (reason !== null) return reason;
    const killed = exit.signal === "SIGKILL" || exit.code === KILLED_IN_A_SHELL;
    if (killed && this.#oomKilled()) return { end: "out-of-memory", message: "killed by the kernel: out of memory" };
    if (exit.signal !== null) return { end: "signal", message: `ended by ${exit.signal}` };
    return { end: "exited" };
  }

  #oomKilled(): boolean {
    const now = this.#host.oomKills();
    return now !== null && this.#oomKillsBefore !== null && now > this.#oomKillsBefore;
  }
}

/** Whether the event comes in time. What is ready to be read when the time is up is still read first. */
async function within(ms: number, event: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<false>((resolve) => {
    timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(false))), ms);
  });
  try {
    return await Promise.race([event, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
