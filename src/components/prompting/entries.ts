import type { HistoryEntry, StageContext } from "../../kernel/context.ts";
import { compareIds, type HypothesisId } from "../../model/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import type { Direction } from "../../model/settings.ts";
import { clip, clipLines, fence, promptLine, promptText } from "../../text/printable.ts";
import { fencedText, lazyRecord, printableJson, printed } from "./printable.ts";

export const MAX_LINE = 600;
/** Of all that is told of one hypothesis besides its line, what its diff may take if there is room. */
const MAX_RATIONALE = 1000;
const MAX_METRICS = 1000;
const MAX_WHY = 200;
const MAX_DIFF = 16_000;

/** Fields of a hypothesis that a template can read, each a single value. */
export const ENTRY_FIELDS = [
  "id",
  "label",
  "parent",
  "rationale",
  "score",
  "passed",
  "reason",
  "feedback",
  "iteration",
  "failed",
  "diff",
] as const;
/** Those in which there is more to read. */
export const ENTRY_DATA = ["spec", "metrics"] as const;

export type Described = Omit<HistoryEntry, "iteration">;

/** A hypothesis in one line. */
export function entryLine(entry: Described): string {
  const label = entry.label === undefined ? "" : ` ${JSON.stringify(promptLine(entry.label, 80))}`;
  const verdict =
    entry.score === null ? `failed${bracketed(entry.reason)}` : `score=${entry.score}${entry.passed ? " passed" : ""}`;
  const edits = entry.hasEdits ? " with edits" : "";
  const parameters = promptLine(JSON.stringify(entry.spec), MAX_LINE);
  const spec = entry.hasEdits && parameters === "{}" ? "" : ` spec=${parameters}`;
  return clip(`${entry.id}${label} ${verdict}${edits}${spec}`, MAX_LINE);
}

/** Why a hypothesis was tried, in a line; empty where that is not known. */
export function reasonToTry(id: HypothesisId, { workspace }: Pick<StageContext, "workspace">): string {
  const why = promptLine(workspace.readHypothesis(id)?.rationale ?? "", MAX_WHY);
  return why === "" ? "" : `why: ${why}`;
}

function bracketed(reason: string): string {
  const text = promptLine(reason, 200);
  return text === "" ? "" : ` (${text})`;
}

/** The best first; of equal ones the earlier. Those without a score are left out. */
export function rankedEntries<T extends Described>(entries: readonly T[], direction: Direction): readonly T[] {
  const sign = direction === "maximize" ? -1 : 1;
  return entries
    .filter((entry) => entry.score !== null)
    .sort((a, b) => sign * ((a.score ?? 0) - (b.score ?? 0)) || compareIds(a.id, b.id));
}

/** What the records hold of a hypothesis besides its entry. Read when it is asked for: of a long run it would be much. */
export interface Details {
  readonly rationale: string;
  readonly reason: string;
  readonly metrics: JsonObject;
  /** The hypothesis whose state it was made from, and what it changed in that; both empty where that is not known. */
  readonly parent: string;
  readonly diff: string;
}

/** The details of a hypothesis of this run. */
export function detailsOf(entry: HistoryEntry, ctx: StageContext): Details {
  const { workspace, artifacts, settings } = ctx;
  const hypothesis = workspace.readHypothesis(entry.id);
  const summary = workspace.readExperiment(entry.id)?.summary ?? {};
  const { feedback: _, ...metrics } = { ...summary, ...entry.metrics };
  if (metrics[settings.metric.name] === entry.score) delete metrics[settings.metric.name];
  if (isJsonObject(metrics.trials) && metrics.trials.failed === 0) delete metrics.trials;
  const base = hypothesis?.base;
  const isChanged = artifacts && base && entry.state !== undefined && entry.state !== base.snapshot;
  return {
    rationale: promptLine(hypothesis?.rationale ?? "", MAX_RATIONALE),
    reason: promptLine(workspace.readEvaluation(entry.id)?.reason ?? entry.reason, MAX_LINE),
    metrics: measuredIn(metrics),
    parent: base?.hypothesisId ?? "",
    diff: isChanged ? artifacts.diff(base.snapshot, entry.state ?? "") : "",
  };
}

/** Numbers and what is true or false, also inside of objects: texts and lists are no metrics. */
function measuredIn(summary: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(summary).flatMap(([key, value]): (readonly [string, JsonValue])[] => {
      if (typeof value === "number" || typeof value === "boolean") return [[key, value]];
      const inner = isJsonObject(value) ? measuredIn(value) : {};
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }),
  );
}

/** What a template reads of a hypothesis, details when they are used; printed whole it is `text`. */
export function shownEntry(
  entry: HistoryEntry,
  details: () => Details,
  text: () => string = () => fence(entryLine(entry)),
): object {
  let known: Details | null = null;
  const read = (): Details => {
    known ??= details();
    return known;
  };
  const fields: Readonly<Record<(typeof ENTRY_FIELDS)[number] | (typeof ENTRY_DATA)[number], () => unknown>> = {
    id: () => entry.id,
    label: () => promptLine(entry.label ?? "", 120),
    parent: () => read().parent,
    rationale: () => read().rationale,
    spec: () => printableJson(entry.spec),
    score: () => entry.score,
    passed: () => entry.passed,
    failed: () => entry.score === null,
    reason: () => read().reason,
    metrics: () => printableJson(read().metrics),
    feedback: () => fencedText(entry.feedback ?? ""),
    iteration: () => entry.iteration,
    diff: () => fencedText(clipLines(read().diff, MAX_DIFF), "diff"),
  };
  return printed(lazyRecord(new Map(Object.entries(fields))), text);
}

/**
 * All that is told of a hypothesis, as text: its line, why it was tried, what it measured, what was said of it, and what
 * it changed, cut to `room` characters. `feedback` is there whole, or the answer is `null` because it does not fit.
 */
export function entryText(
  entry: HistoryEntry,
  { rationale, reason, metrics, parent, diff }: Details,
  room: number,
): string | null {
  const measured = JSON.stringify(metrics);
  const lines = [
    entryLine(entry),
    rationale === "" ? "" : `why: ${rationale}`,
    measured === "{}" ? "" : `metrics: ${clip(promptText(measured), MAX_METRICS)}`,
    reason === "" || entry.score === null ? "" : `reason: ${reason}`,
    entry.feedback === undefined || entry.feedback === "" ? "" : `feedback:\n${entry.feedback}`,
  ];
  const told = fence(lines.filter((line) => line !== "").join("\n"));
  const left = Math.min(MAX_DIFF, room - told.length);
  if (left < 0) return null;
  if (diff === "") return told;
  const head = `What ${entry.id} changed in ${parent}:`;
  if (left < MIN_DIFF) return `${told}\n${head} left out for space.`;
  return `${told}\n${head}\n${fence(clipLines(diff, left), "diff")}`;
}

/** A share of a budget below which a diff is not worth starting. */
const MIN_DIFF = 400;
