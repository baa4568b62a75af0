import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { messageOf } from "../../kernel/errors.ts";
import { send } from "./proc-fs.ts";

/** A program as it is started: no shell, the whole environment, the text that it finds on stdin. */
export interface ChildCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Descriptors of files that it prints into; without them its output is told as it comes. They are closed here. */
  readonly into?: readonly [number, number];
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
 * What happens to a child, in this order: `started` or `refused`; any `output`; `exited`; `closed`. The first two may
 * be called before the call that started the child has returned.
 */
export interface ChildEvents {
  /** It runs, as leader of its own session and group. */
  started(pid: number): void;
  /** It never ran. Nothing follows. */
  refused(error: StartError): void;
  output(stream: "stdout" | "stderr", chunk: Buffer): void;
  exited(exit: Exit): void;
  /** Both of its output streams have ended, which a leftover that holds them may put off. */
  closed(): void;
}

/** Starts a child without waiting for it. What is returned closes the ends of its pipes, and then it holds nothing up. */
export function startChild(command: ChildCommand, events: ChildEvents): () => void {
  const { into } = command;
  let child: ChildProcess;
  try {
    child = spawn(command.file, command.args, {
      cwd: command.cwd,
      // A copy: Node adds to the object it is given when it measures coverage.
      env: { ...command.env },
      detached: true,
      stdio: [command.stdin === undefined ? "ignore" : "pipe", into?.[0] ?? "pipe", into?.[1] ?? "pipe"],
    });
  } catch (thrown) {
    events.refused(startError(thrown));
    return () => {};
  } finally {
    for (const fd of into ?? []) closeSync(fd);
  }
  const { pid } = child;
  if (pid === undefined) {
    child.once("error", (thrown) => events.refused(startError(thrown)));
    return () => {};
  }
  child.on("error", () => {
    // Only a start or a signal through this object fails with an error, and neither happens from here on.
  });
  watch(child, pid, events);
  events.started(pid);
  feed(child, command.stdin);
  return () => letGo(child);
}

function watch(child: ChildProcess, pid: number, events: ChildEvents): void {
  child.once("exit", (code, signal) => events.exited({ code, signal, leftOthers: send(-pid, 0) }));
  child.once("close", () => events.closed());
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("error", () => {
      // A pipe that breaks ends the stream; how the process ended is what counts.
    });
    child[name]?.on("data", (chunk: Buffer) => events.output(name, chunk));
  }
}

function feed(child: ChildProcess, text: string | undefined): void {
  if (text === undefined) return;
  child.stdin?.on("error", () => {
    // The process need not read what it is given.
  });
  child.stdin?.end(text);
}

function letGo(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.exitCode === null && child.signalCode === null) child.unref();
}

function startError(thrown: unknown): StartError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return { code, message: messageOf(thrown) };
}
