import type { HistoryEntry, StageContext } from "../../kernel/context.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { fence } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "./budgets.ts";
import { detailsOf, ENTRY_DATA, ENTRY_FIELDS, entryLine, entryText, rankedEntries, shownEntry } from "./entries.ts";
import { absent, printableList } from "./printable.ts";

/** How many good ones besides the best and the base are shown in full. */
const RUNNERS_UP = 3;
/** Scored ones of the latest iteration that are looked at, the best first. */
const MAX_LATEST = 20;

/** The hypotheses of which a prompt tells everything, each of them once. */
export interface Standing {
  readonly best: HistoryEntry | null;
  /** Whose state the tracked files are in. */
  readonly base: HistoryEntry | null;
  /** What else of the latest iteration has a score, the best first. */
  readonly latest: readonly HistoryEntry[];
  /** Other good ones, each in a state of its own, the best first. */
  readonly runnersUp: readonly HistoryEntry[];
}

export function standingOf(ctx: StageContext): Standing {
  const { entries, best } = ctx.history;
  const { direction } = ctx.settings.metric;
  const base = entries.find(({ id }) => id === ctx.artifacts?.baseOf) ?? null;
  const iteration = entries.at(-1)?.iteration;
  const last = entries.slice(entries.findLastIndex((entry) => entry.iteration !== iteration) + 1);
  const shown = [best, base].flatMap((entry) => (entry === null ? [] : [entry]));
  const isShown = ({ id }: HistoryEntry): boolean => shown.some((entry) => entry.id === id);
  const latest = rankedEntries(last, direction)
    .filter((entry) => !isShown(entry))
    .slice(0, MAX_LATEST);
  shown.push(...latest);
  const runnersUp: HistoryEntry[] = [];
  for (const entry of rankedEntries(entries, direction)) {
    const isSame = shown.some(({ state }) => state !== undefined && state === entry.state);
    if (runnersUp.length === RUNNERS_UP) break;
    if (entry.vetoed || isShown(entry) || (entry.hasEdits && isSame)) continue;
    runnersUp.push(entry);
    shown.push(entry);
  }
  return { best, base, latest, runnersUp };
}

/** `best`: the best hypothesis; empty, with empty fields, when there is none. */
export function bestVariable(ctx: StageContext): unknown {
  const { best } = standingOf(ctx);
  return best === null ? absent([...ENTRY_FIELDS, ...ENTRY_DATA], ENTRY_DATA) : whole(best, ctx);
}

/** `base`: whose state the tracked files are in; `is_best` when that is the best. Empty without tracked files. */
export function baseVariable(ctx: StageContext): unknown {
  const { base, best } = standingOf(ctx);
  if (base === null) return absent([...ENTRY_FIELDS, ...ENTRY_DATA, "is_best"], ENTRY_DATA);
  return Object.assign(whole(base, ctx), { is_best: base.id === best?.id });
}

/** `latest`: what else of the latest iteration has a score, the best first. */
export function latestVariable(ctx: StageContext): unknown {
  return listed(standingOf(ctx).latest, TOKEN_BUDGETS.latest, ctx);
}

/** `runners_up`: other good hypotheses, the best first. */
export function runnersUpVariable(ctx: StageContext): unknown {
  return listed(standingOf(ctx).runnersUp, TOKEN_BUDGETS.runners_up, ctx);
}

function whole(entry: HistoryEntry, ctx: StageContext): object {
  const room = TOKEN_BUDGETS.best * CHARACTERS_PER_TOKEN;
  const details = () => detailsOf(entry, ctx);
  return shownEntry(entry, details, () => entryText(entry, details(), room) ?? "");
}

/** Each with all that is told of it as far as the budget goes, and then in a line. */
function listed(entries: readonly HistoryEntry[], tokens: number, ctx: StageContext): unknown {
  const lines = entries.map((entry) => fence(entryLine(entry)));
  let room = tokens * CHARACTERS_PER_TOKEN - lines.reduce((sum, line) => sum + line.length + 2, 0);
  const items = entries.map((entry, place) => {
    const line = lines[place] ?? "";
    const details = detailsOf(entry, ctx);
    room += line.length;
    // What one leaves of its share is for those after it.
    const share = entryText(entry, details, room / (entries.length - place));
    const text = share ?? entryText(entry, { ...details, diff: "" }, room) ?? line;
    room -= text.length;
    return { entry, details, text };
  });
  return printableList(
    items.map(({ entry, details, text }) =>
      shownEntry(
        entry,
        () => details,
        () => text,
      ),
    ),
    items.map(({ text }) => text).join("\n\n"),
  );
}
