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
    const isThere = (name: string) =>
      findProgram(name, settings.root, effects.variables.get("PATH"))?.executable === true;
    if (isThere(program)) return null;
    // Many systems have Python by this name alone.
    return isThere(`${program}3`) ? `is not on PATH; ${program}3 is` : "is not on PATH";
  }
}

export const noEnvironment = defineBare(
  "environment",
  "none",
  "Commands run with the programs that are on PATH.",
  () => new NoEnvironment(),
);
