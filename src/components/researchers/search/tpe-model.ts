import type { Rng } from "../../../kernel/effects.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../model/json.ts";
import type { CategoricalParameter, NumericParameter, Parameter } from "../../space/parameter.ts";
import type { ObservationLog } from "./observations.ts";
import { ParzenEstimator } from "./parzen.ts";
import { scaleOf } from "./scale.ts";

/** The best tenth of the observations is good, but at most 25: as many as a density can follow. */
const GOOD_SHARE = 0.1;
const MAX_GOOD = 25;
/** At most 256 observations stand for the bad ones: the latest 128, and 128 spread evenly over their ranks. */
const MAX_LATEST_BAD = 128;
const MAX_RANKED_BAD = 128;
/** A kernel is never narrower than this share of its axis. */
const NARROWEST = 1 / 100;

/** The configurations whose densities are compared. */
export interface Split {
  readonly good: readonly JsonObject[];
  readonly bad: readonly JsonObject[];
}

/**
 * At most 25 good and 256 bad configurations. Observations without a score are never good; `pending` ones, whose score
 * is not known yet, count as the latest bad ones.
 */
export function split(log: ObservationLog, pending: readonly JsonObject[]): Split {
  const { ranked, observations } = log;
  const wanted = Math.min(MAX_GOOD, Math.ceil(GOOD_SHARE * ranked.length));
  const good = ranked.slice(0, wanted).filter(({ loss }) => Number.isFinite(loss));
  const isGood = new Set(good);
  const bad = new Set(pending.slice(-MAX_LATEST_BAD));
  for (let index = observations.length - 1; index >= 0 && bad.size < MAX_LATEST_BAD; index--) {
    const observation = observations[index];
    if (observation && !isGood.has(observation)) bad.add(observation.spec);
  }
  const rest = ranked.length - good.length;
  for (let index = 0; index < MAX_RANKED_BAD; index++) {
    const observation = ranked[good.length + Math.floor((index * rest) / MAX_RANKED_BAD)];
    if (observation) bad.add(observation.spec);
  }
  return { good: good.map(({ spec }) => spec), bad: [...bad] };
}

/** Where the good values of one parameter are. */
export interface ParameterModel {
  /** A value drawn from the good density, and the logarithm of how much likelier it is there than among the bad. */
  draw(rng: Rng): { readonly value: JsonValue; readonly logRatio: number };
}

/** The model of one parameter from those observations in which it was active. */
export function modelParameter(parameter: Parameter, { good, bad }: Split): ParameterModel {
  const valuesIn = (specs: readonly JsonObject[]) =>
    specs.flatMap((spec) => (Object.hasOwn(spec, parameter.name) ? [spec[parameter.name] ?? null] : []));
  if (parameter.kind === "categorical") return categoricalModel(parameter, valuesIn(good), valuesIn(bad));
  if (parameter.size === 1) return { draw: () => ({ value: parameter.low, logRatio: 0 }) };
  return numericModel(parameter, valuesIn(good).filter(isNumber), valuesIn(bad).filter(isNumber));
}

function numericModel(parameter: NumericParameter, good: readonly number[], bad: readonly number[]): ParameterModel {
  const { low, high, toAxis, fromAxis, stretch } = scaleOf(parameter);
  const estimate = (values: readonly number[]) =>
    new ParzenEstimator(values.map(toAxis), low, high, (high - low) * NARROWEST);
  const l = estimate(good);
  const g = estimate(bad);
  return {
    draw(rng) {
      const place = l.draw(rng);
      const value = fromAxis(place);
      const ends = stretch(value);
      const ratio = ends === null ? l.density(place) / g.density(place) : l.mass(...ends) / g.mass(...ends);
      return { value, logRatio: Math.log(ratio) };
    },
  };
}

function categoricalModel(
  parameter: CategoricalParameter,
  good: readonly JsonValue[],
  bad: readonly JsonValue[],
): ParameterModel {
  const l = choiceProbabilities(parameter, good);
  const g = choiceProbabilities(parameter, bad);
  return {
    draw(rng) {
      const index = drawIndex(l, rng);
      return { value: parameter.choices[index] ?? null, logRatio: Math.log((l[index] ?? 1) / (g[index] ?? 1)) };
    },
  };
}

/** How often each choice was seen, plus one for the uniform prior, as a share. */
function choiceProbabilities(parameter: CategoricalParameter, values: readonly JsonValue[]): Float64Array {
  const weights = new Float64Array(parameter.size).fill(1);
  for (const value of values) {
    const index = parameter.indexes.get(canonicalJson(value));
    if (index !== undefined) weights[index] = (weights[index] ?? 0) + 1;
  }
  const total = parameter.size + values.length;
  return weights.map((weight) => weight / total);
}

function drawIndex(probabilities: Float64Array, rng: Rng): number {
  let left = rng.next();
  for (const [index, probability] of probabilities.entries()) {
    left -= probability;
    if (left < 0) return index;
  }
  return probabilities.length - 1;
}

function isNumber(value: JsonValue): value is number {
  return typeof value === "number";
}
