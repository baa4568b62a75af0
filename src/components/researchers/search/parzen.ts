import type { Rng } from "../../../kernel/effects.ts";

/**
 * Distribution function of the standard normal, with an absolute error below 1.5e-7: formula 7.1.26 of Abramowitz and
 * Stegun, Handbook of Mathematical Functions, 1964.
 */
export function normalCdf(z: number): number {
  if (z < -8) return 0;
  if (z > 8) return 1;
  const x = Math.abs(z) * Math.SQRT1_2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = 0.5 * poly * Math.exp(-x * x);
  return z < 0 ? upper : 1 - upper;
}

/** A draw from the standard normal: Box and Muller, 1958. */
export function normalDraw(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.next()));
  return radius * Math.cos(2 * Math.PI * rng.next());
}

/** An index, each as often as its share says; the shares add up to 1. */
export function drawIndex(shares: Float64Array, rng: Rng): number {
  let left = rng.next();
  for (const [index, share] of shares.entries()) {
    left -= share;
    if (left < 0) return index;
  }
  return shares.length - 1;
}

const SQRT_TWO_PI = Math.sqrt(2 * Math.PI);
const MAX_TRIES = 64;
/** However many normals there are, none is narrower than this part of the axis. */
const FINEST = 150;

/**
 * The adaptive Parzen estimator of Bergstra et al. 2011, section 4: a mixture of the uniform prior over an axis,
 * whose weight is 1, and one normal, cut off at the ends of the axis, at each observation. The width of a normal is the
 * larger of the distances to its neighbours, at most the whole axis. Unlike there, the ends of the axis are neighbours of
 * a single observation only, and how narrow a normal may be depends on how many there are: so the axis neither stays
 * wide at its ends nor collapses early (`bench/search.ts`).
 */
export class ParzenEstimator {
  readonly #low: number;
  readonly #high: number;
  readonly #centers: Float64Array;
  readonly #widths: Float64Array;
  /** Weight of each normal divided by the share of it that is inside the axis. */
  readonly #weights: Float64Array;
  /** Share of each normal in the mixture and, last, of the prior. */
  readonly #shares: Float64Array;
  readonly #priorWeight: number;

  /** `points` lie between `low` and `high`, in any order; `weights` are theirs, by default 1 each. */
  constructor(points: readonly number[], low: number, high: number, weights: readonly number[] = points.map(() => 1)) {
    const observed = points.map((center, index) => ({ center, weight: weights[index] ?? 1 }));
    observed.sort((a, b) => a.center - b.center);
    const centers = Float64Array.from(observed, ({ center }) => center);
    const total = weights.reduce((sum, weight) => sum + weight, 1);
    const shares = Float64Array.from([...observed, { weight: 1 }], ({ weight }) => weight / total);
    const narrowest = (high - low) / Math.min(FINEST, 3 * (centers.length + 2));
    const widths = new Float64Array(centers.length);
    const scaled = new Float64Array(centers.length);
    for (const [index, center] of centers.entries()) {
      const width = Math.min(high - low, Math.max(narrowest, farthestNeighbour(centers, index, low, high)));
      widths[index] = width;
      scaled[index] = (shares[index] ?? 0) / (normalCdf((high - center) / width) - normalCdf((low - center) / width));
    }
    this.#low = low;
    this.#high = high;
    this.#centers = centers;
    this.#widths = widths;
    this.#weights = scaled;
    this.#shares = shares;
    this.#priorWeight = 1 / total;
  }

  /** A draw from the mixture. */
  draw(rng: Rng): number {
    const component = drawIndex(this.#shares, rng);
    const center = this.#centers[component];
    const width = this.#widths[component];
    if (center === undefined || width === undefined) return this.#low + rng.next() * (this.#high - this.#low);
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const place = center + width * normalDraw(rng);
      if (place >= this.#low && place <= this.#high) return place;
    }
    return center;
  }

  /** Probability density at a place on the axis. */
  density(place: number): number {
    let sum = this.#priorWeight / (this.#high - this.#low);
    for (let index = 0; index < this.#centers.length; index++) {
      const width = this.#widths[index] ?? 1;
      const z = (place - (this.#centers[index] ?? 0)) / width;
      if (z > 8 || z < -8) continue;
      sum += ((this.#weights[index] ?? 0) * Math.exp(-0.5 * z * z)) / (width * SQRT_TWO_PI);
    }
    return sum;
  }

  /** Probability of a stretch of the axis. */
  mass(from: number, to: number): number {
    let sum = (this.#priorWeight * (to - from)) / (this.#high - this.#low);
    for (let index = 0; index < this.#centers.length; index++) {
      const width = this.#widths[index] ?? 1;
      const center = this.#centers[index] ?? 0;
      const start = (from - center) / width;
      const end = (to - center) / width;
      if (start > 8 || end < -8) continue;
      sum += (this.#weights[index] ?? 0) * (normalCdf(end) - normalCdf(start));
    }
    return sum;
  }
}

/** Distance to the farther one of the two neighbours, or the only one; a single center has the ends of the axis. */
function farthestNeighbour(centers: Float64Array, index: number, low: number, high: number): number {
  const center = centers[index] ?? low;
  if (centers.length === 1) return Math.max(center - low, high - center);
  return Math.max(center - (centers[index - 1] ?? center), (centers[index + 1] ?? center) - center);
}
