import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { ProcessLimits, ProcessRequest } from "../../kernel/effects.ts";
import { quoted } from "../../text/printable.ts";
import type { ChildCommand, StartError } from "./child.ts";
import type { ControlGroup } from "./control-groups.ts";
import { exitFile, lastingShell } from "./lasting.ts";
import { readStart } from "./proc-fs.ts";

/** By what a process is held to its limits. */
export interface LimitMeans {
  /** Those that hold for each process by itself. */
  readonly each: ProcessLimits;
  /** Holds the others; `null` when there are none. */
  readonly group: Pick<ControlGroup, "members"> | null;
}

/** The command that a request comes to, under its limits and with its marker; or why it cannot be started. */
export function childCommand(request: ProcessRequest, held: LimitMeans): ChildCommand | Refusal {
  const { cwd, stdin, marker } = request;
  // The system reports a missing folder as a missing program.
  if (!isFolder(cwd)) return { refused: missingFolder(request) };
  const command = limited(request, held);
  if ("refused" in command) return command;
  const env = marker === undefined ? request.env : { ...request.env, AURA_TRIAL: marker };
  return { file: command.file, args: command.args, cwd, env, ...(stdin === undefined ? {} : { stdin }) };
}

function isFolder(path: string): boolean {
  return !path.includes("\0") && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A program and its arguments as they are started. */
export interface Invocation {
  readonly file: string;
  readonly args: readonly string[];
}

type LimitedCommand = Pick<ProcessRequest, "file" | "args" | "cwd" | "env" | "lasting">;

/** A start that cannot be made, and why. */
export interface Refusal {
  readonly refused: string;
}

/** Options of `prlimit` for each limit. */
const OPTIONS: readonly (readonly [keyof ProcessLimits, string])[] = [
  ["memoryBytes", "--as"],
  ["pids", "--nproc"],
  ["cpuSeconds", "--cpu"],
  ["fileSizeBytes", "--fsize"],
  ["openFiles", "--nofile"],
];

/** Joins control groups, named before `--`, and becomes the command behind it. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"';

/**
 * The command as it runs under limits: through a shell that joins the control groups, or one that waits to say how it ends, and through `prlimit`, which sets
 * limits on itself; each then becomes what follows. `--as` counts address space.
 */
export function limited(
  { file, args, cwd, env, lasting }: LimitedCommand,
  { each, group }: LimitMeans,
): Invocation | Refusal {
  const options = OPTIONS.flatMap(([name, option]) => {
    const value = each[name];
    const most = Math.max(0, Math.floor(value ?? 0));
    // One second more before it is killed: the first signal says why.
    return value === undefined ? [] : [name === "cpuSeconds" ? `${option}=${most}:${most + 1}` : `${option}=${most}`];
  });
  const members = group?.members ?? [];
  if (options.length === 0 && members.length === 0 && lasting === undefined) return { file, args };
  // What is put before it would report a missing program as an exit code of its own.
  const program = findProgram(file, cwd, env.PATH);
  if (!program?.executable) return { refused: missingProgram(file, program !== null) };
  if (lacksInterpreter(program.path)) return { refused: missingInterpreter(file) };
  const prlimit = options.length === 0 ? [] : [prlimitPath() ?? "prlimit", ...options, "--core=0", "--"];
  const command = [...prlimit, program.path, ...args];
  const words = [...members, "--", ...command];
  if (lasting !== undefined)
    return { file: "/bin/sh", args: ["-c", lastingShell(env), "sh", exitFile(lasting), ...words] };
  if (members.length > 0) return { file: "/bin/sh", args: ["-c", JOIN, "sh", ...words] };
  const [first = "", ...rest] = command;
  return { file: first, args: rest };
}

/** The message for a command word that leads to no program. */
function missingProgram(word: string, exists: boolean): string {
  const name = quoted(word);
  if (exists)
    return `cannot start ${name}: the file is there but may not be executed (chmod +x, or name its interpreter)`;
  const where = word.includes("/") ? "there is no such file" : "no such program on the PATH of this command";
  return `cannot start ${name}: ${where}`;
}

function missingInterpreter(word: string): string {
  return `cannot start ${quoted(word)}: the interpreter that its first line names, or its loader, does not exist`;
}

/** Whether a program is a script whose first line names what is not there. */
function lacksInterpreter(path: string): boolean {
  const [, interpreter] = /^#! *(\/[^\s]+)/.exec(readStart(path) ?? "") ?? [];
  return interpreter !== undefined && !existsSync(interpreter);
}

/** What the C library searches when there is no PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

export interface FoundProgram {
  readonly path: string;
  readonly executable: boolean;
}

/**
 * Finds the program a command word means: a word with a slash is a path relative to `cwd`, any other is looked up on
 * `path` (a `PATH` value). A file that may not be executed is only given when there is no better one.
 */
export function findProgram(word: string, cwd: string, path: string | undefined): FoundProgram | null {
  if (word === "" || word.includes("\0")) return null;
  if (word.includes("/")) return inspect(resolve(cwd, word));
  let unusable: FoundProgram | null = null;
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const found = inspect(join(isAbsolute(directory) ? directory : resolve(cwd, directory), word));
    if (found?.executable) return found;
    unusable ??= found;
  }
  return unusable;
}

function inspect(path: string): FoundProgram | null {
  if (!isFile(path)) return null;
  try {
    accessSync(path, constants.X_OK);
    return { path, executable: true };
  } catch {
    return { path, executable: false };
  }
}

/** A folder that may not be searched, or cannot be, holds nothing that could be run: a shell passes it by as well. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  E2BIG: "its arguments and variables are too long for the system; pass long values in a file",
  EAGAIN: "the system allows no more processes now",
  ENOMEM: "there is not enough memory to start a process",
  EMFILE: "AURA has too many files open",
  ENFILE: "the system has too many files open",
};

/** What is the same however often it is tried: the program, its arguments or its folder. Anything else may pass. */
const LASTING: ReadonlySet<string> = new Set([
  "ENOENT",
  "EACCES",
  "E2BIG",
  "ENAMETOOLONG",
  "ENOTDIR",
  "EISDIR",
  "ELOOP",
  "ENOEXEC",
  "ERR_INVALID_ARG_VALUE",
  "ERR_INVALID_ARG_TYPE",
]);

/** Why the system did not start a process. */
export interface StartRefusal {
  readonly end: "cannot-start" | "spawn-error";
  readonly message: string;
}

/** Says why a process could not be started, from what the system answered and what can be seen of the request. */
export function explainRefusal(error: StartError, request: ProcessRequest): StartRefusal {
  return { end: LASTING.has(error.code) ? "cannot-start" : "spawn-error", message: explanation(error, request) };
}

function explanation({ code, message }: StartError, request: ProcessRequest): string {
  if (code === "ENOENT" || code === "EACCES") {
    const program = findProgram(request.file, request.cwd, request.env.PATH);
    if (!program?.executable) return missingProgram(request.file, program !== null);
    if (code === "ENOENT") return missingInterpreter(request.file);
  }
  if (code === "ERR_INVALID_ARG_VALUE" && hasNul(request)) {
    return `cannot start ${quoted(request.file)}: an argument, a variable or the folder holds a NUL byte`;
  }
  return `cannot start ${quoted(request.file)}: ${EXPLANATIONS[code] ?? message.slice(0, 500)}`;
}

function missingFolder({ file, cwd }: ProcessRequest): string {
  return `cannot start ${quoted(file)}: the working directory ${cwd} does not exist`;
}

function hasNul(request: ProcessRequest): boolean {
  const { file, args, cwd, env } = request;
  return [file, cwd, ...args, ...Object.entries(env).flat()].some((text) => text.includes("\0"));
}

/** The program that sets limits, on AURA's own `PATH` or where system programs are; `null` when it is missing. */
export function prlimitPath(): string | null {
  const found = findProgram("prlimit", "/", process.env.PATH) ?? findProgram("prlimit", "/", "/usr/bin:/bin");
  return found?.executable ? found.path : null;
}
