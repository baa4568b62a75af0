import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import type { ProcessRequest } from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import { findProgram } from "./executable.ts";
import { type Invocation, missingProgram, type Refusal, withLimits } from "./limits.ts";

/** A child that runs, leader of a group of its own. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
}

/**
 * Starts the process of a request, without a shell and as leader of its own group. Whatever keeps it from starting is a
 * refusal that says why. Synchronous when it starts, so that no event of the child can be missed.
 */
export function start(request: ProcessRequest): Started | Refusal | Promise<Refusal> {
  const { cwd, env } = request;
  // The system reports a missing folder as a missing program.
  if (!isFolder(cwd)) {
    return { refused: `cannot start ${quoted(request.file)}: the working directory ${cwd} does not exist` };
  }
  const command = limited(request);
  if ("refused" in command) return command;
  let child: ChildProcess;
  try {
    child = spawn(command.file, command.args, {
      cwd,
      // A copy: Node adds to the object it is given when it measures coverage.
      env: request.marker === undefined ? { ...env } : { ...env, AURA_TRIAL: request.marker },
      detached: true,
      stdio: [request.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
  } catch (thrown) {
    return { refused: explain(thrown, request) };
  }
  if (child.pid === undefined) return failure(child, request);
  child.on("error", () => {
    // Only a start or a signal through this object fails with an error, and neither happens from here on.
  });
  feed(child, request.stdin);
  return { child, pid: child.pid };
}

function limited(request: ProcessRequest): Invocation | Refusal {
  const { limits, cwd, env } = request;
  if (limits === undefined) return request;
  return withLimits(request, limits, { cwd, path: env.PATH, ownPath: process.env.PATH });
}

function isFolder(path: string): boolean {
  return !path.includes("\0") && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function failure(child: ChildProcess, request: ProcessRequest): Promise<Refusal> {
  const [error]: unknown[] = await once(child, "error");
  return { refused: explain(error, request) };
}

function feed(child: ChildProcess, text: string | undefined): void {
  if (text === undefined) return;
  child.stdin?.on("error", () => {
    // The process need not read what it is given.
  });
  child.stdin?.end(text);
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  E2BIG: "its arguments and variables are too long for the system; pass long values in a file",
  EAGAIN: "the system allows no more processes now",
  ENOMEM: "there is not enough memory to start a process",
  EMFILE: "AURA has too many files open",
  ENFILE: "the system has too many files open",
};

function explain(thrown: unknown, request: ProcessRequest): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "ENOENT" || code === "EACCES") {
    const program = findProgram(request.file, request.cwd, request.env.PATH);
    if (!program?.executable) return missingProgram(request.file, program !== null);
    if (code === "ENOENT") {
      return `cannot start ${quoted(request.file)}: the interpreter that its first line names, or its loader, does not exist`;
    }
  }
  if (code === "ERR_INVALID_ARG_VALUE" && hasNul(request)) {
    return `cannot start ${quoted(request.file)}: an argument, a variable or the folder holds a NUL byte`;
  }
  return `cannot start ${quoted(request.file)}: ${EXPLANATIONS[code] ?? messageOf(thrown).slice(0, 500)}`;
}

function hasNul(request: ProcessRequest): boolean {
  const { file, args, cwd, env } = request;
  return [file, cwd, ...args, ...Object.entries(env).flat()].some((text) => text.includes("\0"));
}

function quoted(word: string): string {
  return JSON.stringify(word.slice(0, 200));
}
