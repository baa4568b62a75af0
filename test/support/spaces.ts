import fc from "fast-check";
import type { ParameterOptions, SpaceOptions } from "../../src/components/space/schema.ts";

const number = fc.integer({ min: -1000, max: 1000 });

const float: fc.Arbitrary<ParameterOptions> = fc
  .record({
    bounds: fc.tuple(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(1e-9), fc.constant(0)),
    ),
    positive: fc.double({ min: 1e-12, max: 10, noNaN: true }),
    log: fc.boolean(),
    steps: fc.option(fc.integer({ min: 1, max: 20 })),
  })
  .map(({ bounds: [start, width], positive, log, steps }) => {
    const low = log ? positive : start;
    const high = low + (width > 0 ? Math.max(width, (Math.abs(low) + 1e-6) * 1e-6) : 0);
    const isCoarse = steps !== null && (high - low) / steps > 1e-8 * Math.max(Math.abs(low), Math.abs(high));
    const step = isCoarse ? { step: (high - low) / steps } : {};
    return { type: "float", low, high, ...(log ? { log } : {}), ...step };
  });

const smallInt: fc.Arbitrary<ParameterOptions> = fc
  .record({
    low: number,
    width: fc.integer({ min: 0, max: 4 }),
    step: fc.integer({ min: 1, max: 3 }),
    log: fc.boolean(),
  })
  .map(({ low, width, step, log }) => {
    const start = log ? Math.abs(low) + 1 : low;
    return { type: "int", low: start, high: start + width, step, log };
  });

const largeInt: fc.Arbitrary<ParameterOptions> = fc
  .record({ low: fc.integer({ min: 1, max: 100 }), width: fc.integer({ min: 1, max: 10_000 }), log: fc.boolean() })
  .map(({ low, width, log }) => ({ type: "int", low, high: low + width, log }));

const categorical: fc.Arbitrary<ParameterOptions> = fc
  .uniqueArray(
    fc.oneof(fc.constantFrom("a", "b", "c", true, false, null), fc.constant([1, 2]), fc.constant({ k: 1 })),
    {
      minLength: 1,
      maxLength: 4,
      selector: (choice) => JSON.stringify(choice),
    },
  )
  .map((choices) => ({ type: "categorical", choices }));

/** Sound spaces of one to five parameters, some of them conditional on earlier ones. */
export const anySpace = spaceOf(fc.oneof(float, smallInt, largeInt, categorical));
/** The same with few values each, so that all configurations can be counted. */
export const finiteSpace = spaceOf(fc.oneof(smallInt, categorical));

function spaceOf(parameter: fc.Arbitrary<ParameterOptions>): fc.Arbitrary<SpaceOptions> {
  const link = fc.record({ parent: fc.nat(), value: fc.nat(), both: fc.boolean(), conditional: fc.boolean() });
  return fc.array(fc.tuple(parameter, link), { minLength: 1, maxLength: 5 }).map((parts) => {
    const space: Record<string, ParameterOptions> = {};
    for (const [index, [options, { parent, value, both, conditional }]] of parts.entries()) {
      const parentName = `p${parent % Math.max(1, index)}`;
      const values = valuesOf(space[parentName]);
      const first = values[value % Math.max(1, values.length)];
      const last = values.at(-1);
      const isLinked = conditional && first !== undefined && last !== undefined && !Array.isArray(first);
      const wanted = both && first !== last ? [first ?? null, last ?? null] : (first ?? null);
      space[`p${index}`] = isLinked ? { ...options, when: { [parentName]: wanted } } : options;
    }
    return space;
  });
}

/** The values a parameter with few of them can take. */
export function valuesOf(options: ParameterOptions | undefined) {
  if (options === undefined || options.type === "float") return [];
  if (options.type === "categorical") return options.choices;
  const { low, high, step = 1 } = options;
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step).slice(0, 100);
}
