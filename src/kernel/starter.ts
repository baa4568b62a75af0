import type { JsonObject } from "../model/json.ts";
import type { LimitTiers, ProcessEnd, ProcessLimits, ProcessRequest, ProcessUsage } from "./effects.ts";
import type { ProbeContext, RunContext } from "./run-context.ts";
import type { Lifecycle } from "./runner.ts";

/** A command: a program, its arguments, its whole environment, and where it runs. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What is to be mounted where it runs, before it, and unmounted after it. Where `setup` mounts, there are none. */
  readonly views?: readonly View[];
}

/** A folder, and where its read-only view is. */
export interface View {
  readonly from: string;
  readonly at: string;
}

/** What a command may see and write: a sandbox binds these, a cluster has them on a file system that it shares. */
export interface TrialPlace {
  /** The project. */
  readonly root: string;
  readonly inputs: readonly string[];
  /** The attempt's own folder. */
  readonly trialDir: string;
  /** Folders that the environment's programs and libraries are in, such as a venv and the Python it was made with: read-only. */
  readonly libraries: readonly string[];
  /** What no sandbox shows, though it be in a folder that it does show: such as the workspace. */
  readonly hidden?: readonly string[];
  /** Limits that it has, for whatever holds them itself. */
  readonly limits?: ProcessLimits;
}

/** A command of one attempt, wrapped already, that is to be run once, and all that is promised about it. */
export interface Job extends Omit<ProcessRequest, "onStart" | "stdin" | "secrets"> {
  /** Of how long it runs, not of how long it waits in a queue. */
  readonly timeoutMs: number;
  readonly limits: ProcessLimits;
  /** Where its output has to be when it has ended. */
  readonly logs: { readonly stdout: string; readonly stderr: string };
  readonly marker: string;
  readonly views?: readonly View[];
  readonly place: TrialPlace;
  /** To be called with each line of its output, as it comes or at the end: metrics are read from these. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
  /** Records the local process that it is, by which a later resume ends it should AURA die. */
  readonly onStart: NonNullable<ProcessRequest["onStart"]>;
  /**
   * Records, on the disk when it returns, what `adopt` will know it by. Call it before what must not happen twice, and
   * again when more is known; the last one counts. What is `ending: true` is being ended, and is not gone on with.
   */
  readonly known: (ref: JsonObject) => void;
  /** It has left the queue, so many milliseconds ago: its timeout counts from then. Not needed for local processes. */
  readonly running: (forMs?: number) => void;
}

/** How a job ended, as far as the one who ran it can tell. */
export interface Ended {
  readonly end: ProcessEnd;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly message?: string;
  /** Default: the end of the lines that were told, and the time since it was started. */
  readonly stdoutTail?: string;
  readonly stderrTail?: string;
  readonly durationMs?: number;
  /** What it took, where that is known. */
  readonly usage?: ProcessUsage;
}

/** A job that was started. */
export interface Handle {
  /** Answers once it is over and nothing of it is left. Never rejects for what the command did. */
  wait(): Promise<Ended>;
  /** Ends it and all that it started, also while it waits in a queue; `wait` answers soon after. */
  stop(reason: unknown): void | Promise<void>;
  /**
   * Keeps it from beginning, so that it can be stopped while it waits; `false`: it has begun. Needed where that is known
   * earlier than `running` tells it.
   */
  hold?(): boolean;
}

/**
 * How an executor starts commands: the one thing in which executors differ. An empty object starts local processes.
 * Everything else about trials and checks is the same for all of them, and theirs without a line of code.
 */
export interface Starter extends Lifecycle {
  /** Looks for what it needs, before anything is written or spent. Throws `ToolMissingError`. */
  probe?(ctx: ProbeContext): Promise<void>;
  /**
   * The short form, all that most need: the command as it is really run, such as behind `nice`. Changes nothing
   * anywhere: a dry run shows its result as well.
   */
  wrap?(command: Command, place: TrialPlace): Command;
  /** What the end of the wrapped command says of the end of the command itself. Called once for each job. */
  ended?(ended: Ended, place: TrialPlace): Ended;
  /** The long form: starts these, each in its wrapped form, and answers with their handles in the same order. */
  start?(jobs: readonly Job[], ctx: RunContext): readonly Handle[] | Promise<readonly Handle[]>;
  /**
   * Goes on with a job that an earlier, killed AURA had started, by what its `known` recorded. `null` when it is gone
   * and nobody can tell what became of it, after clearing away what it left: it is repeated.
   */
  adopt?(ref: JsonObject, job: Job, ctx: RunContext): Promise<Handle | null>;
  /** The same with commands that another wraps inside of it. Absent where it does not go with one. */
  around?(inner: Starter): Starter;
  /** Its wrapped commands run only by its own `start`: it goes inside of no other. */
  readonly startsItself?: boolean;
  /**
   * Whether jobs stay as they are when the run is stopped for this reason, see `StopRequest`: the next resume goes on with
   * them. Without it they are ended, also in a queue.
   */
  stays?(reason: unknown): boolean;
  /**
   * It queues by itself, as a cluster does: no job waits for a slot, and those that are ready are started together, once
   * none has joined them for so many milliseconds.
   */
  readonly gatherMs?: number;
  /** It ends jobs at their timeout where they run: how late that is heard of here does not count. */
  readonly keepsTime?: boolean;
  /**
   * It runs commands in a sandbox or a container, or on another machine: they get a small environment instead of AURA's
   * own, and there is no warning that code of a model has all rights of the user.
   */
  readonly isolates?: boolean;
  /** With the small environment, but with all that this user can read and write: there are warnings all the same. */
  readonly isOpen?: boolean;
  /** Variables of that small environment that are the place's own, such as the `PATH` of a container: AURA's are not passed on. */
  readonly brings?: readonly string[];
  /** What holds these limits where it runs commands; without it, what holds them for local processes. */
  limitTiers?(limits: ProcessLimits): LimitTiers;
  /**
   * Why commands would not find this program where they run; `null` when they do. It is looked for where the environment
   * says as well, unless there is a `start`, which may run commands anywhere, without `sharesFiles`. Throws
   * `ToolMissingError` where to install it is no remedy.
   */
  missing?(program: string, ctx: ProbeContext): Promise<string | null>;
  /** The same for commands that run on another machine, where `setup` and `probe` do nothing. Absent where that makes no difference. */
  onNode?(): Starter;
  /** What its `start` runs finds the programs that are found here. */
  readonly sharesFiles?: boolean;
}
