import type { HistoryEntry, StageContext } from "../../kernel/context.ts";
import { compareIds } from "../../model/ids.ts";
import { priorName } from "../../model/prior.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { clipLines, fence, promptLine } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "./budgets.ts";
import { type Details, detailsOf, entryLine, rankedEntries, reasonToTry, shownEntry } from "./entries.ts";
import { failedLately } from "./failures.ts";
import { printableList } from "./printable.ts";
import { standingOf } from "./standing.ts";

/** The best and the latest entries that are looked at to fill the budget. */
const MAX_CONSIDERED = 200;

/**
 * `history`: finished hypotheses, oldest first. The best ones and the latest ones are kept,
 * turn by turn, until the budget is full.
 */
export function historyVariable(ctx: StageContext): unknown {
  const { entries } = ctx.history;
  const { latest, runnersUp } = standingOf(ctx);
  const tokens = TOKEN_BUDGETS.history;
  let room = tokens * CHARACTERS_PER_TOKEN;
  const changes: string[] = [];
  for (const entry of [...latest.filter(({ passed }) => passed), ...runnersUp].slice(0, MAX_DIFFS)) {
    const { diff, parent } = entry.hasEdits ? detailsOf(entry, ctx) : { diff: "", parent: "" };
    if (diff === "") continue;
    const text = `What ${entry.id} changed in ${parent}:\n${fence(clipLines(diff, tokens), "diff")}`;
    room -= text.length;
    changes.push(text);
  }
  return listedHistory(ctx, entries, room, changes);
}

const MAX_DIFFS = 3;

/** `earlier`: the same without those of which `best`, `base`, `latest`, `runners_up` and `failures` tell everything. */
export function earlierVariable(ctx: StageContext): unknown {
  const { best, base, latest, runnersUp } = standingOf(ctx);
  const told = new Set([best, base, ...latest, ...runnersUp, ...failedLately(ctx)].map((entry) => entry?.id));
  const others = ctx.history.entries.filter(({ id }) => !told.has(id));
  return listedHistory(ctx, others, TOKEN_BUDGETS.earlier * CHARACTERS_PER_TOKEN);
}

function listedHistory(
  ctx: StageContext,
  entries: readonly HistoryEntry[],
  characters: number,
  changes: readonly string[] = [],
): unknown {
  const ranked = rankedEntries(entries, ctx.settings.metric.direction).slice(0, MAX_CONSIDERED);
  const latest = entries.slice(-MAX_CONSIDERED).reverse();
  const kept = new Map<string, string>();
  let room = characters;
  for (let place = 0; place < MAX_CONSIDERED && room > 0; place++) {
    for (const entry of [ranked[place], latest[place]]) {
      if (!entry || kept.has(entry.id)) continue;
      // Of edits the parameters say nothing.
      const line = `${entryLine(entry)} ${entry.hasEdits ? reasonToTry(entry.id, ctx) : ""}`.trimEnd();
      room -= line.length + 1;
      if (room > 0) kept.set(entry.id, line);
    }
  }
  const shown = entries.filter((entry) => kept.has(entry.id)).sort((a, b) => compareIds(a.id, b.id));
  const left = entries.length - shown.length;
  const lines = shown.map((entry) => kept.get(entry.id) ?? "");
  if (left > 0) lines.unshift(`(${left} others left out)`);
  const own = [fence(lines.join("\n")), ...changes].filter((part) => part !== "").join("\n\n");
  const prior = String(priorVariable(ctx));
  const none = ctx.history.entries.length === 0 ? "None yet." : "No others.";
  const text = own === "" ? none : own;
  return printableList(
    shown.map((entry) => shownEntry(entry, () => detailsOf(entry, ctx))),
    prior === "" ? text : `${prior}\n\nOf this run:\n${text}`,
  );
}

/**
 * `prior`: hypotheses of earlier runs, the best of each first, as many as the budget holds; empty where there are none.
 * Their ids begin with the name of their run.
 */
export function priorVariable({ prior = [] }: StageContext): unknown {
  let room = TOKEN_BUDGETS.prior * CHARACTERS_PER_TOKEN;
  const shown: object[] = [];
  const parts = prior.map(({ name, metric, sameScoring, entries }) => {
    const isAlike = sameScoring
      ? "scored as in this run"
      : "scored in another way: do not compare with this run's scores";
    const lines: string[] = [];
    const diffs: string[] = [];
    const best = rankedEntries(entries, metric.direction).slice(0, MAX_CONSIDERED);
    for (const own of best.concat(entries.filter(({ score }) => score === null))) {
      const entry = { ...own, id: priorName({ name }, own.id), iteration: 0 };
      const line = entryLine(entry);
      const diff =
        own.diff === undefined
          ? ""
          : `What ${entry.id} is different in from the start of this run:\n${fence(own.diff, "diff")}`;
      room -= line.length + 1;
      if (room < 0) break;
      const hasRoom = diff.length < room / 2;
      if (hasRoom && diff !== "") diffs.push(diff);
      if (hasRoom) room -= diff.length;
      lines.push(line);
      const details = detailsOfPrior(entry, hasRoom ? own.diff : undefined);
      shown.push(
        shownEntry(
          entry,
          () => details,
          () => line,
        ),
      );
    }
    if (entries.length > lines.length) lines.push(`(${entries.length - lines.length} others left out)`);
    const head = `Of an earlier run, ${promptLine(name, 80)} (${promptLine(metric.name, 80)}, ${metric.direction}; ${isAlike}); it counts for nothing here:`;
    return [`${head}\n${fence(lines.join("\n"))}`, ...diffs].join("\n\n");
  });
  return printableList(shown, parts.join("\n\n"));
}

/** Of an earlier run what was taken over from it; its diff is against the start of this run. */
function detailsOfPrior({ reason, metrics = {} }: HistoryEntry, diff = ""): Details {
  return { rationale: "", reason: promptLine(reason, 600), metrics, parent: "", diff };
}
