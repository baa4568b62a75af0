import type { HypothesisId } from "../../model/ids.ts";
import type { JsonObject } from "../../model/json.ts";

/** A hypothesis that has a score. */
export interface ScoredSpec {
  readonly id: HypothesisId;
  readonly spec: JsonObject;
  readonly score: number;
}

/** A parameter that goes along with another, and with which the other's effect more than halves when it is held fixed. */
export interface Confounder {
  readonly name: string;
  /** What is left of the effect where the confounder is the same. */
  readonly left: number;
}

/** How a parameter goes with the score. */
export interface Effect {
  readonly name: string;
  readonly count: number;
  /** The correlation with the score: of a number's ranks; of a choice's means, whose square is the variance it explains. */
  readonly correlation: number;
  /** Mean scores of the values of a parameter that is not a number. */
  readonly groups: readonly { readonly value: string; readonly mean: number; readonly count: number }[] | null;
  readonly confounder: Confounder | null;
  /** Whether it is unlikely (below about 5%) to be chance, and not a confounder's. */
  readonly isClear: boolean;
}

/** A parameter's values, by the hypotheses that have it. */
interface Column {
  readonly name: string;
  readonly values: Map<ScoredSpec, number | string>;
  isNumeric: boolean;
}

const MOST_PARAMETERS = 50;
const MOST_CATEGORIES = 20;
const FEWEST_SCORES = 5;

/**
 * The effects of all parameters (at most 50) on the score, the strongest first: of one that not all hypotheses have,
 * among those that have it, and where another one may be the cause, with its name.
 */
export function effectsOf(scored: readonly ScoredSpec[]): readonly Effect[] {
  const columns = columnsOf(scored);
  return columns
    .flatMap((column) => effectOf(column, columns) ?? [])
    .sort((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation) || (a.name < b.name ? -1 : 1));
}

function columnsOf(scored: readonly ScoredSpec[]): readonly Column[] {
  const columns = new Map<string, Column>();
  for (const entry of scored) {
    for (const [name, value] of Object.entries(entry.spec).slice(0, MOST_PARAMETERS)) {
      const isNumber = typeof value === "number" && Number.isFinite(value);
      if (!isNumber && typeof value !== "string" && typeof value !== "boolean") continue;
      if (!columns.has(name) && columns.size === MOST_PARAMETERS) continue;
      const column = columns.get(name) ?? { name, values: new Map(), isNumeric: true };
      columns.set(name, column);
      column.values.set(entry, isNumber ? value : String(value));
      if (!isNumber) column.isNumeric = false;
    }
  }
  return [...columns.values()];
}

function effectOf(column: Column, columns: readonly Column[]): Effect | null {
  const { name, values, isNumeric } = column;
  const entries = [...values.keys()];
  const count = entries.length;
  const scores = entries.map(({ score }) => score);
  const groups = groupsOf(column, entries, scores);
  const isTold = isNumeric ? groups.size >= 3 : groups.size >= 2 && groups.size <= MOST_CATEGORIES;
  if (count < FEWEST_SCORES || !isTold) return null;
  const goal = isNumeric ? ranks(scores) : scores;
  const own = seriesOf(column, entries, goal);
  const isSame = !isNumeric && new Set(own).size === 1 && new Set(goal).size > 1;
  const correlation = isSame ? 0 : pearson(own, goal);
  if (correlation === null) return null;
  const isStrong = isNumeric
    ? Math.abs(correlation) >= 2 / Math.sqrt(count)
    : // By chance alone, (groups - 1) / (count - 1) of the variance is expected between the groups.
      correlation ** 2 >= (3 * (groups.size - 1)) / (count - 1) &&
      [...groups.values()].filter(({ length }) => length > 1).length > 1;
  const others = columns.filter((other) => other !== column && entries.every((entry) => other.values.has(entry)));
  const confounder = isStrong ? strongestConfounder(others, entries, { own, goal, correlation }) : null;
  return {
    name,
    count,
    correlation,
    groups: isNumeric ? null : [...groups].map(([value, of]) => ({ value, mean: mean(of), count: of.length })),
    confounder,
    isClear: isStrong && confounder === null,
  };
}

/** The parameter with which least is left of an effect, by the partial correlation; `null` when half of it always is. */
function strongestConfounder(
  others: readonly Column[],
  entries: readonly ScoredSpec[],
  { own, goal, correlation }: { own: readonly number[]; goal: readonly number[]; correlation: number },
): Confounder | null {
  let strongest: Confounder | null = null;
  for (const other of others) {
    const freedom = entries.length - (other.isNumeric ? 2 : groupsOf(other, entries, goal).size);
    const beside = seriesOf(other, entries, goal);
    const [withOwn, withGoal] = [pearson(own, beside), pearson(beside, goal)];
    if (freedom < FEWEST_SCORES || withOwn === null || withGoal === null) continue;
    const rest = (1 - withOwn ** 2) * (1 - withGoal ** 2);
    // Where nothing is left, what remains is rounding.
    const left = rest < 1e-9 ? 0 : (correlation - withOwn * withGoal) / Math.sqrt(rest);
    const isLess = strongest === null || Math.abs(left) < Math.abs(strongest.left);
    if (isLess && left * Math.sign(correlation) < Math.abs(correlation) / 2) strongest = { name: other.name, left };
  }
  return strongest;
}

/** A parameter as numbers: the ranks of its own, or of its choices the means of what they are compared with. */
function seriesOf(column: Column, entries: readonly ScoredSpec[], goal: readonly number[]): readonly number[] {
  if (column.isNumeric) return ranks(entries.map((entry) => Number(column.values.get(entry))));
  const means = new Map([...groupsOf(column, entries, goal)].map(([value, of]) => [value, mean(of)]));
  return entries.map((entry) => means.get(String(column.values.get(entry))) ?? 0);
}

/** A series by the parameter's values. */
function groupsOf(
  { values }: Column,
  entries: readonly ScoredSpec[],
  series: readonly number[],
): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, entry] of entries.entries()) {
    const value = String(values.get(entry));
    const group = groups.get(value) ?? [];
    groups.set(value, group);
    group.push(series[index] ?? 0);
  }
  return groups;
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

/** Arithmetic mean; `NaN` of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
