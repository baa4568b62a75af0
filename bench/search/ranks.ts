/** From losses to ranks. */
import { median } from "../measure.ts";

/** The best loss of each seed, by contestant. */
export type LossesOf = Readonly<Record<string, readonly number[]>>;

/** Rank of each contestant by the median over its seeds, 1 is the best; equals share the mean of their ranks. */
export function ranksOfMedians(losses: LossesOf): Readonly<Record<string, number>> {
  return ranked(losses, (mine, theirs) => beats(median(mine), median(theirs)));
}

/** Expected rank of each contestant where everyone draws one of its seeds: no loss counts but by its order. */
export function ranksOfRuns(losses: LossesOf): Readonly<Record<string, number>> {
  return ranked(losses, (mine, theirs) => mean(mine.flatMap((own) => theirs.map((other) => beats(own, other)))));
}

/** A contestant's rank is 1 and, for each other one, the share in which that is better. */
function ranked(losses: LossesOf, winning: (mine: readonly number[], theirs: readonly number[]) => number) {
  const all = Object.entries(losses);
  return Object.fromEntries(
    all.map(([name, own]) => {
      const others = all.filter(([other]) => other !== name);
      return [name, others.reduce((rank, [, theirs]) => rank + winning(theirs, own), 1)];
    }),
  );
}

function beats(own: number, other: number): number {
  return own < other ? 1 : own === other ? 0.5 : 0;
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
