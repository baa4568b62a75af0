import type { ProcessLimits } from "../../kernel/effects.ts";
import { findProgram } from "./executable.ts";

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
export function missingProgram(word: string, exists: boolean): string {
  const name = JSON.stringify(word.slice(0, 200));
  if (exists)
    return `cannot start ${name}: the file is there but may not be executed (chmod +x, or name its interpreter)`;
  const where = word.includes("/") ? "there is no such file" : "no such program on the PATH of this command";
  return `cannot start ${name}: ${where}`;
}
