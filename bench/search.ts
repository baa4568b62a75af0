/**
 * How good `tpe` is beside Optuna's TPE samplers and beside what it was at an earlier commit:
 * `npx tsx bench/search.ts [--seeds 20] [--evaluations 200] [--write FILE]`. Seven problems, one configuration at a time.
 *
 * Compared is the true loss, without noise, of the configuration that was seen to be the best after 50, 100 and 200
 * evaluations. Ranks are means over the problems: by the median over seeds, and by single runs (the expected rank where
 * everyone draws one of its seeds). Optuna is installed from the registry into `node_modules/.cache`; where that, or
 * git's history, is not there, the rest is compared. The results in bench/results are the whole comparison, and 50
 * evaluations with 100 seeds.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { normalDraw } from "../src/components/researchers/search/parzen.ts";
import { seededRng } from "../src/platform/rng.ts";
import { median } from "./measure.ts";
import { aura, auraAt, type Contestant, startOptuna } from "./search/contestants.ts";
import { allProblems, type Problem } from "./search/problems.ts";
import { type LossesOf, mean, ranksOfMedians, ranksOfRuns } from "./search/ranks.ts";

/** The last commit with the ends of an axis as neighbours and kernels down to a fixed 1/100 of it. */
const BEFORE = "96f31d71f99fef4f71fa877c0a187d6d1abc0b70";

const { values: given } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    evaluations: { type: "string", default: "200" },
    write: { type: "string" },
  },
});
const AFTER = [50, 100, 200].filter((evaluations) => evaluations <= Number(given.evaluations));
const EVALUATIONS = Math.max(...AFTER);
const seeds = Array.from({ length: Number(given.seeds) }, (_, seed) => seed);

/** The losses of one search after each number of evaluations. Everyone gets the same noise. */
async function lossesOf(contestant: Contestant, problem: Problem, seed: number): Promise<number[]> {
  const rng = seededRng(seed).fork("noise");
  const losses: number[] = [];
  let evaluations = 0;
  let best = { seen: Number.POSITIVE_INFINITY, loss: Number.POSITIVE_INFINITY };
  await contestant.search(problem.space, seed, EVALUATIONS, (spec) => {
    const loss = problem.loss(spec);
    const seen = loss + problem.noise * normalDraw(rng);
    if (seen < best.seen) best = { seen, loss };
    evaluations += 1;
    if (AFTER.includes(evaluations)) losses.push(Number(best.loss.toPrecision(6)));
    return seen;
  });
  return losses;
}

/** By problem, number of evaluations and contestant the losses of the seeds. */
type Losses = Readonly<Record<string, Readonly<Record<number, LossesOf>>>>;

async function compare(contestants: readonly Contestant[], problems: readonly Problem[]): Promise<Losses> {
  const all: Record<string, Losses[string]> = {};
  for (const problem of problems) {
    const found = await Promise.all(
      contestants.map(async (contestant) => {
        const runs: number[][] = [];
        for (const seed of seeds) runs.push(await lossesOf(contestant, problem, seed));
        return { name: contestant.name, runs };
      }),
    );
    const after = (index: number): LossesOf =>
      Object.fromEntries(found.map(({ name, runs }) => [name, runs.map((losses) => losses[index] ?? Number.NaN)]));
    const medians = Object.entries(after(AFTER.length - 1)).map(([name, losses]) => [name, median(losses)]);
    print(`${problem.name}, median loss after ${EVALUATIONS}`, Object.fromEntries(medians));
    all[problem.name] = Object.fromEntries(AFTER.map((evaluations, index) => [evaluations, after(index)]));
  }
  return all;
}

/** Mean over the problems of everyone's rank, by evaluations and contestant. */
function meanRanks(losses: Losses, ranksOf: typeof ranksOfMedians): Record<string, Record<string, number>> {
  return Object.fromEntries(
    AFTER.map((evaluations) => {
      const ranks = Object.values(losses).map((ofProblem) => ranksOf(ofProblem[evaluations] ?? {}));
      const names = Object.keys(ranks[0] ?? {});
      const means = names.map((name) => [name, Number(mean(ranks.map((rank) => rank[name] ?? Number.NaN)).toFixed(2))]);
      return [String(evaluations), Object.fromEntries(means)];
    }),
  );
}

function print(title: string, values: Readonly<Record<string, number>>): void {
  const cells = Object.entries(values).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  console.log(`${title}: ${cells.join(", ")}`);
}

/** What a contestant needs may not be here; then it is left out, and said so. */
async function ifThere<T>(what: string, get: () => Promise<T>): Promise<T | null> {
  try {
    return await get();
  } catch (error) {
    console.log(`Without ${what}: ${error instanceof Error ? error.message.trim().split("\n").at(-1) : error}`);
    return null;
  }
}

const before = await ifThere("aura before", () => auraAt(BEFORE));
const optuna = await ifThere("optuna", startOptuna);
const contestants = [aura("aura"), ...(before ? [before] : []), ...(optuna?.contestants ?? [])];
const losses = await compare(contestants, allProblems());
optuna?.close();

const ranks = { byMedian: meanRanks(losses, ranksOfMedians), byRun: meanRanks(losses, ranksOfRuns) };
for (const [evaluations, values] of Object.entries(ranks.byMedian))
  print(`Mean rank by median after ${evaluations}`, values);
for (const [evaluations, values] of Object.entries(ranks.byRun)) print(`Mean rank by run after ${evaluations}`, values);
if (given.write) {
  const versions = { node: process.versions.node, ...optuna?.versions };
  const results = { versions, before: BEFORE, seeds: seeds.length, after: AFTER, ranks, losses };
  writeFileSync(given.write, JSON.stringify(results));
}
