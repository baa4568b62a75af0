import type { StageContext } from "../../kernel/context.ts";

/** Seeds fit in 31 bits, so that every language's generators take them. */
const SEEDS = 2 ** 31;

/** The seed of repeat `index`: the one that was listed, else one that depends on the run's seed and the index only. */
export function repeatSeed(
  ctx: Pick<StageContext, "effects" | "settings">,
  index: number,
  listed?: readonly number[],
): number {
  return listed?.[index] ?? ctx.effects.rng(ctx.settings.seed).fork(`repeat-${index}`).int(SEEDS);
}

/** The seed of a check, different from those of repeats. */
export function checkSeed(ctx: Pick<StageContext, "effects" | "settings">, index: number): number {
  return ctx.effects.rng(ctx.settings.seed).fork(`check-${index}`).int(SEEDS);
}
