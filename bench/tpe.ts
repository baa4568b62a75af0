/**
 * What a TPE proposal costs as the history grows, beside a bare random draw in the same run: `npx tsx bench/tpe.ts`.
 * Five parameters, one proposal at a time, the new result read in before the next.
 */
import { ObservationLog } from "../src/components/researchers/search/observations.ts";
import type { Sampler } from "../src/components/researchers/search/sampler.ts";
import { randomSampler } from "../src/components/researchers/search/sampler.ts";
import { tpeSampler } from "../src/components/researchers/search/tpe.ts";
import { compileSpace } from "../src/components/space/space.ts";
import type { HistoryEntry } from "../src/kernel/context.ts";
import { hypothesisId } from "../src/model/ids.ts";
import type { JsonObject } from "../src/model/json.ts";
import { seededRng } from "../src/platform/rng.ts";

const SIZES = [100, 1_000, 10_000, 100_000];
const WARM_UP = 50;
const MEASURED = 200;

const space = compileSpace({
  lr: { type: "float", low: 1e-3, high: 1, log: true },
  hidden: { type: "int", low: 8, high: 128 },
  l2: { type: "float", low: 1e-6, high: 0.1, log: true },
  epochs: { type: "int", low: 1, high: 40 },
  optimizer: { type: "categorical", choices: ["adam", "sgd", "rmsprop"] },
});

function entry(index: number, spec: JsonObject): HistoryEntry {
  const score = -((Math.log10(Number(spec.lr)) + 1) ** 2) + Number(spec.hidden) / 256;
  const id = hypothesisId(index + 1, 0);
  return { id, iteration: index + 1, spec, score, passed: true, reason: "", hasEdits: false };
}

/** Median milliseconds of one proposal on top of `size` observations. */
function medianMs(sampler: Sampler, size: number): number {
  const log = new ObservationLog(space, "maximize");
  const { draws } = randomSampler(space)(log, size, seededRng(1));
  const entries = draws.map(({ spec }, index) => entry(index, spec));
  log.update(entries);
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + MEASURED; round++) {
    const start = performance.now();
    log.update(entries);
    const [draw] = sampler(log, 1, seededRng(round)).draws;
    if (round >= WARM_UP) times.push(performance.now() - start);
    if (draw) entries.push(entry(entries.length, draw.spec));
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

process.stdout.write("observations  tpe ms  random ms  ratio\n");
for (const size of SIZES) {
  const byModel = medianMs(tpeSampler(space), size);
  const byChance = medianMs(randomSampler(space), size);
  const cells = [size, byModel.toFixed(3), byChance.toFixed(3), (byModel / byChance).toFixed(0)];
  process.stdout.write(`${cells.map((cell, column) => String(cell).padStart([12, 8, 11, 7][column] ?? 0)).join("")}\n`);
}
