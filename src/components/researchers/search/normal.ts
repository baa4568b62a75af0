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
