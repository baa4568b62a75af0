import { readFileSync } from "node:fs";
import { FULL } from "../../support/thorough.ts";

/** A call by which the real command changes something outside, as `kill-at.cjs` counts them. */
export interface RealCrossing {
  /** Which of its kind, from 1. */
  readonly at: number;
  /** What is done to what sort of file, without ids and numbers. */
  readonly kind: string;
}

/** When to kill at a crossing: `half` is in the middle of a write. */
export type When = "before" | "after" | "half";

/** What `kill-at.cjs` has written down in a file. */
export function crossingsIn(file: string): readonly RealCrossing[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, at = "", kind = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
      return { at: Number(at), kind };
    });
}

/**
 * A late crossing of each kind, those first that are crossed last: the very last of many is one that another run may
 * come to its end without.
 */
function lateOnes(crossings: readonly RealCrossing[]): readonly RealCrossing[] {
  const most = new Map<string, number>();
  for (const { kind, at } of crossings.toReversed()) most.set(kind, Math.max(at, most.get(kind) ?? 0));
  return [...most].map(([kind, count]) => ({ kind, at: Math.ceil(count * 0.7) }));
}

/** A late crossing of each kind, with when to kill there; in a short test `most` of them, evenly spread. */
export function oneOfEachKind(
  crossings: readonly RealCrossing[],
  most: number,
): readonly { readonly crossing: RealCrossing; readonly when: When }[] {
  const kinds = lateOnes(crossings);
  const step = FULL ? 1 : Math.ceil(kinds.length / most);
  const whens: readonly When[] = ["before", "after", "half"];
  return kinds
    .filter((_, place) => place % step === 0)
    .map((crossing, place) => ({
      crossing,
      when: whens[place % (/^(write|append)/.test(crossing.kind) ? 3 : 2)] ?? "before",
    }));
}

/** Commands that go on side by side: most of what they do is waiting for their processes. */
const SIDE_BY_SIDE = 3;

/** What is wrong with each of these, judged some at a time. */
export async function sideBySide<T>(
  items: readonly T[],
  judge: (item: T) => Promise<readonly string[]>,
): Promise<string[]> {
  const rest = [...items];
  const wrong: string[] = [];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) wrong.push(...(await judge(item)));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return wrong;
}
