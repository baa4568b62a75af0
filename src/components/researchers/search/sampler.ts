import type { Rng } from "../../../kernel/effects.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../model/json.ts";
import { assemble, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import type { ObservationLog } from "./observations.ts";
import { allValues, countPoints, isFiniteSpace, pointsOf, scaleOf } from "./points.ts";

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
function streamsOf(rng: Rng): Streams {
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
function drawFromPrior(space: Space, streams: Streams): JsonObject {
  return assemble(space.parameters, (parameter) => drawValue(parameter, streams(parameter)));
}

/** A value of one parameter from its prior. */
function drawValue(parameter: Parameter, rng: Rng): JsonValue {
  if (parameter.kind === "categorical") return parameter.choices[rng.int(parameter.size)] ?? null;
  if (parameter.size === 1) return parameter.low;
  const scale = scaleOf(parameter);
  return scale.fromAxis(scale.low + rng.next() * (scale.high - scale.low));
}

/** Proposes configurations drawn uniformly on each parameter's axis and over choices, never one twice. */
export function randomSampler(space: Space): Sampler {
  return unseenSampler(space, () => ({
    rationale: "random",
    tries: 1,
    draw: (streams) => drawFromPrior(space, streams),
  }));
}

/** Spaces with at most this many configurations are counted, so that their last proposal says that it is the last. */
const COUNTED = 4096;
/** How often a repeat is drawn again before the space is searched for what is left. */
const PRIOR_DRAWS = 64;
/** Of what is left, this many are enough to choose from. */
const ENOUGH_LEFT = 256;

/** Draws one configuration; called again, with the same streams, when the last one was a repeat. */
type DrawOne = (streams: Streams) => JsonObject;
/** Prepares the draws of one proposal, knowing those made before it in the same batch. */
export type Prepare = (
  log: ObservationLog,
  pending: readonly JsonObject[],
) => { readonly rationale: string; readonly tries: number; readonly draw: DrawOne };

/**
 * A sampler that never proposes a configuration again: each proposal has a stream of its own, is drawn up to `tries`
 * times as prepared, then from the prior, then from what is left of a finite space.
 */
export function unseenSampler(space: Space, prepare: Prepare): Sampler {
  let size: number | null = null;
  return (log, count, rng): Draws => {
    size ??= countPoints(space, COUNTED);
    const draws: Draw[] = [];
    const taken = new Set<string>();
    for (let index = 0; index < count; index++) {
      const pending = draws.map(({ spec }) => spec);
      const stream = rng.fork(`proposal-${index}`);
      const draw = drawUnseen(space, log, taken, prepare(log, pending), stream);
      if (draw === null) return { draws, exhausted: true };
      taken.add(canonicalJson(draw.spec));
      draws.push(draw);
    }
    return { draws, exhausted: log.distinct + taken.size >= size };
  };
}

function drawUnseen(
  space: Space,
  log: ObservationLog,
  taken: ReadonlySet<string>,
  prepared: ReturnType<Prepare>,
  rng: Rng,
): Draw | null {
  const isNew = (spec: JsonObject) => !log.has(spec) && !taken.has(canonicalJson(spec));
  const streams = streamsOf(rng);
  for (let attempt = 0; attempt < prepared.tries; attempt++) {
    const spec = prepared.draw(streams);
    if (isNew(spec)) return { spec, rationale: prepared.rationale };
  }
  for (let attempt = 0; attempt < PRIOR_DRAWS; attempt++) {
    const spec = drawFromPrior(space, streams);
    if (isNew(spec)) return { spec, rationale: "random: everything drawn before was a repeat" };
  }
  if (!isFiniteSpace(space)) return null;
  const left: JsonObject[] = [];
  for (const { spec } of pointsOf(space, allValues)) {
    if (isNew(spec)) left.push(spec);
    if (left.length === ENOUGH_LEFT) break;
  }
  const spec = left.length === 0 ? undefined : left[rng.fork("left").int(left.length)];
  return spec === undefined ? null : { spec, rationale: "one of the few configurations that are left" };
}
