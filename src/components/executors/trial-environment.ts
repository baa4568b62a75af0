import type { EnvironmentVariables } from "../../kernel/effects.ts";

/** Variables of AURA's own environment that every trial gets; `LC_*` besides. */
const ALLOWED = ["PATH", "LANG", "TZ", "USER", "TMPDIR", "HOME"] as const;

/** Keys of model providers: whatever a trial does with one, it would be somebody else's code that does it. */
const PROVIDER_KEYS = new Set([
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "AZURE_OPENAI_API_KEY",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "DEEPSEEK_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_API_KEY",
  "GROQ_API_KEY",
  "MISTRAL_API_KEY",
  "OPENAI_API_KEY",
  "OPENROUTER_API_KEY",
  "XAI_API_KEY",
]);

export interface TrialVariables {
  readonly variables: EnvironmentVariables;
  /** `AURA_*` of the trial. */
  readonly aura: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly passEnv: readonly string[];
}

/** The whole environment of a trial: the allowed ones, the trial's own, then `env` and `pass_env`. */
export function trialEnvironment(from: TrialVariables): Readonly<Record<string, string>> {
  const { variables } = from;
  return {
    ...present(variables, inherited(variables)),
    ...from.aura,
    ...from.env,
    ...present(variables, from.passEnv),
  };
}

/** Why a trial cannot get a variable of this name, or `null`. */
export function refusedVariable(name: string): string | null {
  if (PROVIDER_KEYS.has(name.toUpperCase())) {
    return `${name} is a key of a model provider, and those never reach a trial; use another key under another name`;
  }
  if (name.startsWith("AURA_")) return `${name}: AURA sets the variables that begin with AURA_ itself`;
  return null;
}

const known = new WeakMap<EnvironmentVariables, readonly string[]>();

/** Names of the variables that every trial gets. Looked for once: a process knows many, and a run has many trials. */
function inherited(variables: EnvironmentVariables): readonly string[] {
  const names = known.get(variables) ?? [...ALLOWED, ...variables.names().filter((name) => name.startsWith("LC_"))];
  known.set(variables, names);
  return names;
}

function present(variables: EnvironmentVariables, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variables.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
