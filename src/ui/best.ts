import type { BestSoFar } from "../model/run.ts";
import type { BestHistory, BestView, DashboardState } from "./state.ts";

const MAX_POINTS = 256;

/**
 * The best hypothesis with what the table knows of it. `previous` tells what it improved on; without it a best that is
 * already shown keeps its gain.
 */
export function bestView(state: DashboardState, best: BestSoFar | null, previous?: BestSoFar | null): BestView | null {
  if (!best) return null;
  const shown = state.best;
  if (shown?.id === best.id && shown.score === best.score && previous === undefined) return shown;
  const row = state.rows.findLast(({ id }) => id === best.id);
  const label = row?.label ?? (shown?.id === best.id ? shown.label : undefined);
  const before = previous === undefined ? shown : previous;
  const gain = before?.id === best.id ? shown?.gain : before ? best.score - before.score : undefined;
  return {
    id: best.id,
    score: best.score,
    ...(label === undefined ? {} : { label }),
    parameters: row?.parameters ?? (shown?.id === best.id ? shown.parameters : []),
    ...(gain === undefined ? {} : { gain }),
  };
}

/** The history with one more best score; halved in resolution when it is full, so that it always spans the whole run. */
export function extendHistory({ points, stride, seen }: BestHistory, best: number): BestHistory {
  const due = seen % stride === 0;
  const next = due ? [...points, best] : [...points.slice(0, -1), best];
  if (next.length <= MAX_POINTS) return { points: next, stride, seen: seen + 1 };
  return { points: next.filter((_, index) => index % 2 === 0), stride: stride * 2, seen: seen + 1 };
}

/** The range of scores widened to hold one more. */
export function widenRange(range: readonly [number, number] | null, score: number): readonly [number, number] {
  return range ? [Math.min(range[0], score), Math.max(range[1], score)] : [score, score];
}
