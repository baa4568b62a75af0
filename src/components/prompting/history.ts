import type { HistoryEntry, StageContext } from "../../kernel/context.ts";
import { compareIds } from "../../model/ids.ts";
import type { Direction } from "../../model/settings.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { clip, clipLines, fence, promptLine } from "../../text/printable.ts";
import { absent, fencedText, printableJson, printableList, printableRecord } from "./printable.ts";

/** Tokens of each part of a prompt that grows with the run. */
export const TOKEN_BUDGETS = {
  history: 6000,
  prior: 3000,
  insights: 2000,
  artifacts: 16_000,
  diff: 4000,
  inputs: 4000,
  notes: 2000,
};

const MAX_LINE = 600;
/** The best and the latest entries that are looked at to fill the budget. */
const MAX_CONSIDERED = 200;
const MAX_FAILURES = 12;
const MAX_DIFFS = 3;
const BEST_FIELDS = ["id", "label", "spec", "score", "passed", "reason", "iteration", "failed", "diff"];

/**
 * `history`: finished hypotheses, oldest first. The best ones and the latest ones are kept,
 * turn by turn, until the budget is full.
 */
export function historyVariable(ctx: StageContext): unknown {
  const { entries } = ctx.history;
  const diffs = diffsOfImprovers(ctx);
  const ranked = rankedEntries(entries, ctx.settings.metric.direction);
  const latest = entries.slice(-MAX_CONSIDERED).reverse();
  const kept = new Map<string, string>();
  let room = TOKEN_BUDGETS.history * CHARACTERS_PER_TOKEN - [...diffs.values()].join("").length;
  for (let place = 0; place < MAX_CONSIDERED && room > 0; place++) {
    for (const entry of [ranked[place], latest[place]]) {
      if (!entry || kept.has(entry.id)) continue;
      const line = entryLine(entry);
      room -= line.length + 1;
      if (room > 0) kept.set(entry.id, line);
    }
  }
  const shown = entries.filter((entry) => kept.has(entry.id)).sort((a, b) => compareIds(a.id, b.id));
  const left = entries.length - shown.length;
  const lines = shown.map((entry) => kept.get(entry.id) ?? "");
  if (left > 0) lines.unshift(`(${left} others left out)`);
  const changes = [...diffs].map(
    ([id, diff]) => `What ${id} changed (it passed, but is not in the base):\n${fence(diff, "diff")}`,
  );
  const own = [fence(lines.join("\n")), ...changes].filter((part) => part !== "").join("\n\n");
  const prior = String(priorVariable(ctx));
  const text = own === "" ? "None yet." : own;
  return printableList(
    shown.map((entry) => shownEntry(entry, diffs.get(entry.id))),
    prior === "" ? text : `${prior}\n\nOf this run:\n${text}`,
  );
}

/**
 * `prior`: hypotheses of earlier runs, the best of each first, as many as the budget holds; empty where there are none.
 * Their ids begin with the name of their run.
 */
export function priorVariable({ prior = [] }: StageContext): unknown {
  let room = TOKEN_BUDGETS.prior * CHARACTERS_PER_TOKEN;
  const shown: { readonly item: object; readonly line: string }[] = [];
  const parts = prior.map(({ name, metric, sameScoring, entries }) => {
    const isAlike = sameScoring
      ? "scored as in this run"
      : "scored in another way: do not compare with this run's scores";
    const before = shown.length;
    const diffs: string[] = [];
    for (const own of rankedEntries(entries, metric.direction).concat(entries.filter(({ score }) => score === null))) {
      const entry = { ...own, id: `${promptLine(name, 80)}/${own.id}` };
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
      shown.push({ item: shownEntry({ ...entry, iteration: 0 }, hasRoom ? own.diff : undefined), line });
    }
    const lines = shown.slice(before).map(({ line }) => line);
    if (entries.length > lines.length) lines.push(`(${entries.length - lines.length} others left out)`);
    const head = `Of an earlier run, ${promptLine(name, 80)} (${promptLine(metric.name, 80)}, ${metric.direction}; ${isAlike}); it counts for nothing here:`;
    return [`${head}\n${fence(lines.join("\n"))}`, ...diffs].join("\n\n");
  });
  return printableList(
    shown.map(({ item, line }) => printableRecord(item, line)),
    parts.join("\n\n"),
  );
}

/** `best`: the best hypothesis; empty, with empty fields, when there is none. */
export function bestVariable(ctx: StageContext): unknown {
  const { best } = ctx.history;
  if (!best) return absent(BEST_FIELDS, ["spec"]);
  return printableRecord(shownEntry(best), fence(entryLine(best)));
}

/** `failures`: the latest hypotheses without a score, and the proposals that the previous iteration refused, with reasons. */
export function failuresVariable(ctx: StageContext): unknown {
  const failed = ctx.history.entries.filter((entry) => entry.score === null).slice(-MAX_FAILURES);
  const runs = failed.map((entry, place) => {
    const log = place >= failed.length - MAX_DIFFS ? logTail(ctx, entry.id) : "";
    const reason = promptLine(entry.reason, MAX_LINE) || "it has no score";
    return {
      id: entry.id,
      label: promptLine(entry.label ?? "", 120),
      reason,
      spec: printableJson(entry.spec),
      log: fencedText(log),
    };
  });
  const refused = ctx.history.refused.slice(0, MAX_FAILURES).map(({ label, reason }) => ({
    id: "",
    label: promptLine(label, 120),
    reason: promptLine(`refused: ${reason}`, MAX_LINE),
    spec: printableJson({}),
    log: "",
  }));
  const items = [...runs, ...refused];
  const lines = items.map((item) => {
    const parameters = clip(String(item.spec), 200);
    const spec = item.id === "" || parameters === "{}" ? "" : ` spec=${parameters}`;
    const log = String(item.log);
    const name = item.id === "" ? `proposal "${item.label}"` : item.id;
    return `${name}: ${item.reason}${spec}${log === "" ? "" : `\n${log}`}`;
  });
  return printableList(items, items.length === 0 ? "None." : fence(lines.join("\n")));
}

type Described = Omit<HistoryEntry, "iteration">;

function entryLine(entry: Described): string {
  const label = entry.label === undefined ? "" : ` ${JSON.stringify(promptLine(entry.label, 80))}`;
  const verdict =
    entry.score === null ? `failed${bracketed(entry.reason)}` : `score=${entry.score}${entry.passed ? " passed" : ""}`;
  const edits = entry.hasEdits ? " with edits" : "";
  const parameters = promptLine(JSON.stringify(entry.spec), MAX_LINE);
  const spec = entry.hasEdits && parameters === "{}" ? "" : ` spec=${parameters}`;
  return clip(`${entry.id}${label} ${verdict}${edits}${spec}`, MAX_LINE);
}

function bracketed(reason: string): string {
  const text = promptLine(reason, 200);
  return text === "" ? "" : ` (${text})`;
}

/** What a template reads of a hypothesis; `diff` is what one that improved but was not carried on changed against the base. */
function shownEntry(entry: HistoryEntry, diff = "") {
  return {
    id: entry.id,
    iteration: entry.iteration,
    label: promptLine(entry.label ?? "", 120),
    spec: printableJson(entry.spec),
    score: entry.score,
    passed: entry.passed,
    failed: entry.score === null,
    reason: promptLine(entry.reason, MAX_LINE),
    diff: fencedText(diff, "diff"),
  };
}

function rankedEntries<T extends Described>(entries: readonly T[], direction: Direction): readonly T[] {
  const sign = direction === "maximize" ? -1 : 1;
  return entries
    .filter((entry) => entry.score !== null)
    .sort((a, b) => sign * ((a.score ?? 0) - (b.score ?? 0)) || compareIds(a.id, b.id))
    .slice(0, MAX_CONSIDERED);
}

/** Improvers of the latest iteration whose edits are not in the base: their diffs against it, by id. */
function diffsOfImprovers(ctx: StageContext): ReadonlyMap<string, string> {
  const { artifacts } = ctx;
  const last = ctx.history.entries.at(-1)?.iteration;
  if (!artifacts || last === undefined) return new Map();
  const improvers = ctx.history.entries
    .slice(-MAX_CONSIDERED)
    .filter((entry) => entry.iteration === last && entry.passed && entry.hasEdits && entry.state !== artifacts.base);
  return new Map(
    improvers.slice(0, MAX_DIFFS).flatMap((entry) => {
      if (entry.state === undefined) return [];
      const diff = artifacts.diff(artifacts.base, entry.state);
      return [[entry.id, clipLines(diff, TOKEN_BUDGETS.history)] as const];
    }),
  );
}

function logTail(ctx: StageContext, id: string): string {
  return (ctx.workspace.readExperiment(id)?.failure?.logTail ?? "").slice(-MAX_LINE);
}
