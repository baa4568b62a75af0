import { dirname } from "node:path";
import type { Effects } from "../../kernel/effects.ts";
import type { RunnerRequest } from "../../kernel/ports.ts";

const ALWAYS_PASSED = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "TZ",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_CACHE_HOME",
];

export interface PassedVariables {
  /** Variables set for the process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Names of variables of AURA's own environment that it gets besides. */
  readonly passEnv?: readonly string[] | undefined;
}

/**
 * The environment of a runner's process: what a user's own program needs to find its files, which question it is asked
 * (`AURA_ROLE`, `AURA_ITERATION`, `AURA_ASK`, `AURA_HYPOTHESIS_ID`, `AURA_PART`), and what the spec passes on. Keys of
 * providers only when it does.
 */
export function runnerEnvironment(
  variables: Effects["variables"],
  request: RunnerRequest,
  { env = {}, passEnv = [] }: PassedVariables,
): Readonly<Record<string, string>> {
  const locale = variables.names().filter((name) => name.startsWith("LC_"));
  const passed = [...ALWAYS_PASSED, ...locale, ...passEnv].flatMap((name) => {
    const value = variables.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    AURA_ROLE: request.role,
    AURA_ITERATION: String(request.iteration),
    AURA_ASK: String(request.ask),
    ...(request.hypothesisId === undefined ? {} : { AURA_HYPOTHESIS_ID: request.hypothesisId }),
    ...(request.part === undefined ? {} : { AURA_PART: request.part }),
    // A copy has no repository of its own, and git is not to find that of a project around it.
    ...(request.editsCopy ? { GIT_CEILING_DIRECTORIES: dirname(request.cwd) } : {}),
    ...env,
  };
}
