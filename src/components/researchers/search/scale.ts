import { type NumericParameter, steppedValue } from "../../space/parameter.ts";

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
