import { basename, dirname, join } from "node:path";
import type { Effects, Files, ProcessIdentity, ProcessRunner } from "../../src/kernel/effects.ts";
import { StorageError } from "../../src/kernel/errors.ts";
import type { LlmCall } from "../../src/kernel/ports.ts";

/** One use of a port: the n-th, which method, and on what (a path, a program, a call's name). */
export interface Crossing {
  readonly n: number;
  readonly port: "files" | "processes" | "calls";
  readonly method: string;
  readonly target: string;
}

/**
 * - `ENOSPC`, `EIO`, `EROFS`: the crossing throws a `StorageError`.
 * - `die`: `SimulatedCrash` is thrown, here and from then on at every crossing.
 * - `sigkill`: this very process is killed. Only for a child of a test.
 * - `hang`: an asynchronous crossing waits until its signal aborts, then rejects with the signal's reason.
 * - `short-write`, `torn-die`, `torn-sigkill`: half of a write's bytes go to the disk (where the write is atomic, to its
 *   temporary file), then it fails as `ENOSPC`, dies, or is killed. Anything but a write does so without the half.
 */
const FAULTS = ["ENOSPC", "EIO", "EROFS", "die", "sigkill", "hang", "short-write", "torn-die", "torn-sigkill"] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultPlan {
  /** Number of the crossing, from 1. */
  readonly at: number;
  /** `before`: it does not happen. `after`: it has happened, but its caller does not learn of it. */
  readonly when: "before" | "after";
  readonly fault: Fault;
}

/** The end of the simulated process: nothing may catch it and go on. */
export class SimulatedCrash extends Error {
  constructor(crossing: Crossing | null) {
    super(
      crossing === null ? "crashed before" : `crashed at crossing ${crossing.n}: ${crossing.method} ${crossing.target}`,
    );
    this.name = "SimulatedCrash";
  }
}

/** The plan in a text like `die:before:17`, as a test passes it to a child. Throws `RangeError` on anything else. */
export function parseFaultPlan(text: string): FaultPlan {
  const [name, when, number, ...rest] = text.split(":");
  const fault = FAULTS.find((known) => known === name);
  const at = Number(number);
  if (fault === undefined || (when !== "before" && when !== "after") || !(at >= 1) || rest.length > 0) {
    throw new RangeError(`not a fault plan: ${text} (like die:before:17)`);
  }
  return { fault, when, at };
}

/** Counts crossings and makes the planned one fail. */
class FaultSwitch {
  readonly crossings: Crossing[] = [];
  readonly #plan: FaultPlan | null;
  readonly #onCrash: () => void;
  readonly #crash = new AbortController();

  constructor(plan: FaultPlan | null, onCrash: () => void) {
    this.#plan = plan;
    this.#onCrash = onCrash;
  }

  get crashed(): boolean {
    return this.#crash.signal.aborted;
  }

  /** A use that is no crossing, but impossible for a dead process. */
  alive<T>(action: () => T): T {
    if (this.crashed) throw new SimulatedCrash(null);
    return action();
  }

  /** A synchronous crossing. `half` does the first half of a write. */
  cross<T>(what: Omit<Crossing, "n">, action: () => T, half: () => void = () => {}): T {
    const crossing = this.#count(what);
    const plan = this.#planned(crossing);
    if (plan === null) return action();
    if (plan.when === "after") action();
    else if (isTorn(plan.fault)) half();
    throw this.#fail(plan.fault, crossing);
  }

  /** An asynchronous crossing: `before` is before it starts, `after` when it has its result. */
  async around<T>(what: Omit<Crossing, "n">, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const crossing = this.#count(what);
    const plan = this.#planned(crossing);
    if (plan === null) return await this.race(action());
    if (plan.when === "after") await this.race(action());
    if (plan.fault === "hang") return await this.race(untilAborted(signal));
    throw this.#fail(plan.fault, crossing);
  }

  /** The promise's result, or the crash where that comes first. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#crash.signal;
    if (signal.aborted) {
      promise.catch(() => {});
      throw new SimulatedCrash(null);
    }
    let onCrash = (): void => {};
    const crash = new Promise<never>((_, reject) => {
      onCrash = () => reject(new SimulatedCrash(null));
      signal.addEventListener("abort", onCrash);
    });
    try {
      return await Promise.race([promise, crash]);
    } finally {
      signal.removeEventListener("abort", onCrash);
    }
  }

  #count(what: Omit<Crossing, "n">): Crossing {
    return this.alive(() => {
      const crossing = { n: this.crossings.length + 1, ...what };
      this.crossings.push(crossing);
      return crossing;
    });
  }

  #planned(crossing: Crossing): FaultPlan | null {
    return this.#plan !== null && this.#plan.at === crossing.n ? this.#plan : null;
  }

  #fail(fault: Fault, crossing: Crossing): Error {
    if (fault === "hang")
      return new Error(`crossing ${crossing.n} (${crossing.method}) is synchronous and cannot hang`);
    if (fault === "die" || fault === "torn-die") {
      this.#crash.abort();
      this.#onCrash();
      return new SimulatedCrash(crossing);
    }
    if (fault === "sigkill" || fault === "torn-sigkill") {
      process.kill(process.pid, "SIGKILL");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    const code = fault === "short-write" ? "ENOSPC" : fault;
    return new StorageError(crossing.method, crossing.target, new Error(`${code}: injected fault`));
  }
}

function isTorn(fault: Fault): boolean {
  return fault === "short-write" || fault === "torn-die" || fault === "torn-sigkill";
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** `Files` whose writes are crossings; making a folder that is there or removing nothing changes nothing, and is none. */
function faultyFiles(inner: Files, at: FaultSwitch): Files {
  const cross = (method: string, target: string, action: () => void, half?: () => void): void =>
    at.cross({ port: "files", method, target }, action, half);
  return {
    readText: (path) => at.alive(() => inner.readText(path)),
    readBytes: (path) => at.alive(() => inner.readBytes(path)),
    readUntrusted: (folder, path, most) => at.alive(() => inner.readUntrusted(folder, path, most)),
    list: (path) => at.alive(() => inner.list(path)),
    stat: (path) => at.alive(() => inner.stat(path)),
    realPath: (path) => at.alive(() => inner.realPath(path)),
    readLink: (path) => at.alive(() => inner.readLink(path)),
    identity: (path) => at.alive(() => inner.identity(path)),
    hash: (path) => at.alive(() => inner.hash(path)),
    hashing: (path) => at.alive(() => inner.hashing(path)),
    hashSamples: (path, samples) => at.alive(() => inner.hashSamples(path, samples)),
    makeDirectory: (path, mode) => {
      if (at.alive(() => inner.stat(path)) !== null) inner.makeDirectory(path, mode);
      else cross("makeDirectory", path, () => inner.makeDirectory(path, mode));
    },
    writeAtomic: (path, data, options) =>
      cross(
        "writeAtomic",
        path,
        () => inner.writeAtomic(path, data, options),
        () => inner.writeAtomic(temporaryOf(path), firstHalf(data)),
      ),
    createExclusive: (path, data) =>
      at.cross(
        { port: "files", method: "createExclusive", target: path },
        () => inner.createExclusive(path, data),
        () => inner.writeAtomic(temporaryOf(path), firstHalf(data)),
      ),
    append: (path, data) =>
      cross(
        "append",
        path,
        () => inner.append(path, data),
        () => inner.append(path, data.slice(0, data.length >> 1)),
      ),
    copyFile: (from, to, mode) =>
      cross(
        "copyFile",
        to,
        () => inner.copyFile(from, to, mode),
        () => inner.writeAtomic(to, firstHalf(inner.readBytes(from) ?? "")),
      ),
    symlink: (target, path) => cross("symlink", path, () => inner.symlink(target, path)),
    chmod: (path, mode) => cross("chmod", path, () => inner.chmod(path, mode)),
    setTimes: (path, mtimeMs) => cross("setTimes", path, () => inner.setTimes(path, mtimeMs)),
    rename: (from, to) => cross("rename", to, () => inner.rename(from, to)),
    remove: (path) => {
      if (at.alive(() => inner.stat(path)) !== null) cross("remove", path, () => inner.remove(path));
    },
    flush: (paths) => {
      if (paths.length > 0) cross("flush", paths.join(" "), () => inner.flush(paths));
    },
  };
}

/** What a write cut short leaves: a temporary file that nobody renames any more. */
function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 60)}.0-0.tmp`);
}

function firstHalf(data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return bytes.subarray(0, bytes.length >> 1);
}

const SIMULATED = "simulated-";

/**
 * A `ProcessRunner` in which the start of a process, the recording of its start (`started`) and the clean-up of
 * leftovers are crossings. Its own identity is one of a process that dies with the simulated crash.
 */
function faultyProcesses(inner: ProcessRunner, at: FaultSwitch, token: string): ProcessRunner {
  const self = { ...inner.self, startedAt: `${SIMULATED}${token}` };
  const isAlive = (identity: ProcessIdentity): boolean => {
    if (identity.startedAt?.startsWith(SIMULATED)) return identity.startedAt === self.startedAt;
    return inner.isAlive(identity);
  };
  return {
    self,
    run: (request, signal) => {
      const { onStart, onLine } = request;
      return at.around({ port: "processes", method: "run", target: request.file }, signal, () =>
        inner.run(
          {
            ...request,
            onStart: (identity) =>
              at.cross({ port: "processes", method: "started", target: request.file }, () => onStart?.(identity)),
            ...(onLine === undefined
              ? {}
              : {
                  onLine: (stream, line) => {
                    if (!at.crashed) onLine(stream, line);
                  },
                }),
          },
          signal,
        ),
      );
    },
    // After a crash there is nothing left to kill, and nobody to do it.
    killAll: () => {
      if (!at.crashed) inner.killAll();
    },
    load: () => inner.load(),
    limitTiers: (limits) => inner.limitTiers(limits),
    isAlive: (identity) => at.alive(() => isAlive(identity)),
    adopt: (request, left, signal) =>
      at.around({ port: "processes", method: "adopt", target: request.lasting }, signal, () =>
        inner.adopt(request, left, signal),
      ),
    isAdoptable: (lasting, identity) => at.alive(() => inner.isAdoptable(lasting, identity)),
    endLeftovers: (identities, prefix, but) =>
      at.around({ port: "processes", method: "endLeftovers", target: prefix }, new AbortController().signal, () =>
        inner.endLeftovers(identities, prefix, but),
      ),
  };
}

/** Effects with a fault in them, and what crossed them. */
export interface FaultyEffects {
  readonly effects: Effects;
  /** Every crossing so far, in order; the n-th has `n` n, from 1. */
  readonly crossings: readonly Crossing[];
  /** Whether a simulated crash has happened: from then on nothing crosses any more. */
  readonly crashed: boolean;
  /** The same for calls that are not among the effects. */
  wrapCall(name: string, call: LlmCall): LlmCall;
}

/**
 * Effects that behave until the planned crossing. A crossing is one use of a port that changes something outside or
 * waits for it: every write of `Files`, the start, the recorded start and the end of a process, a call. Reads are
 * none: between two writes nothing can be lost, so a crash at a read is a crash at the next write.
 *
 * The wrapped effects must not be shared: a simulated crash ends all their processes. `processes.self` names another
 * process each time, one that is dead as soon as it has crashed, so that what it locked can be taken over.
 */
export function faultyEffects(effects: Effects, plan: FaultPlan | null = null): FaultyEffects {
  const at = new FaultSwitch(plan, () => effects.processes.killAll());
  return {
    effects: {
      ...effects,
      clock: { ...methodsOf(effects.clock), sleep: (ms, signal) => at.race(effects.clock.sleep(ms, signal)) },
      files: faultyFiles(effects.files, at),
      processes: faultyProcesses(effects.processes, at, effects.token(8)),
    },
    crossings: at.crossings,
    get crashed() {
      return at.crashed;
    },
    wrapCall: (name, call) => (prompt, options) =>
      at.around({ port: "calls", method: "send", target: name }, options.signal, () => call(prompt, options)),
  };
}

function methodsOf(clock: Effects["clock"]): Effects["clock"] {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    turn: () => clock.turn(),
    deadline: (ms) => clock.deadline(ms),
  };
}
