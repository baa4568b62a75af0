/** A program as it is started: no shell, the whole environment, the text that it finds on stdin. */
export interface ChildCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether its group had other members as its end was seen, and its id could not yet be given to another process. */
  readonly leftOthers: boolean;
}

/** Why the system did not start a program: its error code, where it has one, and its words. */
export interface StartError {
  readonly code: string;
  readonly message: string;
}

/**
 * What happens to a child, in this order: `started` or `refused`; any `output`; `exited` or `lost`; `closed`. The first
 * two may be called before the call that started the child has returned.
 */
export interface ChildEvents {
  /**
   * It runs, as leader of its own session and group. `startTicks` answers its start time as the kernel counts it, as
   * long as it was not told that it has ended; `null` then, and where the kernel does not tell.
   */
  started(pid: number, startTicks: () => string | null): void;
  /** It never ran. Nothing follows. */
  refused(error: StartError): void;
  output(stream: "stdout" | "stderr", chunk: Buffer): void;
  exited(exit: Exit): void;
  /** It can be watched no longer, and how it ends will not be known. Nothing follows. */
  lost(message: string): void;
  /** Both of its output streams have ended, which a leftover that holds them may put off. */
  closed(): void;
}

/** A child that was asked for. */
export interface Child {
  /** Closes the ends of its pipes: nothing more is read, and it holds nothing up. */
  letGo(): void;
  /** Reads no more of its output for now, which makes it wait once its pipes are full. */
  pause(): void;
  resume(): void;
}

/** Starts children without waiting for them. */
export interface Starter {
  start(command: ChildCommand, events: ChildEvents): Child;
}
