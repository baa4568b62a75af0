import { readFileSync } from "node:fs";
import { FULL } from "./sweep.ts";

/** A call by which the real command changes something outside, as `kill-at.cjs` counts them. */
export interface RealCrossing {
  readonly at: number;
  /** What is done to what sort of file, without ids and numbers. */
  readonly kind: string;
}

/** When to kill at a crossing: `half` is in the middle of a write. */
export type When = "before" | "after" | "half";

/** What `kill-at.cjs` has written down in a file about a command that ran in `folder`. */
export function crossingsIn(file: string, folder: string): readonly RealCrossing[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, at = "", method = "", target = ""] = /^(\d+) (\S+) (.*)$/.exec(line) ?? [];
      return { at: Number(at), kind: `${method} ${sortOf(target.replace(folder, ""))}` };
    });
}

function sortOf(path: string): string {
  return path
    .replace(/\.\d+-\d+\.tmp$/, ".tmp")
    .replace(/[0-9a-f]{16,}/g, "#")
    .replace(/objects\/[0-9a-f]{2}/g, "objects/#")
    .replace(/-a\d+\.json/g, "-a#.json")
    .replace(/\d+/g, "#");
}

/** The last crossing of each kind, with when to kill there; in a short test `most` of them, evenly spread. */
export function oneOfEachKind(
  crossings: readonly RealCrossing[],
  most: number,
): readonly { readonly crossing: RealCrossing; readonly when: When }[] {
  const kinds = [...new Map(crossings.toReversed().map((crossing) => [crossing.kind, crossing])).values()];
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
