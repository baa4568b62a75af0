import type { HypothesisId } from "../../model/ids.ts";
import type { JsonObject } from "../../model/json.ts";

/** A hypothesis that has a score. */
export interface ScoredSpec {
  readonly id: HypothesisId;
  readonly spec: JsonObject;
  readonly score: number;
}

/** How a numeric parameter goes with the score. */
export interface NumericEffect {
  readonly name: string;
  readonly count: number;
  /** Whether Pearson's correlation is with the logarithm, because the values span two decades or more. */
  readonly log: boolean;
  readonly spearman: number;
  readonly pearson: number;
  /** Whether it is unlikely (below about 5%) to be chance. */
  readonly isClear: boolean;
}

/** Mean scores of the values of a parameter that is not a number. */
export interface CategoryEffect {
  readonly name: string;
  readonly count: number;
  /** Share of the scores' variance that the parameter explains. */
  readonly explained: number;
  readonly groups: readonly { readonly value: string; readonly mean: number; readonly count: number }[];
  readonly isClear: boolean;
}

interface Column {
  readonly numbers: { readonly value: number; readonly score: number }[];
  readonly categories: Map<string, number[]>;
}

const MOST_PARAMETERS = 50;
const MOST_CATEGORIES = 20;
const FEWEST_SCORES = 5;
const DECADES_FOR_LOG = 100;

/** The effects of all parameters (at most 50) on the score, the strongest first. */
export function effectsOf(scored: readonly ScoredSpec[]): {
  readonly numeric: readonly NumericEffect[];
  readonly categorical: readonly CategoryEffect[];
} {
  const columns = [...columnsOf(scored)];
  const numeric = columns.flatMap(([name, { numbers }]) => numericEffect(name, numbers) ?? []);
  const categorical = columns.flatMap(([name, { categories }]) => categoryEffect(name, categories) ?? []);
  return {
    numeric: numeric.sort((a, b) => Math.abs(b.spearman) - Math.abs(a.spearman) || byName(a, b)),
    categorical: categorical.sort((a, b) => b.explained - a.explained || byName(a, b)),
  };
}

function columnsOf(scored: readonly ScoredSpec[]): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const { spec, score } of scored) {
    for (const [name, value] of Object.entries(spec).slice(0, MOST_PARAMETERS)) {
      if (!columns.has(name) && columns.size === MOST_PARAMETERS) continue;
      const column: Column = columns.get(name) ?? { numbers: [], categories: new Map() };
      columns.set(name, column);
      if (typeof value === "number" && Number.isFinite(value)) column.numbers.push({ value, score });
      else if (typeof value === "string" || typeof value === "boolean") {
        const scores = column.categories.get(String(value));
        if (scores) scores.push(score);
        else column.categories.set(String(value), [score]);
      }
    }
  }
  return columns;
}

function numericEffect(name: string, numbers: Column["numbers"]): NumericEffect | null {
  const count = numbers.length;
  const values = numbers.map(({ value }) => value);
  const scores = numbers.map(({ score }) => score);
  if (count < FEWEST_SCORES || new Set(values).size < 3) return null;
  const smallest = values.reduce((a, b) => Math.min(a, b));
  const largest = values.reduce((a, b) => Math.max(a, b));
  const log = smallest > 0 && largest / smallest >= DECADES_FOR_LOG;
  const bySpearman = spearman(values, scores);
  const byPearson = pearson(log ? values.map(Math.log) : values, scores);
  if (bySpearman === null || byPearson === null) return null;
  const isClear = Math.abs(bySpearman) >= 2 / Math.sqrt(count);
  return { name, count, log, spearman: bySpearman, pearson: byPearson, isClear };
}

function categoryEffect(name: string, categories: Column["categories"]): CategoryEffect | null {
  const scores = [...categories.values()];
  const count = scores.flat().length;
  if (count < FEWEST_SCORES || scores.length < 2 || scores.length > MOST_CATEGORIES) return null;
  const explained = varianceBetween(scores);
  if (explained === null) return null;
  const groups = [...categories].map(([value, own]) => ({ value, mean: mean(own), count: own.length }));
  // By chance alone, (groups - 1) / (count - 1) of the variance is expected between the groups.
  const isClear =
    explained >= (3 * (groups.length - 1)) / (count - 1) && groups.filter((group) => group.count > 1).length > 1;
  return { name, count, explained, groups, isClear };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Pearson's correlation of two equally long series; `null` when one does not vary or the sums overflow. */
export function pearson(xs: readonly number[], ys: readonly number[]): number | null {
  const meanX = mean(xs);
  const meanY = mean(ys);
  let products = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (const [index, x] of xs.entries()) {
    const dx = x - meanX;
    const dy = (ys[index] ?? meanY) - meanY;
    products += dx * dy;
    squaresX += dx * dx;
    squaresY += dy * dy;
  }
  const scale = Math.sqrt(squaresX) * Math.sqrt(squaresY);
  const correlation = products / scale;
  return Number.isFinite(correlation) && Number.isFinite(scale) ? Math.min(1, Math.max(-1, correlation)) : null;
}

/** Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs. */
export function spearman(xs: readonly number[], ys: readonly number[]): number | null {
  return pearson(ranks(xs), ranks(ys));
}

/** Rank of each value, 1 for the smallest; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): readonly number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const result = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]?.value === order[from]?.value) to += 1;
    for (const { index } of order.slice(from, to + 1)) result[index] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return result;
}

/** The share of a series' variance that lies between groups (eta squared); `null` when it does not vary. */
export function varianceBetween(groups: readonly (readonly number[])[]): number | null {
  const all = groups.flat();
  const center = mean(all);
  const total = all.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const between = groups.reduce((sum, group) => sum + group.length * (mean(group) - center) ** 2, 0);
  const share = between / total;
  return Number.isFinite(share) ? Math.min(1, share) : null;
}

/** Arithmetic mean; `NaN` of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
