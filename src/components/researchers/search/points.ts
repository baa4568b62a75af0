import type { JsonObject, JsonValue } from "../../../model/json.ts";
import { assemble, type NumericParameter, type Parameter, steppedValue } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";

/** The values that an enumeration gives one parameter; `size` is at least 1. */
export interface Values {
  readonly size: number;
  at(index: number): JsonValue;
}
export type ValuesOf = (parameter: Parameter) => Values;

/** One point of an enumeration, and the place of each active parameter's value, from which the next point follows. */
export interface Point {
  readonly spec: JsonObject;
  readonly indexes: ReadonlyMap<string, number>;
}

/**
 * Every configuration made of the given values, each once: parameters that are not active are left out and do not
 * multiply. The last parameter changes fastest. Starts at `from`, by default at the first.
 */
export function* pointsOf(space: Space, valuesOf: ValuesOf, from: Point | null = null): Generator<Point> {
  let point: Point | null = from ?? pointWith(space, valuesOf, () => 0);
  while (point !== null) {
    yield point;
    point = pointAfter(space, valuesOf, point);
  }
}

/** Every value of a parameter that has finitely many. */
export function allValues(parameter: Parameter): Values {
  const { size } = parameter;
  if (parameter.kind === "categorical") return { size, at: (index) => parameter.choices[index] ?? null };
  const step = parameter.step ?? 0;
  return { size, at: (index) => steppedValue(parameter, step, index) };
}

/** Whether a space has finitely many configurations. */
export function isFiniteSpace(space: Space): boolean {
  return space.parameters.every(({ size }) => Number.isFinite(size));
}

/** How many configurations a space has; `Infinity` when there are more than `limit`. */
export function countPoints(space: Space, limit: number): number {
  if (!isFiniteSpace(space)) return Number.POSITIVE_INFINITY;
  let count = 0;
  for (const _ of pointsOf(space, allValues)) {
    count += 1;
    if (count > limit) return Number.POSITIVE_INFINITY;
  }
  return count;
}

/** Like counting: the last active parameter that can go up does, and all after it start again. */
function pointAfter(space: Space, valuesOf: ValuesOf, point: Point): Point | null {
  const raised = space.parameters.findLast((parameter) => {
    const index = point.indexes.get(parameter.name);
    return index !== undefined && index + 1 < valuesOf(parameter).size;
  });
  if (raised === undefined) return null;
  const position = space.parameters.indexOf(raised);
  return pointWith(space, valuesOf, (parameter) => {
    const index = point.indexes.get(parameter.name) ?? 0;
    if (parameter === raised) return index + 1;
    return space.parameters.indexOf(parameter) < position ? index : 0;
  });
}

function pointWith(space: Space, valuesOf: ValuesOf, indexOf: (parameter: Parameter) => number): Point {
  const indexes = new Map<string, number>();
  const spec = assemble(space.parameters, (parameter) => {
    const index = indexOf(parameter);
    indexes.set(parameter.name, index);
    return valuesOf(parameter).at(index);
  });
  return { spec, indexes };
}

/**
 * The axis on which a numeric parameter is searched: its own units, or their logarithm. Stepped values own the stretch
 * of the axis that rounds to them, so that drawing on the axis and rounding is fair to the first and the last value.
 */
export interface Scale {
  readonly low: number;
  readonly high: number;
  toAxis(value: number): number;
  /** The allowed value at, or nearest to, a place on the axis. */
  fromAxis(place: number): number;
  /** Ends of the stretch that rounds to this value; `null` on a continuous axis. */
  stretch(value: number): readonly [from: number, to: number] | null;
}

/** The axis of a parameter. */
export function scaleOf(parameter: NumericParameter): Scale {
  return parameter.step === null ? continuousScale(parameter) : steppedScale(parameter, parameter.step);
}

function continuousScale(parameter: NumericParameter): Scale {
  const toAxis = parameter.log ? Math.log : identity;
  const toValue = parameter.log ? Math.exp : identity;
  return {
    low: toAxis(parameter.low),
    high: toAxis(parameter.high),
    toAxis,
    fromAxis: (place) => readableNumber(toValue(place), parameter.low, parameter.high),
    stretch: () => null,
  };
}

function steppedScale(parameter: NumericParameter, step: number): Scale {
  const { low, size, log } = parameter;
  const last = size - 1;
  const toAxis = log ? Math.log : identity;
  const toValue = log ? Math.exp : identity;
  // Half a step below `low`, but on a log axis never down to 0.
  const start = low - (log ? Math.min(step, low) : step) / 2;
  const indexOf = (value: number) => Math.min(last, Math.max(0, Math.round((value - low) / step)));
  const edge = (index: number) => toAxis(index === 0 ? start : low + (index - 0.5) * step);
  return {
    low: edge(0),
    high: edge(size),
    toAxis,
    fromAxis: (place) => steppedValue(parameter, step, indexOf(toValue(place))),
    stretch: (value) => [edge(indexOf(value)), edge(indexOf(value) + 1)],
  };
}

/**
 * A number with six significant digits, so that commands read well; with all its digits where the range is so narrow
 * that six would lose resolution. Always within the bounds.
 */
function readableNumber(value: number, low: number, high: number): number {
  const short = Number(value.toPrecision(6));
  const precise = Math.abs(short - value) <= (high - low) * 1e-5 ? short : value;
  return Math.min(high, Math.max(low, precise)) + 0;
}

function identity(value: number): number {
  return value;
}
