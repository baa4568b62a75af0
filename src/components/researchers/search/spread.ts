import { canonicalJson, type JsonObject, type JsonValue } from "../../../model/json.ts";
import { assemble, type Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import { scaleOf } from "./points.ts";
import type { Streams } from "./sampler.ts";

/**
 * A configuration that spreads out from those seen before: each axis is cut into `parts` equal parts, or one for each
 * of its values where there are fewer, and the value is drawn from a part that has been seen least. From nothing seen,
 * `parts` configurations are a Latin hypercube (McKay, Beckman and Conover, 1979).
 */
export function drawSpread(space: Space, seen: readonly JsonObject[], parts: number, streams: Streams): JsonObject {
  return assemble(space.parameters, (parameter) => {
    const { name } = parameter;
    const values = seen.flatMap((spec) => (Object.hasOwn(spec, name) ? [spec[name] ?? null] : []));
    const { seenIn, valueAt } = partsOf(parameter, parts, values);
    const fewest = seenIn.reduce((least, times) => Math.min(least, times), seen.length);
    // A part that less than half of one value covers is as good as one that none does.
    const free = seenIn.flatMap((times, part) => (times < fewest + 0.5 ? [part] : []));
    const rng = streams(parameter);
    return valueAt(free[rng.int(free.length)] ?? 0, rng.next());
  });
}

/** A parameter's values in parts that are equally likely. */
interface Parts {
  /** How often each part was seen; a stepped value that lies in several is shared out. */
  readonly seenIn: readonly number[];
  /** The value in a part, `share` of the way through it, at least 0 and below 1. */
  valueAt(part: number, share: number): JsonValue;
}

function partsOf(parameter: Parameter, most: number, seen: readonly JsonValue[]): Parts {
  if (parameter.kind === "categorical") {
    const indexes = seen.map((value) => parameter.indexes.get(canonicalJson(value)));
    const seenIn = parameter.choices.map((_, index) => indexes.filter((one) => one === index).length);
    return { seenIn, valueAt: (part) => parameter.choices[part] ?? null };
  }
  if (parameter.size === 1) return { seenIn: [seen.length], valueAt: () => parameter.low };
  const { low, high, toAxis, fromAxis, stretch } = scaleOf(parameter);
  const count = Math.min(most, parameter.size);
  const edge = (part: number) => low + (part / count) * (high - low);
  const shareIn = (value: number, part: number): number => {
    const ends = stretch(value);
    if (ends !== null) {
      const overlap = Math.min(ends[1], edge(part + 1)) - Math.max(ends[0], edge(part));
      return Math.max(0, overlap) / (ends[1] - ends[0]);
    }
    const place = toAxis(value);
    return place >= edge(part) && (place < edge(part + 1) || part === count - 1) ? 1 : 0;
  };
  const timesIn = (part: number) => seen.reduce((sum: number, value) => sum + shareIn(Number(value), part), 0);
  return {
    seenIn: Array.from({ length: count }, (_, part) => timesIn(part)),
    valueAt: (part, share) => fromAxis(edge(part + share)),
  };
}
