import type { Rng } from "../../../kernel/effects.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../model/json.ts";
import { assemble, type CategoricalParameter, type NumericParameter, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import type { ObservationLog } from "./observations.ts";
import { drawIndex, ParzenEstimator } from "./parzen.ts";
import { scaleOf } from "./points.ts";
import { type Sampler, type Streams, unseenSampler } from "./sampler.ts";
import { drawSpread } from "./spread.ts";

/** Proposals spread over the space before the model is used. */
const STARTUP = 10;
/** Configurations drawn for a proposal, of which the one with the highest expected improvement is taken. */
const CANDIDATES = 24;

/** How often a repeat is replaced by a draw from the good density before the prior is asked. */
const REDRAWS = 16;

/**
 * The tree-structured Parzen estimator of Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter
 * Optimization", NIPS 2011. Observations are split into good and bad; each parameter gets a density over the good (l)
 * and one over the bad (g) in which it was active. The good weigh the more the better they are, as in Watanabe,
 * "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components", 2023, but by rank, so that no scale of
 * the scores matters. Whole configurations are drawn from l, parents before their conditional children, and the one with
 * the highest product of l/g, which has the highest expected improvement, is taken.
 *
 * Proposals of the batch under way count as bad, so that a batch spreads out (the constant liar of Ginsbourger, Le
 * Riche and Carraro, "Kriging Is Well-Suited to Parallelize Optimization", 2010). The number of kernels is bounded by
 * `split`, so that a proposal costs the same however long the history is.
 */
export function tpeSampler(space: Space): Sampler {
  return unseenSampler(space, (log, pending) => {
    const number = log.observations.length + pending.length + 1;
    if (number <= STARTUP) {
      const seen = [...log.observations.map(({ spec }) => spec), ...pending];
      const draw = (streams: Streams) => drawSpread(space, seen, STARTUP, streams);
      return { rationale: `random start ${number} of ${STARTUP}`, tries: 1, draw };
    }
    const observed = split(log, pending);
    const models = new Map(space.parameters.map((parameter) => [parameter, modelParameter(parameter, observed)]));
    let wanted = CANDIDATES;
    return {
      rationale: `tpe: highest expected improvement of ${CANDIDATES} candidates`,
      tries: 1 + REDRAWS,
      draw: (streams) => {
        const spec = drawBest(space, models, streams, wanted);
        wanted = 1;
        return spec;
      },
    };
  });
}

/** The candidate with the highest expected improvement; of equals the first. */
function drawBest(
  space: Space,
  models: ReadonlyMap<Parameter, ParameterModel>,
  streams: Streams,
  candidates: number,
): JsonObject {
  let best: JsonObject | null = null;
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (let candidate = 0; candidate < candidates; candidate++) {
    let logRatio = 0;
    const spec = assemble(space.parameters, (parameter): JsonValue => {
      const drawn = models.get(parameter)?.draw(streams(parameter));
      logRatio += drawn?.logRatio ?? 0;
      return drawn?.value ?? null;
    });
    if (best === null || logRatio > bestRatio) {
      best = spec;
      bestRatio = logRatio;
    }
  }
  return best ?? {};
}

/** The best tenth of the observations is good, but at most 25: as many as a density can follow. */
const GOOD_SHARE = 0.1;
const MAX_GOOD = 25;
/** At most 256 observations stand for the bad ones: the latest 128, and 128 spread evenly over their ranks. */
const MAX_LATEST_BAD = 128;
const MAX_RANKED_BAD = 128;

/** The configurations whose densities are compared. */
export interface Split {
  /** From best to worst. */
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

/** Values of one parameter, and how much each counts beside the prior's 1. */
interface Seen {
  readonly values: readonly JsonValue[];
  readonly weights: readonly number[];
}

/** The model of one parameter from those observations in which it was active. */
function modelParameter(parameter: Parameter, { good, bad }: Split): ParameterModel {
  const seenIn = (specs: readonly JsonObject[], weightAt: (index: number) => number): Seen => {
    const seen = [...specs.entries()].filter(([, spec]) => Object.hasOwn(spec, parameter.name));
    const values = seen.map(([, spec]) => spec[parameter.name] ?? null);
    return { values, weights: seen.map(([index]) => weightAt(index)) };
  };
  // Falls evenly from the best to the last, and is 1 on average.
  const better = seenIn(good, (index) => (2 * (good.length - index)) / (good.length + 1));
  const worse = seenIn(bad, () => 1);
  if (parameter.kind === "categorical") return categoricalModel(parameter, better, worse);
  if (parameter.size === 1) return { draw: () => ({ value: parameter.low, logRatio: 0 }) };
  return numericModel(parameter, better, worse);
}

function numericModel(parameter: NumericParameter, good: Seen, bad: Seen): ParameterModel {
  const { low, high, toAxis, fromAxis, stretch } = scaleOf(parameter);
  const estimate = ({ values, weights }: Seen) => {
    const places = values.map((value) => toAxis(Number(value)));
    return new ParzenEstimator(places, low, high, weights);
  };
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

function categoricalModel(parameter: CategoricalParameter, good: Seen, bad: Seen): ParameterModel {
  const l = choiceProbabilities(parameter, good);
  const g = choiceProbabilities(parameter, bad);
  return {
    draw(rng) {
      const index = drawIndex(l, rng);
      return { value: parameter.choices[index] ?? null, logRatio: Math.log((l[index] ?? 1) / (g[index] ?? 1)) };
    },
  };
}

/** The weights with which each choice was seen, plus 1 for the uniform prior, as shares. */
function choiceProbabilities(parameter: CategoricalParameter, { values, weights }: Seen): Float64Array {
  const sums = new Float64Array(parameter.size).fill(1);
  for (const [place, value] of values.entries()) {
    const index = parameter.indexes.get(canonicalJson(value));
    if (index !== undefined) sums[index] = (sums[index] ?? 0) + (weights[place] ?? 1);
  }
  const total = sums.reduce((sum, one) => sum + one);
  return sums.map((one) => one / total);
}
