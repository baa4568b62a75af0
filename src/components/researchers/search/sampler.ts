import type { Rng } from "../../../kernel/effects.ts";
import type { JsonObject, JsonValue } from "../../../model/json.ts";
import { assemble, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import type { ObservationLog } from "./observations.ts";
import { scaleOf } from "./scale.ts";

/** One configuration to try and, in a few words, where it comes from. */
export interface Draw {
  readonly spec: JsonObject;
  readonly rationale: string;
}

/** What a sampler proposes: fewer than asked only when the space has no more. */
export interface Draws {
  readonly draws: readonly Draw[];
  /** Every configuration of the space has been proposed, these included. */
  readonly exhausted: boolean;
}

/** Proposes configurations from what was observed. The same arguments give the same draws. */
export type Sampler = (log: ObservationLog, count: number, rng: Rng) => Draws;

/** The stream of each parameter, by its name: what one parameter draws does not depend on the others. */
export type Streams = (parameter: Parameter) => Rng;

/** Streams forked from `rng` by parameter name, each kept so that drawing again goes on with it. */
export function streamsOf(rng: Rng): Streams {
  const streams = new Map<string, Rng>();
  return ({ name }) => {
    const known = streams.get(name);
    if (known) return known;
    const stream = rng.fork(name);
    streams.set(name, stream);
    return stream;
  };
}

/** A configuration drawn from the prior: uniform on each parameter's axis and over choices. */
export function drawFromPrior(space: Space, streams: Streams): JsonObject {
  return assemble(space.parameters, (parameter) => drawValue(parameter, streams(parameter)));
}

/** A value of one parameter from its prior. */
function drawValue(parameter: Parameter, rng: Rng): JsonValue {
  if (parameter.kind === "categorical") return parameter.choices[rng.int(parameter.size)] ?? null;
  if (parameter.size === 1) return parameter.low;
  const scale = scaleOf(parameter);
  return scale.fromAxis(scale.low + rng.next() * (scale.high - scale.low));
}
