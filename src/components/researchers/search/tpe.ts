import type { Rng } from "../../../kernel/effects.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../model/json.ts";
import { assemble, type CategoricalParameter, type NumericParameter, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import type { ObservationLog } from "./observations.ts";
import { ParzenEstimator } from "./parzen.ts";
import { scaleOf } from "./points.ts";
import { drawFromPrior, type Sampler, type Streams, unseenSampler } from "./sampler.ts";

/** Proposals drawn from the prior before the model is used. */
const STARTUP = 10;
/** Configurations drawn for a proposal, of which the one with the highest expected improvement is taken. */
const CANDIDATES = 24;

/** How often a repeat is replaced by a draw from the good density before the prior is asked. */
const REDRAWS = 16;

/**
 * The tree-structured Parzen estimator of Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter
 * Optimization", NIPS 2011. Observations are split into good and bad; each parameter gets a density over the good (l)
 * and one over the bad (g) in which it was active. Whole configurations are drawn from l, parents before their
 * conditional children, and the one with the highest product of l/g, which has the highest expected improvement, is taken.
 *
 * Proposals of the batch under way count as bad, so that a batch spreads out (the constant liar of Ginsbourger, Le
 * Riche and Carraro, "Kriging Is Well-Suited to Parallelize Optimization", 2010). The number of kernels is bounded by
 * `split`, so that a proposal costs the same however long the history is.
 */
export function tpeSampler(space: Space): Sampler {
  return unseenSampler(space, (log, pending) => {
    const number = log.observations.length + pending.length + 1;
    if (number <= STARTUP) {
      const draw = (streams: Streams) => drawFromPrior(space, streams);
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
function modelParameter(parameter: Parameter, { good, bad }: Split): ParameterModel {
  const valuesIn = (specs: readonly JsonObject[]) =>
    specs.flatMap((spec) => (Object.hasOwn(spec, parameter.name) ? [spec[parameter.name] ?? null] : []));
  if (parameter.kind === "categorical") return categoricalModel(parameter, valuesIn(good), valuesIn(bad));
  if (parameter.size === 1) return { draw: () => ({ value: parameter.low, logRatio: 0 }) };
  return numericModel(parameter, valuesIn(good).filter(isNumber), valuesIn(bad).filter(isNumber));
}

function numericModel(parameter: NumericParameter, good: readonly number[], bad: readonly number[]): ParameterModel {
  const { low, high, toAxis, fromAxis, stretch } = scaleOf(parameter);
  const estimate = (values: readonly number[]) => new ParzenEstimator(values.map(toAxis), low, high);
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
