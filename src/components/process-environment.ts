import { dirname } from "node:path";
import type { EnvironmentVariables } from "../kernel/effects.ts";
import type { RunnerRequest } from "../kernel/ports.ts";
import { defined } from "../model/json.ts";

/** What a sandbox, a container or a cluster gets of AURA's own environment, besides `LC_*`. */
const MINIMAL = ["PATH", "LANG", "TZ", "USER", "TMPDIR"] as const;
/** Names that say that a variable is a secret: keys of model providers, tokens, passwords. */
const SECRET_NAME = /_(?:KEY|TOKEN|SECRET)$|PASSWORD|CREDENTIALS/i;
/** Begins the names that AURA sets itself, or reads as its own flags. */
const OWN = "AURA_";

type Environment = Readonly<Record<string, string>>;

/** Where the variables of a process come from. */
export interface EnvironmentSources {
  readonly variables: EnvironmentVariables;
  /** Variables that hold keys of model providers, whatever their names say. */
  readonly keyVariables?: readonly string[] | undefined;
  /** What AURA says about the process: `AURA_*`. */
  readonly aura?: Environment;
  /** What the spec sets. */
  readonly env?: Environment | undefined;
  /** Names that the spec lets through, secrets too. */
  readonly passEnv?: readonly string[] | undefined;
}

/** Whether a variable of this name is kept from processes unless the spec lets it through. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The environment of a process that runs as one would type it: AURA's own less secrets, then what AURA and the spec set. */
export function ownEnvironment(from: EnvironmentSources): Environment {
  const { variables, keyVariables = [] } = from;
  const names = variables.names().filter((name) => !isWithheld(name, keyVariables) && !name.startsWith(OWN));
  return { ...present(variables, names), ...set(from) };
}

/**
 * The environment of what runs elsewhere: programs, language and zone of AURA's own, but for what that place brings, and
 * a scratch folder as home.
 */
export function minimalEnvironment(
  from: EnvironmentSources,
  home: string,
  brought: readonly string[] = [],
): Environment {
  const { variables } = from;
  const locale = variables.names().filter((name) => name.startsWith("LC_"));
  const names = [...MINIMAL, ...locale].filter((name) => !brought.includes(name));
  return { ...present(variables, names), HOME: home, ...set(from) };
}

/** The environment of a runner's process, which is told what it is asked: `AURA_ROLE`, `AURA_ITERATION`, `AURA_ASK` and so on. */
export function runnerEnvironment(request: RunnerRequest, from: Omit<EnvironmentSources, "aura">): Environment {
  const { role, iteration, ask, hypothesisId, part, editsCopy, cwd } = request;
  const aura = {
    AURA_ROLE: role,
    AURA_ITERATION: String(iteration),
    AURA_ASK: String(ask),
    ...defined({ AURA_HYPOTHESIS_ID: hypothesisId, AURA_PART: part }),
    // A copy has no repository of its own, and git is not to find that of a project around it.
    ...(editsCopy ? { GIT_CEILING_DIRECTORIES: dirname(cwd) } : {}),
  };
  return ownEnvironment({ ...from, aura });
}

/** What `who` does not get though it is set here, to be told once; `null` when there is nothing to tell. */
export function withheldMessage(who: string, from: EnvironmentSources): string | null {
  const { variables, keyVariables = [], env = {}, passEnv = [] } = from;
  const names = variables
    .names()
    .filter((name) => isWithheld(name, keyVariables) && !passEnv.includes(name) && !Object.hasOwn(env, name))
    .sort();
  if (names.length === 0) return null;
  return `${who} not given ${names.join(", ")}, since they look like secrets; pass_env: [${names.join(", ")}] lets them through`;
}

/** Why a spec cannot set or pass on a variable of this name, or `null`. */
export function refusedVariable(name: string): string | null {
  return name.startsWith(OWN) ? `${name}: AURA sets the variables that begin with ${OWN} itself` : null;
}

function isWithheld(name: string, keyVariables: readonly string[]): boolean {
  return isSecretName(name) || keyVariables.includes(name);
}

function set({ variables, aura, env, passEnv = [] }: EnvironmentSources): Environment {
  return { ...aura, ...env, ...present(variables, passEnv) };
}

function present(variables: EnvironmentVariables, names: readonly string[]): Environment {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variables.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What a runner's process gets of the environment. */
export const environmentOptions = {
  env: { type: "object", additionalProperties: { type: "string" }, description: "Variables set for the process." },
  pass_env: {
    type: "array",
    items: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
    "x-secret": false,
    "x-variables": "passed",
    description: "Names of AURA's own variables that it gets too though they may be secrets, such as a provider's key.",
  },
} as const;
