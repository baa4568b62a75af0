import { constants } from "node:os";

/** The signal that has ended a program, where a shell tells it, or what else stands before the program, by this exit code. */
export function signalOfCode(exitCode: number | null): string | undefined {
  const number = (exitCode ?? 0) - 128;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

/** Signals by which the kernel says that a limit was reached. */
const LIMIT_SIGNALS: Readonly<Record<string, string>> = {
  SIGXCPU: ": it has used up the CPU time of its limits",
  SIGXFSZ: ": it wrote a file beyond the size of its limits",
};

/** How a program that a signal has ended came to that. */
export function endedBy(signal: string): string {
  return `ended by ${signal}${LIMIT_SIGNALS[signal] ?? ""}`;
}
