import { type ChildProcess, spawn } from "node:child_process";
import { messageOf } from "../../kernel/errors.ts";
import { readStat } from "./proc-fs.ts";
import { send } from "./signals.ts";
import type { Child, ChildCommand, ChildEvents, StartError, Starter } from "./starter.ts";

/** Starts each child as a child of this very process. */
export const directStarter: Starter = { start };

const NOBODY: Child = { letGo: () => {}, pause: () => {}, resume: () => {} };

function start(command: ChildCommand, events: ChildEvents): Child {
  let child: ChildProcess;
  try {
    child = spawn(command.file, command.args, {
      cwd: command.cwd,
      // A copy: Node adds to the object it is given when it measures coverage.
      env: { ...command.env },
      detached: true,
      stdio: [command.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
  } catch (thrown) {
    events.refused(startError(thrown));
    return NOBODY;
  }
  const { pid } = child;
  if (pid === undefined) {
    child.once("error", (thrown) => events.refused(startError(thrown)));
    return NOBODY;
  }
  child.on("error", () => {
    // Only a start or a signal through this object fails with an error, and neither happens from here on.
  });
  watch(child, pid, events);
  events.started(pid, () => (hasEnded(child) ? null : (readStat(pid)?.startTicks ?? null)));
  feed(child, command.stdin);
  return { letGo: () => letGo(child), pause: () => each(child, "pause"), resume: () => each(child, "resume") };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
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
  if (!hasEnded(child)) child.unref();
}

function each({ stdout, stderr }: ChildProcess, action: "pause" | "resume"): void {
  stdout?.[action]();
  stderr?.[action]();
}

function startError(thrown: unknown): StartError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return { code, message: messageOf(thrown) };
}
