import type { Space } from "../../space/space.ts";
import { drawFromPrior, type Sampler } from "./sampler.ts";
import { unseenSampler } from "./unseen.ts";

/** Proposes configurations drawn uniformly on each parameter's axis and over choices, never one twice. */
export function randomSampler(space: Space): Sampler {
  return unseenSampler(space, () => ({
    rationale: "random",
    tries: 1,
    draw: (streams) => drawFromPrior(space, streams),
  }));
}
