import type { FaultPlan } from "../../support/faults.ts";
import { FULL } from "../../support/thorough.ts";
import { inPlace, type Life, type LifeOptions, live } from "./lives.ts";
import { differencesFrom, essenceOf, leftoversIn, type Tally } from "./reference-model.ts";
import { type Place, tallyOf } from "./scenario.ts";

/** The numbers from 1 to `last`, or in a short test `most` of them, evenly spread. */
export function sample(last: number, most: number): readonly number[] {
  const wanted = FULL ? last : Math.min(last, most);
  return Array.from({ length: wanted }, (_, at) => 1 + Math.floor((at * last) / wanted));
}

/** The run that nothing disturbs, which every other is held against. */
export interface Undisturbed {
  readonly essence: ReadonlyMap<string, string>;
  readonly tally: Tally;
  readonly life: Life;
}

export async function undisturbed(): Promise<Undisturbed> {
  return inPlace(async (place) => {
    const life = await live(place);
    if (life.exitCode !== 0 || life.broken.length > 0) throw life.thrown ?? new Error(life.broken.join("\n"));
    return { essence: essenceOf(place.workspace), tally: tallyOf(place), life };
  });
}

/** Trials in flight: at most so many are cut short by one crash. */
const PARALLEL = 2;

/**
 * Goes through the scenario with one fault after another, each in the life that follows the one before, and then
 * undisturbed. Answers what is wrong, with the faults that led there; empty when all promises were kept.
 */
export async function afterFaults(
  expected: Undisturbed,
  faults: readonly FaultPlan[],
  judge: (life: Life, fault: FaultPlan) => readonly string[] = () => [],
  options: LifeOptions = {},
): Promise<readonly string[]> {
  return inPlace(async (place) => {
    const wrong: string[] = [];
    let interrupted = 0;
    for (const fault of faults) {
      const life = await live(place, fault, options);
      if (life.exitCode !== 0) interrupted += 1;
      wrong.push(...life.broken, ...judge(life, fault));
    }
    const last = await live(place, null, options);
    if (last.exitCode !== 0) wrong.push(`the resume ended with ${last.exitCode}: ${String(last.thrown)}`);
    wrong.push(...last.broken, ...differencesFrom(expected.essence, place.workspace));
    wrong.push(...leftoversIn(place.workspace).map((path) => `${path}: was left behind`));
    wrong.push(...repeated(expected.tally, place, interrupted));
    return wrong.length === 0 ? [] : [`after ${faults.map(inWords).join(", ")}:`, ...wrong];
  });
}

/** Starts and calls beyond those under way when the run was interrupted. */
function repeated(expected: Tally, place: Place, interrupted: number): readonly string[] {
  const now = tallyOf(place);
  const starts = sum(now.starts) - sum(expected.starts);
  const calls = sum(now.calls) - sum(expected.calls);
  return [
    ...(starts > interrupted * PARALLEL ? [`${starts} trials were started again`] : []),
    ...(calls > interrupted ? [`${calls} calls were made again`] : []),
  ];
}

function inWords({ fault, when, at }: FaultPlan): string {
  return `${fault}:${when}:${at}`;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
