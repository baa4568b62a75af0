import { constants } from "node:os";

/** The signal that has ended a program, where a shell tells it, or what else stands before the program, by this exit code. */
export function signalOfCode(exitCode: number | null): string | undefined {
  const number = (exitCode ?? 0) - 128;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
