import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { ProcessLimits, ProcessRequest } from "../../kernel/effects.ts";
import { quoted } from "../../text/printable.ts";
import type { ChildCommand, StartError } from "./child.ts";

/** The command that a request comes to, under its limits and with its marker; or why it cannot be started. */
export function childCommand(request: ProcessRequest): ChildCommand | Refusal {
  const { cwd, stdin, limits, marker } = request;
  // The system reports a missing folder as a missing program.
  if (!isFolder(cwd)) return { refused: missingFolder(request) };
  const where = { cwd, path: request.env.PATH, ownPath: process.env.PATH };
  const command = limits === undefined ? request : withLimits(request, limits, where);
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

/** Where a limited command runs, and where `prlimit` is looked for. */
export interface LimitedWhere {
  readonly cwd: string;
  /** `PATH` of the command. */
  readonly path: string | undefined;
  /** `PATH` of AURA itself. */
  readonly ownPath: string | undefined;
  /** Where system programs are, should AURA's own `PATH` not say. */
  readonly systemPath?: string;
}

/**
 * The command as it runs under limits: through `prlimit`, which sets them on itself and then becomes the program.
 * `--as` counts address space and holds for each process by itself; `--nproc` counts all of the user's processes and
 * is not enforced for root. A limit that cannot be set is a refusal, never a limit that silently is none.
 */
export function withLimits(
  command: Invocation,
  limits: ProcessLimits | undefined,
  where: LimitedWhere,
): Invocation | Refusal {
  const options = OPTIONS.flatMap(([name, option]) => {
    const value = limits?.[name];
    return value === undefined ? [] : [`${option}=${Math.max(0, Math.floor(value))}`];
  });
  if (options.length === 0) return command;
  const prlimit =
    findProgram("prlimit", "/", where.ownPath) ?? findProgram("prlimit", "/", where.systemPath ?? "/usr/bin:/bin");
  if (!prlimit?.executable) {
    return {
      refused:
        "limits need the program prlimit (package util-linux), which is not on PATH; install it or remove `limits`",
    };
  }
  // prlimit would report a missing program as an exit code of its own.
  const program = findProgram(command.file, where.cwd, where.path);
  if (!program?.executable) return { refused: missingProgram(command.file, program !== null) };
  return { file: prlimit.path, args: [...options, "--core=0", "--", program.path, ...command.args] };
}

/** The message for a command word that leads to no program. */
function missingProgram(word: string, exists: boolean): string {
  const name = quoted(word);
  if (exists)
    return `cannot start ${name}: the file is there but may not be executed (chmod +x, or name its interpreter)`;
  const where = word.includes("/") ? "there is no such file" : "no such program on the PATH of this command";
  return `cannot start ${name}: ${where}`;
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
    if (code === "ENOENT") {
      return `cannot start ${quoted(request.file)}: the interpreter that its first line names, or its loader, does not exist`;
    }
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

/**
 * What keeps this machine from holding local processes to these limits, or `null` when nothing does. Limits are those
 * of `prlimit`: the kernel does not count the processes of root.
 */
export function limitGap(limits: ProcessLimits, uid: number | undefined = process.getuid?.()): string | null {
  if (process.platform !== "linux" && Object.keys(limits).length > 0)
    return `limits are not enforced on ${process.platform}`;
  if (limits.pids !== undefined && uid === 0) {
    return "limits.pids is not enforced for root; run AURA as another user, or use a sandbox or a container";
  }
  return null;
}
