/** What the samplers are compared on: seven functions to make small, each with the space it is searched in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SpaceOptions } from "../../src/components/space/space.ts";
import type { JsonObject, JsonValue } from "../../src/model/json.ts";

export interface Problem {
  readonly name: string;
  readonly space: SpaceOptions;
  /** The true value of a configuration, the lower the better. */
  readonly loss: (spec: JsonObject) => number;
  /** Standard deviation of the normal noise that a sampler sees on top of it. */
  readonly noise: number;
}

/** Functions and boxes as in Surjanovic and Bingham, "Virtual Library of Simulation Experiments", but for `mixed` and `digits`. */
export function allProblems(): readonly Problem[] {
  const hartmann = { space: box(6, 0, 1), loss: overPoint(hartmann6) };
  return [
    {
      name: "branin",
      space: { x0: { type: "float", low: -5, high: 10 }, x1: { type: "float", low: 0, high: 15 } },
      loss: overPoint(branin),
      noise: 0,
    },
    { name: "hartmann6", ...hartmann, noise: 0 },
    { name: "rosenbrock5", space: box(5, -5, 10), loss: overPoint(rosenbrock), noise: 0 },
    { name: "ackley10", space: box(10, -32.768, 32.768), loss: overPoint(ackley), noise: 0 },
    { name: "mixed", space: MIXED, loss: mixed, noise: 0 },
    { name: "noisy hartmann6", ...hartmann, noise: 0.2 },
    { name: "digits", ...digits(), noise: 0 },
  ];
}

function box(dimensions: number, low: number, high: number): SpaceOptions {
  return Object.fromEntries(
    Array.from({ length: dimensions }, (_, index) => [`x${index}`, { type: "float", low, high }]),
  );
}

/** A function of a point as one of a configuration `{x0, x1, …}`. */
function overPoint(loss: (point: readonly number[]) => number): Problem["loss"] {
  return (spec) => loss(Object.keys(spec).map((_, index) => Number(spec[`x${index}`])));
}

function branin([x = 0, y = 0]: readonly number[]): number {
  const curve = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6;
  return curve ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}

const HARTMANN = [
  { height: 1, slopes: [10, 3, 17, 3.5, 1.7, 8], center: [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886] },
  { height: 1.2, slopes: [0.05, 10, 17, 0.1, 8, 14], center: [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991] },
  { height: 3, slopes: [3, 3.5, 1.7, 10, 17, 8], center: [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665] },
  { height: 3.2, slopes: [17, 8, 0.05, 10, 0.1, 14], center: [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381] },
];

function hartmann6(point: readonly number[]): number {
  const peaks = HARTMANN.map(({ height, slopes, center }) => {
    const distance = sum(slopes.map((slope, index) => slope * ((point[index] ?? 0) - (center[index] ?? 0)) ** 2));
    return height * Math.exp(-distance);
  });
  return -sum(peaks);
}

function rosenbrock(point: readonly number[]): number {
  return sum(
    point.slice(1).map((next, index) => 100 * (next - (point[index] ?? 0) ** 2) ** 2 + ((point[index] ?? 0) - 1) ** 2),
  );
}

function ackley(point: readonly number[]): number {
  const far = Math.sqrt(sum(point.map((x) => x ** 2)) / point.length);
  const waves = sum(point.map((x) => Math.cos(2 * Math.PI * x))) / point.length;
  return 20 + Math.E - 20 * Math.exp(-0.2 * far) - Math.exp(waves);
}

/** Like the settings of a training: the best learning rate depends on the depth, and what else there is on the choices. */
const MIXED: SpaceOptions = {
  optimizer: { type: "categorical", choices: ["adam", "sgd", "rmsprop"] },
  lr: { type: "float", low: 1e-5, high: 1, log: true },
  momentum: { type: "float", low: 0, high: 1, when: { optimizer: "sgd" } },
  beta: { type: "float", low: 0.5, high: 1, when: { optimizer: ["adam", "rmsprop"] } },
  layers: { type: "int", low: 1, high: 8 },
  dropout: { type: "float", low: 0, high: 0.8, when: { layers: [5, 6, 7, 8] } },
};

function mixed({ optimizer, lr, momentum, beta, layers, dropout }: JsonObject): number {
  const rate = Math.log10(Number(lr)) + 0.15 * Number(layers);
  const depth = dropout === undefined ? 0.3 : 4 * (Number(dropout) - 0.25) ** 2;
  const shape = 0.05 * (Number(layers) - 6) ** 2 + depth;
  if (optimizer === "sgd") return (rate + 0.6) ** 2 + 4 * (Number(momentum) - 0.9) ** 2 + shape;
  return (optimizer === "adam" ? 0.2 : 0.5) + 0.5 * (rate + 2.1) ** 2 + 10 * (Number(beta) - 0.9) ** 2 + shape;
}

/** Losses of digit networks, looked up: `digits_table.py` says what they are. A value of an axis is known by its place. */
function digits(): Pick<Problem, "space" | "loss"> {
  const table: { readonly axes: Readonly<Record<string, readonly JsonValue[]>>; readonly losses: readonly number[] } =
    JSON.parse(readFileSync(join(import.meta.dirname, "digits-table.json"), "utf8"));
  const axes = Object.entries(table.axes);
  return {
    space: Object.fromEntries(
      axes.map(([name, values]) =>
        typeof values[0] === "number"
          ? [name, { type: "int", low: 0, high: values.length - 1 }]
          : [name, { type: "categorical", choices: values }],
      ),
    ),
    loss(spec) {
      let row = 0;
      for (const [name, values] of axes) {
        const given = spec[name] ?? null;
        row = row * values.length + (typeof given === "number" ? given : values.indexOf(given));
      }
      const loss = table.losses[row];
      if (loss === undefined) throw new Error(`The table has no network ${JSON.stringify(spec)}.`);
      return loss;
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
