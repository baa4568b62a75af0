/** The option that every runner has. */
export const recordOption = {
  record: {
    type: "string",
    minLength: 1,
    "x-secret": false,
    "x-scores": false,
    description: "File to which every call is appended, for a `replay` runner. Relative to the spec.",
  },
} as const;

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
