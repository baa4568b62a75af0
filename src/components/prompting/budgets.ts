/** Tokens of each part of a prompt that grows with the run, or with what models and trials write. */
export const TOKEN_BUDGETS = {
  /** Each of `best` and `base`. */
  best: 6000,
  latest: 6000,
  runners_up: 5000,
  history: 6000,
  earlier: 3000,
  failures: 4000,
  prior: 3000,
  insights: 2000,
  results: 16_000,
  artifacts: 16_000,
  diff: 4000,
  inputs: 4000,
  notes: 2000,
};
