/**
 * The ports through which AURA touches the outside: clock, chance, files, processes, environment. `platform/`
 * implements them; a test or the fault rig wraps them. Nothing else in AURA goes around them.
 */
import type { LIMIT_TIERS } from "../model/trial.ts";
import type { Steps } from "./steps.ts";

/** Of what is never stopped. */
export const NEVER: AbortSignal = new AbortController().signal;

/** The time, and waiting for it. */
export interface Clock {
  now(): Date;
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Resolves once signals, timers and all else that waits for the event loop have had their turn. */
  turn(): Promise<void>;
  /** A signal that aborts after `ms` with `TimeoutReached`, and a way to call it off. Any `ms`, also beyond 2^31. */
  deadline(ms: number): Deadline;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** The reason of a signal that a `Deadline` aborted: tells a timeout from a user's stop. */
export class TimeoutReached extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super(`timed out after ${ms / 1000} s`);
    this.name = "TimeoutReached";
    this.ms = ms;
  }
}

/** A seeded stream of numbers. `fork` gives an independent stream that depends on the seed and the label only. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, max). */
  int(max: number): number;
  fork(label: string): Rng;
}

export type EntryKind = "file" | "directory" | "symlink" | "other";

export interface FileStat {
  readonly kind: EntryKind;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly nlink: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What was read, or why not, in words that follow the file's name. */
export type UntrustedFile =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

/**
 * The file system, synchronous: records are small and many, and ordered writes are what makes a run resumable.
 * Every method that meets a full, read-only or broken disk throws `StorageError`. Missing files are `null`, not errors,
 * where the return type says so.
 */
export interface Files {
  readText(path: string): string | null;
  readBytes(path: string): Uint8Array | null;
  /**
   * A file that a trial may have put there, at a path below a folder: no link on the way from there is followed, nothing
   * but a regular file with no other name is opened, and no more than so many bytes are read.
   */
  readUntrusted(folder: string, path: string, mostBytes: number): UntrustedFile;
  /** Entries sorted by name; `null` when there is no such directory. */
  list(path: string): readonly DirectoryEntry[] | null;
  /** Of the entry itself: a link is not followed. */
  stat(path: string): FileStat | null;
  realPath(path: string): string | null;
  readLink(path: string): string | null;
  /**
   * `<device>-<inode>` of what the path leads to, which a copy of it does not share and a move within the file system
   * keeps; `null` when nothing is there, or its file system has no lasting numbers.
   */
  identity(path: string): string | null;
  makeDirectory(path: string, mode?: number): void;
  /**
   * Writes the whole file or nothing: a temporary file beside it, then a rename over it. `durable`: flushed to the
   * disk before it is visible. The directory must exist. `mode` defaults to 0o644.
   */
  writeAtomic(
    path: string,
    data: string | Uint8Array,
    options?: { readonly durable?: boolean; readonly mode?: number },
  ): void;
  /** Creates the file with its whole content unless it exists: `false` when it does. One caller wins. */
  createExclusive(path: string, data: string): boolean;
  append(path: string, data: string): void;
  copyFile(from: string, to: string, mode: number): void;
  symlink(target: string, path: string): void;
  chmod(path: string, mode: number): void;
  /** Sets access and modification time, in milliseconds since 1970. */
  setTimes(path: string, mtimeMs: number): void;
  rename(from: string, to: string): void;
  /** Removes a file, a link, or a directory with all in it; nothing there is fine. Links are not followed. */
  remove(path: string): void;
  /** Flushes files and directories to the disk, best effort in order; missing ones are skipped. */
  flush(paths: readonly string[]): void;
  /** SHA-256 of a file's bytes, hex, streamed; `null` when there is no such regular file. */
  hash(path: string): string | null;
  /** The same in pieces. */
  hashing(path: string): Steps<string | null>;
  /** SHA-256 of some of a large file's bytes, and of all of a small one's; `null` as above. */
  hashSamples(path: string, samples: Samples): string | null;
}

/** At how many places of a file, evenly from its beginning to its end, how many bytes are read. */
export interface Samples {
  readonly places: number;
  readonly bytes: number;
}

/** What makes a process nameable after a crash: its id may be reused, its id with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the kernel tells it, opaque; absent where the platform has none. */
  readonly startedAt?: string;
}

/** Where the output of a process goes, a file a stream. */
export interface LogFiles {
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited besides. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly timeoutMs?: number;
  /** Between SIGTERM to the group and SIGKILL. */
  readonly graceMs: number;
  /** Bytes of stdout and stderr together after which the process is ended with `output-limit`; never by default. */
  readonly outputLimitBytes?: number;
  /** Where the output is kept, created on the first byte; past 8 MiB the middle is left out. */
  readonly logs?: LogFiles;
  /** Texts, longest first, that the logs hold `[redacted]` in place of; lines and tails are as they came. */
  readonly secrets?: readonly string[];
  /** Value of `AURA_TRIAL` in `env`: leftovers that carry it are ended too, whatever group they are in. */
  readonly marker?: string;
  readonly limits?: ProcessLimits;
  /**
   * What it starts runs in a process namespace: SIGTERM goes to all in there, and not to what made the namespace, which
   * would end at once and take them along.
   */
  readonly isolated?: boolean;
  /**
   * A folder, not there yet, that keeps what it prints and how it ends, should AURA die: `adopt` goes on with it then. It
   * is left as it is when the process has ended.
   */
  readonly lasting?: string;
  /** As soon as the process exists. */
  readonly onStart?: (process: ProcessIdentity) => void;
  /** Each line of output, without its end, cut at 1 MiB; of a redrawn one the last text. */
  readonly onLine?: (stream: "stdout" | "stderr", line: string) => void;
}

export interface ProcessLimits {
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly cpuSeconds?: number;
  readonly fileSizeBytes?: number;
  readonly openFiles?: number;
}

export type LimitTier = (typeof LIMIT_TIERS)[number];

/** What holds each of the limits that were asked for. */
export type LimitTiers = { readonly [Name in keyof ProcessLimits]?: LimitTier };

export const PROCESS_ENDS = [
  "exited",
  "timeout",
  "cancelled",
  "signal",
  "out-of-memory",
  "output-limit",
  /** It could not be started, for a reason that stays: no such file, not executable, too long a command line. */
  "cannot-start",
  /** It could not be started now: the machine has too little of something. */
  "spawn-error",
  /** What watched over the process has ended: how it would have ended is not known. */
  "lost",
] as const;
export type ProcessEnd = (typeof PROCESS_ENDS)[number];

export interface ProcessResult {
  readonly end: ProcessEnd;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** The last 4 KiB of each stream, control characters removed. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
  /** What went wrong, when the process could not be started or was ended by AURA. */
  readonly message?: string;
  readonly pid?: number;
  readonly usage?: ProcessUsage;
}

/** What a process and all that it started took, as far as that was seen. */
export interface ProcessUsage {
  readonly cpuSeconds?: number;
  /** Most resident memory at a time. */
  readonly peakMemoryBytes?: number;
  /** What held each limit that it had. */
  readonly limits?: LimitTiers;
  /** The load of the machine as it ended, where that is another one than AURA's; `null` when it is not known. */
  readonly load?: number | null;
  /** GPUs that a cluster gave to it. */
  readonly devices?: readonly string[];
}

export type LastingRequest = ProcessRequest & { readonly lasting: string };

/** A process that an earlier AURA started, and when, in milliseconds since 1970. */
export interface LeftProcess {
  readonly process: ProcessIdentity;
  readonly startedAtMs: number;
}

/** Local processes. Each runs in its own group and never outlives the runner that started it. */
export interface ProcessRunner {
  /**
   * Runs a process to its end and never rejects for what it does: that is in `end`. When `signal` aborts, the group
   * gets SIGTERM, after `graceMs` SIGKILL.
   */
  run(request: ProcessRequest, signal: AbortSignal): Promise<ProcessResult>;
  /**
   * Goes on with a `lasting` process that an earlier, dead AURA started: told from the beginning, as `run` would have. What
   * has ended without saying how is `lost`.
   */
  adopt(request: LastingRequest, left: LeftProcess, signal: AbortSignal): Promise<ProcessResult>;
  /** Whether `adopt` can go on with it: it runs, or has said how it ended, and all that it printed is there. */
  isAdoptable(lasting: string, process: ProcessIdentity): boolean;
  /** Ends with SIGKILL, at once and without waiting, everything that is still running. */
  killAll(): void;
  /** Whether the process with this identity is alive. Without a start time to compare, a live pid counts. */
  isAlive(identity: ProcessIdentity): boolean;
  /**
   * Ends a process left by an earlier, dead AURA together with its group, and whatever carries a marker with this prefix,
   * but for these markers. Returns how many.
   */
  endLeftovers(
    identities: readonly ProcessIdentity[],
    markerPrefix: string,
    but?: ReadonlySet<string>,
  ): Promise<number>;
  /** What would hold local processes to these limits. */
  limitTiers(limits: ProcessLimits): LimitTiers;
  /** The machine's load: runnable processes on average over the last minute; `null` where the system does not say. */
  load(): number | null;
  /** Identity of this process, its machine, and the process namespace in which its id counts, where there are such. */
  readonly self: ProcessIdentity & {
    readonly host: string;
    readonly bootId: string;
    readonly pidNamespace?: string;
    /** Numbers of its user and group, as in `1000:1000`; absent where the system has none. */
    readonly user?: string;
  };
}

/** Read access to AURA's own environment variables; values never enter records, prompts or messages. */
export interface EnvironmentVariables {
  get(name: string): string | undefined;
  names(): readonly string[];
}

/** The outside, as all but the edge of AURA knows it. */
export interface Effects {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: ProcessRunner;
  readonly variables: EnvironmentVariables;
  /** Stream for a run's seed. */
  rng(seed: number): Rng;
  /** Random bytes as lower-case hex: for run ids, lock tokens and markers, never for anything a run's results depend on. */
  token(bytes: number): string;
}
