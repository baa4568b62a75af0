import type { Parameter } from "../../space/parameter.ts";
import type { Space } from "../../space/space.ts";
import type { ObservationLog } from "./observations.ts";
import { allValues, type Point, pointsOf, scaleOf, type Values } from "./points.ts";
import type { Draw, Draws, Sampler } from "./sampler.ts";

/** A stepped parameter with more values than this needs a coarser `step` before a grid is made of it. */
const MAX_GRID_VALUES = 1000;
/** Points of a continuous float in a grid. */
const POINTS = 5;

/**
 * Proposes the points of a grid that were not tried yet, in a fixed order in which the last parameter changes fastest.
 * A stepped parameter contributes all its values, a continuous float five of them, evenly spaced on its axis with
 * both ends. Where the grid stands is read from the log alone, so it goes on exactly after a resume.
 */
export function gridSampler(space: Space): Sampler {
  const values = new Map(space.parameters.map((parameter) => [parameter, gridValues(parameter)]));
  const valuesOf = (parameter: Parameter) => values.get(parameter) ?? allValues(parameter);
  // All before `point` was tried; that stays true for as long as the log only grows.
  let cursor: { readonly point: Point; readonly epoch: number } | null = null;

  return (log: ObservationLog, count: number): Draws => {
    const from = cursor?.epoch === log.epoch ? cursor.point : null;
    cursor = null;
    const draws: Draw[] = [];
    for (const point of pointsOf(space, valuesOf, from)) {
      if (log.has(point.spec)) continue;
      cursor ??= { point, epoch: log.epoch };
      if (draws.length === count) return { draws, exhausted: false };
      draws.push({ spec: point.spec, rationale: `grid point ${log.observations.length + draws.length + 1}` });
    }
    return { draws, exhausted: true };
  };
}

/** Why no grid can be made of a parameter, or `null`. */
export function gridProblem(parameter: Parameter): string | null {
  if (parameter.kind === "categorical" || parameter.step === null || parameter.size <= MAX_GRID_VALUES) return null;
  const { name, size, low, high } = parameter;
  const exact = (high - low) / (MAX_GRID_VALUES / 10);
  const step = parameter.kind === "int" ? Math.ceil(exact) : Number(exact.toPrecision(2));
  return `a grid over the ${size} values of ${name} is too fine; give it a coarser step, such as step: ${step}`;
}

function gridValues(parameter: Parameter): Values {
  if (parameter.kind === "categorical" || Number.isFinite(parameter.size)) return allValues(parameter);
  const { low, high, fromAxis } = scaleOf(parameter);
  const places = Array.from({ length: POINTS }, (_, index) => low + ((high - low) * index) / (POINTS - 1));
  // In a range of a few neighbouring doubles two places may round to one value.
  const values = [...new Set(places.map(fromAxis))];
  return { size: values.length, at: (index) => values[index] ?? parameter.low };
}
