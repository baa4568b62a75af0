/** Dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cache_read?: number;
  readonly cache_write?: number;
}

/** The day on which the providers' public price lists were read. A spec's own `price` goes before them. */
export const PRICED_ON = "2025-11-01";

/** List prices of models by the names that their providers know them by, without discounts and long-context surcharges. */
const PRICES: Readonly<Record<string, Price>> = {
  "claude-3-5-haiku-20241022": { input: 0.8, output: 4 },
  "claude-3-haiku-20240307": { input: 0.25, output: 1.25 },
  "claude-haiku-4-5": { input: 1, output: 5 },
  "claude-haiku-4-5-20251001": { input: 1, output: 5 },
  "claude-opus-4-0": { input: 15, output: 75 },
  "claude-opus-4-20250514": { input: 15, output: 75 },
  "claude-opus-4-1": { input: 15, output: 75 },
  "claude-opus-4-1-20250805": { input: 15, output: 75 },
  "claude-3-7-sonnet-20250219": { input: 3, output: 15 },
  "claude-sonnet-4-0": { input: 3, output: 15 },
  "claude-sonnet-4-20250514": { input: 3, output: 15 },
  "claude-sonnet-4-5": { input: 3, output: 15 },
  "claude-sonnet-4-5-20250929": { input: 3, output: 15 },
  "gpt-4.1": { input: 2, output: 8, cache_read: 0.5 },
  "gpt-4.1-mini": { input: 0.4, output: 1.6, cache_read: 0.1 },
  "gpt-4.1-nano": { input: 0.1, output: 0.4, cache_read: 0.025 },
  "gpt-4o": { input: 2.5, output: 10, cache_read: 1.25 },
  "gpt-4o-mini": { input: 0.15, output: 0.6, cache_read: 0.075 },
  "gpt-5": { input: 1.25, output: 10, cache_read: 0.125 },
  "gpt-5-mini": { input: 0.25, output: 2, cache_read: 0.025 },
  "gpt-5-nano": { input: 0.05, output: 0.4, cache_read: 0.005 },
  o3: { input: 2, output: 8, cache_read: 0.5 },
  "o4-mini": { input: 1.1, output: 4.4, cache_read: 0.275 },
};

/** Models whose price is listed. */
export const LISTED_MODELS: readonly string[] = Object.keys(PRICES);

/** The list price of a model at its own provider; `undefined` for one that is not listed. */
export function listedPrice(model: string): Price | undefined {
  return Object.hasOwn(PRICES, model) ? PRICES[model] : undefined;
}
