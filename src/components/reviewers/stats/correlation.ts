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
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
