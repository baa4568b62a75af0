import type { HypothesisId } from "../../model/ids.ts";
import type { JsonObject } from "../../model/json.ts";

/** A hypothesis that has a score. */
export interface ScoredSpec {
  readonly id: HypothesisId;
  readonly spec: JsonObject;
  readonly score: number;
}

/** Which hypotheses have a parameter at all: those in which another one, `name`, has one of these values. */
export interface Branch {
  readonly name: string;
  readonly values: readonly string[];
}

/** A parameter that goes along with another, and with which the other's effect more than halves when it is held fixed. */
export interface Confounder {
  readonly name: string;
  /** What is left of the effect where the confounder is the same. */
  readonly left: number;
}

interface Effect {
  readonly name: string;
  readonly count: number;
  readonly branch: Branch | null;
  readonly confounder: Confounder | null;
  /** Whether it is unlikely (below about 5%) to be chance, and not a confounder's. */
  readonly isClear: boolean;
}

/** How a numeric parameter goes with the score. */
export interface NumericEffect extends Effect {
  /** Whether Pearson's correlation is with the logarithm, because the values span two decades or more. */
  readonly log: boolean;
  readonly spearman: number;
  readonly pearson: number;
}

/** Mean scores of the values of a parameter that is not a number. */
export interface CategoryEffect extends Effect {
  /** Share of the scores' variance that the parameter explains. */
  readonly explained: number;
  readonly groups: readonly { readonly value: string; readonly mean: number; readonly count: number }[];
}

/** A parameter's values, by the hypotheses that have it. */
interface Column {
  readonly name: string;
  readonly numbers: Map<ScoredSpec, number>;
  readonly categories: Map<ScoredSpec, string>;
}

const MOST_PARAMETERS = 50;
const MOST_CATEGORIES = 20;
const FEWEST_SCORES = 5;
const DECADES_FOR_LOG = 100;

/**
 * The effects of all parameters (at most 50) on the score, the strongest first: of one that exists in a branch of the
 * space only, within that branch, and where another one may be the cause, with its name.
 */
export function effectsOf(scored: readonly ScoredSpec[]): {
  readonly numeric: readonly NumericEffect[];
  readonly categorical: readonly CategoryEffect[];
} {
  const columns = columnsOf(scored);
  const numeric = columns.flatMap((column) => numericEffect(column, columns, scored) ?? []);
  const categorical = columns.flatMap((column) => categoryEffect(column, columns, scored) ?? []);
  return {
    numeric: numeric.sort((a, b) => Math.abs(b.spearman) - Math.abs(a.spearman) || byName(a, b)),
    categorical: categorical.sort((a, b) => b.explained - a.explained || byName(a, b)),
  };
}

function columnsOf(scored: readonly ScoredSpec[]): readonly Column[] {
  const columns = new Map<string, Column>();
  for (const entry of scored) {
    for (const [name, value] of Object.entries(entry.spec).slice(0, MOST_PARAMETERS)) {
      if (!columns.has(name) && columns.size === MOST_PARAMETERS) continue;
      const column: Column = columns.get(name) ?? { name, numbers: new Map(), categories: new Map() };
      columns.set(name, column);
      if (typeof value === "number" && Number.isFinite(value)) column.numbers.set(entry, value);
      else if (typeof value === "string" || typeof value === "boolean") column.categories.set(entry, String(value));
    }
  }
  return [...columns.values()];
}

function numericEffect(
  { name, numbers }: Column,
  columns: readonly Column[],
  scored: readonly ScoredSpec[],
): NumericEffect | null {
  const entries = [...numbers.keys()];
  const values = [...numbers.values()];
  const scores = entries.map(({ score }) => score);
  const count = entries.length;
  if (count < FEWEST_SCORES || new Set(values).size < 3) return null;
  const smallest = values.reduce((a, b) => Math.min(a, b));
  const largest = values.reduce((a, b) => Math.max(a, b));
  const log = smallest > 0 && largest / smallest >= DECADES_FOR_LOG;
  const bySpearman = spearman(values, scores);
  const byPearson = pearson(log ? values.map(Math.log) : values, scores);
  if (bySpearman === null || byPearson === null) return null;
  const isStrong = Math.abs(bySpearman) >= 2 / Math.sqrt(count);
  const confounder = !isStrong
    ? null
    : strongestConfounder(name, entries, columns, (other) => {
        const left = correlationBeside(other, ranks(values), ranks(scores), entries);
        return left !== null && left * Math.sign(bySpearman) < Math.abs(bySpearman) / 2 ? left : null;
      });
  const isClear = isStrong && confounder === null;
  const branch = branchOf(name, new Set(entries), columns, scored);
  return { name, count, branch, confounder, log, spearman: bySpearman, pearson: byPearson, isClear };
}

function categoryEffect(
  { name, categories }: Column,
  columns: readonly Column[],
  scored: readonly ScoredSpec[],
): CategoryEffect | null {
  const entries = [...categories.keys()];
  const count = entries.length;
  const scores = groupsOf(
    entries,
    (entry) => categories.get(entry) ?? "",
    entries.map(({ score }) => score),
  );
  if (count < FEWEST_SCORES || scores.size < 2 || scores.size > MOST_CATEGORIES) return null;
  const explained = varianceBetween([...scores.values()]);
  if (explained === null) return null;
  const groups = [...scores].map(([value, own]) => ({ value, mean: mean(own), count: own.length }));
  // By chance alone, (groups - 1) / (count - 1) of the variance is expected between the groups.
  const isStrong =
    explained >= (3 * (groups.length - 1)) / (count - 1) && groups.filter((group) => group.count > 1).length > 1;
  const confounder = !isStrong
    ? null
    : strongestConfounder(name, entries, columns, (other) => {
        const means = entries.map((entry) => mean(scores.get(categories.get(entry) ?? "") ?? []));
        const left = correlationBeside(
          other,
          means,
          entries.map(({ score }) => score),
          entries,
        );
        return left !== null && left ** 2 < explained / 2 ? left ** 2 : null;
      });
  const branch = branchOf(name, new Set(entries), columns, scored);
  return { name, count, branch, confounder, explained, groups, isClear: isStrong && confounder === null };
}

/** The parameter of the same hypotheses with which least is left of an effect, as `leftWith` tells; `null` for none. */
function strongestConfounder(
  name: string,
  entries: readonly ScoredSpec[],
  columns: readonly Column[],
  leftWith: (other: Column) => number | null,
): Confounder | null {
  const found = columns.flatMap((other) => {
    const isCandidate = other.name !== name && entries.every((entry) => has(other, entry));
    const left = isCandidate ? leftWith(other) : null;
    return left === null ? [] : [{ name: other.name, left }];
  });
  return found.reduce<Confounder | null>((a, b) => (a !== null && Math.abs(a.left) <= Math.abs(b.left) ? a : b), null);
}

/** The correlation of two series where another parameter is held the same; `null` when too little is left to tell. */
function correlationBeside(
  other: Column,
  xs: readonly number[],
  ys: readonly number[],
  entries: readonly ScoredSpec[],
): number | null {
  const [leftOfXs, leftOfYs] = [residuals(xs, other, entries), residuals(ys, other, entries)];
  if (leftOfXs === null || leftOfYs === null) return null;
  // Where nothing is left, what remains is rounding.
  const isGone = squares(leftOfXs) <= 1e-12 * squares(xs) || squares(leftOfYs) <= 1e-12 * squares(ys);
  return isGone ? 0 : (pearson(leftOfXs, leftOfYs) ?? 0);
}

/** A series without what goes along with another parameter: the means by its choices, or a straight line by its ranks. */
function residuals(series: readonly number[], other: Column, entries: readonly ScoredSpec[]): readonly number[] | null {
  if (other.categories.size > 0) {
    const groups = groupsOf(entries, (entry) => textOf(other, entry), series);
    if (entries.length - groups.size < FEWEST_SCORES) return null;
    return series.map((value, index) => value - mean(groups.get(textOf(other, entries[index])) ?? [value]));
  }
  if (entries.length - 2 < FEWEST_SCORES) return null;
  const by = ranks(entries.map((entry) => other.numbers.get(entry) ?? 0));
  const [center, middle] = [mean(by), mean(series)];
  const square = squares(by);
  const product = by.reduce((sum, rank, index) => sum + (rank - center) * ((series[index] ?? 0) - middle), 0);
  return series.map((value, index) => value - (square === 0 ? 0 : product / square) * ((by[index] ?? 0) - center));
}

/** By which values of another parameter it is decided whether this one exists; `null` when it always does, or by none. */
function branchOf(
  name: string,
  having: ReadonlySet<ScoredSpec>,
  columns: readonly Column[],
  scored: readonly ScoredSpec[],
): Branch | null {
  if (having.size === scored.length) return null;
  for (const other of columns) {
    if (other.name === name || [...having].some((entry) => !has(other, entry))) continue;
    const values = new Set([...having].map((entry) => textOf(other, entry)));
    const without = scored.filter((entry) => !having.has(entry) && has(other, entry));
    if (values.size > MOST_CATEGORIES || without.length === 0) continue;
    if (!without.some((entry) => values.has(textOf(other, entry)))) return { name: other.name, values: [...values] };
  }
  return null;
}

function has({ numbers, categories }: Column, entry: ScoredSpec): boolean {
  return numbers.has(entry) || categories.has(entry);
}

function textOf({ numbers, categories }: Column, entry: ScoredSpec | undefined): string {
  return (entry && (categories.get(entry) ?? String(numbers.get(entry)))) ?? "";
}

function groupsOf(
  entries: readonly ScoredSpec[],
  groupOf: (entry: ScoredSpec) => string,
  series: readonly number[],
): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, entry] of entries.entries()) {
    const group = groups.get(groupOf(entry)) ?? [];
    groups.set(groupOf(entry), group);
    group.push(series[index] ?? 0);
  }
  return groups;
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
  const between = groups.reduce((sum, group) => sum + group.length * (mean(group) - center) ** 2, 0);
  const share = between / squares(all);
  return Number.isFinite(share) ? Math.min(1, share) : null;
}

/** Sum of the squared distances from the mean. */
function squares(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0);
}

/** Arithmetic mean; `NaN` of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
