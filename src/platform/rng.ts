import type { Rng } from "../kernel/effects.ts";
import { sha256Of } from "./files/hash.ts";

type State = [number, number, number, number];

/**
 * A stream of numbers for a seed: xoshiro128** by Blackman and Vigna ("Scrambled linear pseudorandom number
 * generators", ACM TOMS 47(4), 2021), its state taken from SHA-256 of the seed and the labels that led to the stream.
 * What a fork gives therefore does not depend on how many numbers were drawn before it.
 */
export function seededRng(seed: number): Rng {
  return stream(String(seed));
}

function stream(path: string): Rng {
  const draw = xoshiro128starstar(stateOf(path));
  return {
    next: () => unit(draw),
    int: (max) => below(max, draw),
    fork: (label) => stream(`${path}/${label}`),
  };
}

function stateOf(path: string): State {
  const digest = Buffer.from(sha256Of(path), "hex");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/** Draws 32-bit integers; `state` must not be all zeros. Exported for the published test vector. */
export function xoshiro128starstar(state: State): () => number {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** 53 random bits in [0, 1): every multiple of 2^-53 is equally likely. */
function unit(draw: () => number): number {
  return ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53;
}

/** Uniform below `max`, without the bias that a plain remainder has. Throws `RangeError` unless `max` is in 1…2^32. */
function below(max: number, draw: () => number): number {
  if (!Number.isInteger(max) || max < 1 || max > 2 ** 32) {
    throw new RangeError(`int(max) needs an integer from 1 to 2^32, got ${max}`);
  }
  const fair = 2 ** 32 - (2 ** 32 % max);
  let value = draw();
  while (value >= fair) value = draw();
  return value % max;
}
