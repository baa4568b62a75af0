import type { EnvironmentVariables } from "../kernel/effects.ts";

/** The environment AURA itself was started with; an empty variable counts as set. */
export function systemVariables(): EnvironmentVariables {
  return {
    get: (name) => process.env[name],
    names: () => Object.keys(process.env).sort(),
  };
}
