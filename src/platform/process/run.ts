import { setMaxListeners } from "node:events";
import {
  type Clock,
  type Deadline,
  type LastingRequest,
  type LeftProcess,
  type ProcessEnd,
  type ProcessIdentity,
  type ProcessRequest,
  type ProcessResult,
  type ProcessUsage,
  TimeoutReached,
} from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import { type ChildEvents, type Exit, type StartError, startChild } from "./child.ts";
import { ControlGroup } from "./control-groups.ts";
import { Ending, ProcessGroup, type Reason, reasonOfAbort } from "./ending.ts";
import { childCommand, explainRefusal, type StartRefusal } from "./invocation.ts";
import { type LastingExit, openSpool, readExit, readGroups, refusal, Spool, whenGone, writeGroups } from "./lasting.ts";
import type { Leftovers, TreeWatch } from "./leftovers.ts";
import type { Held, Limits } from "./limits.ts";
import type { OomKills } from "./oom.ts";
import { ProcessOutput } from "./output.ts";
import type { Identities, ProcessTable } from "./proc-fs.ts";
import { endedBy } from "./signal-code.ts";

/** What runs share. */
export interface RunHost {
  readonly clock: Clock;
  readonly identities: Identities;
  readonly leftovers: Leftovers;
  readonly table: ProcessTable;
  readonly trees: TreeWatch;
  readonly oomKills: OomKills;
  readonly limits: Limits;
  /** Everything that is running, for whoever must end it all at once. */
  readonly running: Set<Ending>;
}

/** How long pipes that a leftover holds open are read on after the process itself has ended, before and after the leftover is killed. */
const DRAIN_MS = 250;

/** How often what a process writes is looked at for whether it stands still. */
const LOOKS_TO_HOLD = 20;

/** How a shell reports a program of its that got SIGKILL. */
const KILLED_IN_A_SHELL = 137;

/**
 * Runs one process from start to end.
 *
 *     start ── refused ─────────────────────────────────────────────────────► cannot-start, spawn-error
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
  // Any number of processes may wait for one stop; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  let held: Held;
  try {
    held = host.limits.hold(request.limits);
  } catch (thrown) {
    return notRun({ end: "spawn-error", message: `its limits cannot be set: ${messageOf(thrown)}` });
  }
  const command = childCommand(request, held);
  if ("refused" in command) {
    await held.group?.end();
    return notRun({ end: "cannot-start", message: command.refused });
  }
  const { lasting } = request;
  const start = (events: ChildEvents): (() => void) => {
    if (lasting === undefined) return startChild(command, events);
    const into = openSpool(lasting);
    if (held.group !== null) writeGroups(lasting, held.group.members);
    return startChild({ ...command, into }, events);
  };
  return await new ProcessRun(request, host, held).settle(start, signal);
}

/** Goes on with a process that an earlier AURA started. */
export async function adoptProcess(
  request: LastingRequest,
  left: LeftProcess,
  signal: AbortSignal,
  host: RunHost,
): Promise<ProcessResult> {
  const tiers = host.limits.tiers(request.limits ?? {});
  const group = ControlGroup.ofMembers(readGroups(request.lasting));
  const run = new ProcessRun(request, host, { tiers, each: {}, group }, left);
  return await run.settle(() => run.adopted(left.process), signal);
}

function notRun(why: { readonly end: ProcessEnd; readonly message?: string }): ProcessResult {
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

/** How the watch over a process came to an end. */
type Settled =
  | { readonly kind: "exited"; readonly exit: Exit }
  | ({ readonly kind: "refused" } & StartRefusal)
  | { readonly kind: "stuck" }
  | { readonly kind: "lost" };

class ProcessRun implements ChildEvents {
  readonly #request: ProcessRequest;
  readonly #host: RunHost;
  readonly #held: Held;
  readonly #ending: Ending;
  readonly #output: ProcessOutput;
  readonly #settled = later<Settled>();
  readonly #closed = later<true>();
  #identity: ProcessIdentity | null = null;
  #group: ProcessGroup | null = null;
  #startedAt: number;
  #oomKillsBefore: number | null = null;
  #deadline: Deadline | null = null;
  #startFailure: { readonly thrown: unknown } | null = null;
  #spool: Spool | null = null;
  /** What the shell before a lasting process said of its end. */
  #told: LastingExit | null = null;
  /** Of one that was adopted: since when it has been running, and for how long by then. */
  readonly #left: LeftProcess | undefined;
  readonly #ranMs: number;

  constructor(request: ProcessRequest, host: RunHost, held: Held, left?: LeftProcess) {
    this.#request = request;
    this.#left = left;
    this.#ranMs = left === undefined ? 0 : Math.max(0, host.clock.now().getTime() - left.startedAtMs);
    this.#host = host;
    this.#held = held;
    this.#startedAt = host.clock.monotonic() - this.#ranMs;
    this.#ending = new Ending(request.graceMs, () => this.#settled.resolve({ kind: "stuck" }));
    const limit = `wrote more than ${request.outputLimitBytes} bytes of output`;
    this.#output = new ProcessOutput(request, {
      overLimit: () => this.#ending.request({ end: "output-limit", message: limit }),
      broken: () => this.#ending.force({ end: "cancelled", message: "its output could not be kept" }),
    });
  }

  started(pid: number): void {
    this.#startedAt = this.#host.clock.monotonic();
    this.#begin(this.#host.identities.of(pid));
    this.#announce();
  }

  /** It was started by an earlier AURA, and may have ended since. */
  adopted(identity: ProcessIdentity): () => void {
    const { identities } = this.#host;
    const isAlive = (): boolean => identities.isAlive(identity);
    if (isAlive()) {
      this.#begin(identity);
      // It may have been held up as its AURA died.
      this.#group?.thaw();
    } else this.#openSpool();
    void whenGone(isAlive).then(() => {
      this.#told = this.#readExit();
      this.#ending.gone(false);
      if (this.#told === null) this.#settled.resolve({ kind: "lost" });
      else this.#settled.resolve({ kind: "exited", exit: { ...this.#told, leftOthers: false } });
      this.#closed.resolve(true);
    });
    return () => undefined;
  }

  #begin(identity: ProcessIdentity): void {
    this.#identity = identity;
    this.#oomKillsBefore = this.#host.oomKills();
    this.#armDeadline();
    this.#group = new ProcessGroup(identity.pid, this.#host.table, this.#request.isolated);
    this.#host.trees.add(this.#group);
    this.#openSpool();
    this.#ending.started(this.#group);
  }

  #openSpool(): void {
    const { lasting } = this.#request;
    if (lasting === undefined) return;
    this.#spool = new Spool(lasting, (stream, chunk) => this.#output.take(stream, chunk));
    this.#spool.follow({ hold: () => this.#hold(), goOn: () => this.#group?.thaw() });
  }

  async #hold(): Promise<boolean> {
    for (let looks = 0; looks < LOOKS_TO_HOLD; looks++) {
      if (this.#group?.freeze()) return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return false;
  }

  #readExit(): LastingExit | null {
    const { lasting } = this.#request;
    return lasting === undefined ? null : readExit(lasting);
  }

  refused(error: StartError): void {
    this.#settled.resolve({ kind: "refused", ...explainRefusal(error, this.#request) });
    this.#closed.resolve(true);
  }

  output(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.#output.take(stream, chunk);
  }

  exited(exit: Exit): void {
    this.#ending.gone(exit.leftOthers);
    this.#told = this.#readExit();
    this.#settled.resolve({ kind: "exited", exit: { ...exit, ...this.#told } });
  }

  closed(): void {
    this.#closed.resolve(true);
  }

  async settle(start: (events: ChildEvents) => () => void, signal: AbortSignal): Promise<ProcessResult> {
    const { running, leftovers } = this.#host;
    const { marker } = this.#request;
    running.add(this.#ending);
    if (marker !== undefined) leftovers.started(marker);
    const cancel = (): void => this.#ending.request(reasonOfAbort(signal));
    signal.addEventListener("abort", cancel);
    const letGo = start(this);
    const settled = await this.#settled.promise;
    signal.removeEventListener("abort", cancel);
    this.#deadline?.[Symbol.dispose]();
    if (this.#group !== null) this.#host.trees.remove(this.#group);
    const durationMs = this.#durationMs();
    await this.#cleanUp(letGo, settled);
    running.delete(this.#ending);
    this.#output.finish();
    const result = this.#result(settled, durationMs);
    await this.#held.group?.end();
    if (this.#startFailure !== null) throw this.#startFailure.thrown;
    return result;
  }

  #armDeadline(): void {
    const { timeoutMs } = this.#request;
    if (timeoutMs === undefined) return;
    const deadline = this.#host.clock.deadline(Math.max(0, timeoutMs - this.#ranMs));
    this.#deadline = deadline;
    const expire = (): void => this.#ending.request(timedOut(timeoutMs));
    deadline.signal.addEventListener("abort", expire, { once: true });
  }

  /** A start that cannot be recorded must not go on: after a crash nobody would know of the process. */
  #announce(): void {
    if (this.#request.onStart === undefined || this.#identity === null) return;
    try {
      this.#request.onStart(this.#identity);
    } catch (thrown) {
      this.#startFailure = { thrown };
      this.#ending.force({ end: "cancelled", message: "its start could not be recorded" });
    }
  }

  /** Reads the rest of the output and ends what the process left behind. */
  async #cleanUp(letGo: () => void, settled: Settled): Promise<void> {
    const { marker } = this.#request;
    const readOn = settled.kind === "exited";
    const ended = readOn && (await within(DRAIN_MS, this.#closed.promise));
    const killed = this.#ending.killRest();
    if (marker !== undefined) {
      // Of one that prints into files nobody hears whether all has been closed.
      const byItself = this.#ending.reason === null && ended && this.#spool === null;
      if (settled.kind === "refused") this.#host.leftovers.refused(marker);
      else await this.#host.leftovers.ended({ marker, killed, byItself });
    }
    if (readOn && !ended) await within(DRAIN_MS, this.#closed.promise);
    await this.#spool?.drain();
    this.#spool?.close();
    this.#ending.dispose();
    letGo();
  }

  #result(settled: Settled, durationMs: number): ProcessResult {
    const end = this.#end(settled);
    if (settled.kind === "refused") return notRun(end);
    const { stdout, stderr } = this.#output;
    const exit = settled.kind === "exited" ? settled.exit : null;
    return {
      ...end,
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
      durationMs,
      stdoutBytes: stdout.bytes,
      stderrBytes: stderr.bytes,
      stdoutTail: stdout.tail,
      stderrTail: stderr.tail,
      ...(this.#identity === null ? {} : { pid: this.#identity.pid }),
      usage: { ...this.#used(), ...this.#limitsHeld() },
    };
  }

  #end(settled: Settled): { readonly end: ProcessEnd; readonly message?: string } {
    const reason = this.#ending.reason;
    if (settled.kind === "stuck") {
      const message = `${reason?.message ?? "ended"}, but it is still there after SIGKILL`;
      return { end: reason?.end ?? "cancelled", message };
    }
    if (reason !== null) return reason;
    if (this.#ranTooLong()) return timedOut(this.#request.timeoutMs ?? 0);
    if (settled.kind === "lost") return { end: "lost", message: "it ended while no AURA watched, without saying how" };
    if (settled.kind === "refused") return { end: settled.end, message: settled.message };
    const { exit } = settled;
    const { lasting } = this.#request;
    const refused = lasting !== undefined && this.#told === null && exit.code !== null ? refusal(lasting) : "";
    if (refused !== "") return { end: "spawn-error", message: `cannot be started: ${refused}` };
    if (exit.code !== 0 && this.#held.group?.ranOutOfMemory()) {
      return {
        end: "out-of-memory",
        message: `used more than its ${this.#request.limits?.memoryBytes} bytes of memory`,
      };
    }
    const killed = exit.signal === "SIGKILL" || exit.code === KILLED_IN_A_SHELL;
    if (killed && this.#oomKilled()) return { end: "out-of-memory", message: "killed by the kernel: out of memory" };
    if (exit.signal !== null) return { end: "signal", message: endedBy(exit.signal) };
    return { end: "exited" };
  }

  /** One that an earlier AURA started has run until its shell said so, whenever that is read. */
  #durationMs(): number {
    const from = this.#left?.startedAtMs;
    if (from !== undefined && this.#told !== null) return Math.max(0, Math.round(this.#told.endedAtMs - from));
    return Math.round(this.#host.clock.monotonic() - this.#startedAt);
  }

  /** It ended by itself, at a time when nobody was there to hold it to its timeout. */
  #ranTooLong(): boolean {
    const { timeoutMs } = this.#request;
    if (this.#left === undefined || this.#told === null || timeoutMs === undefined) return false;
    return this.#told.endedAtMs - this.#left.startedAtMs > timeoutMs;
  }

  #used(): ProcessUsage {
    const seen = { ...this.#group?.usage(), ...this.#held.group?.usage() };
    const { cpuSeconds } = this.#told ?? {};
    return cpuSeconds === undefined ? seen : { ...seen, cpuSeconds: Math.max(cpuSeconds, seen.cpuSeconds ?? 0) };
  }

  #limitsHeld(): ProcessUsage {
    const { tiers } = this.#held;
    return Object.keys(tiers).length === 0 ? {} : { limits: tiers };
  }

  #oomKilled(): boolean {
    const now = this.#host.oomKills();
    return now !== null && this.#oomKillsBefore !== null && now > this.#oomKillsBefore;
  }
}

/** Of one that was adopted, too, its timeout is told, not what was left of it. */
function timedOut(ms: number): Reason {
  return { end: "timeout", message: new TimeoutReached(ms).message };
}

interface Later<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function later<T>(): Later<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
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
