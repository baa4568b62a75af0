import { defineBare } from "../../kernel/define.ts";
import type { ExecutionEnvironment, PreparedEnvironment, ProbeContext } from "../../kernel/ports.ts";
import { findProgram } from "../../platform/process/invocation.ts";

/** Commands run with the programs and libraries that are on PATH. */
export class NoEnvironment implements ExecutionEnvironment {
  readonly addsNothing = true;

  async prepare(): Promise<PreparedEnvironment> {
    return { wrap: (command) => command };
  }

  async missing(program: string, { settings, effects }: ProbeContext): Promise<string | null> {
    const found = findProgram(program, settings.root, effects.variables.get("PATH"));
    return found?.executable ? null : "is not on PATH";
  }
}

export const noEnvironment = defineBare(
  "environment",
  "none",
  "Commands run with the programs that are on PATH.",
  () => new NoEnvironment(),
);
