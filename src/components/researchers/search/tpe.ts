import type { JsonObject, JsonValue } from "../../../model/json.ts";
import { assemble, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import { drawFromPrior, type Sampler, type Streams } from "./sampler.ts";
import { modelParameter, type ParameterModel, split } from "./tpe-model.ts";
import { unseenSampler } from "./unseen.ts";

export interface TpeOptions {
  /** Proposals drawn from the prior before the model is used. */
  readonly startup: number;
  /** Configurations drawn for a proposal, of which the one with the highest expected improvement is taken. */
  readonly candidates: number;
}

export const TPE_DEFAULTS: TpeOptions = { startup: 10, candidates: 24 };

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
export function tpeSampler(space: Space, { startup, candidates }: TpeOptions): Sampler {
  return unseenSampler(space, (log, pending) => {
    const number = log.observations.length + pending.length + 1;
    if (number <= startup) {
      const draw = (streams: Streams) => drawFromPrior(space, streams);
      return { rationale: `random start ${number} of ${startup}`, tries: 1, draw };
    }
    const observed = split(log, pending);
    const models = new Map(space.parameters.map((parameter) => [parameter, modelParameter(parameter, observed)]));
    let wanted = candidates;
    return {
      rationale: `tpe: highest expected improvement of ${candidates} candidates`,
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
