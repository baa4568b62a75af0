import { finishWords, statusOf } from "../kernel/finish-reason.ts";
import { type Failed, failureLine } from "../model/failed.ts";
import type { JsonObject } from "../model/json.ts";
import type { FinishReason, RunTotals } from "../model/run.ts";
import type { StopSettings } from "../model/settings.ts";
import {
  counted,
  formatCount,
  formatDuration,
  formatSpent,
  parametersOf,
  parametersText,
  scoreFormat,
} from "../text/numbers.ts";
import { clip, SCREENFUL, terminalLine } from "../text/printable.ts";
import { shellPath } from "../text/shell.ts";
import { displayWidth, toWidth, truncate, wrapText } from "../text/width.ts";

/** What is left to say when a run has ended. */
export interface ClosingSummary {
  readonly name: string;
  /** As the user would type it. */
  readonly workspace: string;
  readonly reason: FinishReason;
  /** More about the reason, such as an error's message. */
  readonly message?: string;
  readonly metric: { readonly name: string; readonly baseline?: number };
  readonly stop: Partial<StopSettings>;
  readonly best: {
    readonly id: string;
    readonly label?: string;
    readonly score: number;
    readonly spec: JsonObject;
  } | null;
  readonly iterationsCompleted: number;
  readonly totals: RunTotals;
  /** Whether the best is a state of tracked artifacts other than the start's. */
  readonly isChanged?: boolean;
  /** It ended because of this: a program that it needs is missing, or the workspace is damaged. */
  readonly mend?: "tool" | "workspace";
  /** Whether its trials go by the files as they were when it began. */
  readonly isFixed?: boolean;
  /** The command that starts such a run, as the user would type it. */
  readonly anew: string;
  /** Whether a module says what is run, which `--set` changes nothing in. */
  readonly isModule?: boolean;
  /** The hypothesis that failed last, if one did. */
  readonly failed?: Failed;
  /** Whether `aura resume` would go on with it. */
  readonly resumable: boolean;
}

const MAX_MESSAGE_LINES = 12;

/**
 * The text for people at the end of a run: how it ended, the best, where the results are and what to type next. Lines are
 * at most `width` columns wide, but for commands and messages, which are to be copied as they are.
 */
export function closingText(summary: ClosingSummary, width = Number.POSITIVE_INFINITY): string {
  const lines = [headline(summary.name, summary.reason)];
  lines.push(...messageLines(summary.message).map((line) => `  ${line}`));
  const told = facts(summary).flatMap(([name, words]) => factLines(name, words, width - FACTS_AT));
  lines.push("", ...told, "", ...commandLines(commands(summary), width));
  return `${lines.join("\n")}\n`;
}

/** How a run ended, in a line. */
export function headline(name: string, reason: FinishReason): string {
  const status = statusOf(reason);
  const words = finishWords(reason);
  return `${terminalLine(name)} ${status}${words === status ? "" : `: ${words}`}`;
}

/** What goes on with the run. One that scored nothing has reached a stop condition: to just resume it would change nothing. */
function waysOn(place: string, summary: ClosingSummary): readonly Hint[] {
  const { resumable, reason, totals } = summary;
  // What was read when the run began fails again.
  const again = summary.isFixed
    ? ([summary.anew, "start anew when it is mended"] as const)
    : ([`aura resume ${place} --retry-failed`, "run what failed again"] as const);
  const limits = further(summary);
  const sets = limits.map(([path, value]) => ` --set ${path}=${value}`);
  const longer = summary.isModule
    ? longerInModule(place, limits)
    : ([`aura resume ${place}${sets.join("")}`, "go on, for as many again at most"] as const);
  const what = summary.isModule ? "the module" : "the spec";
  // The command may be what is wrong, and a run keeps its own.
  const anew = summary.isFixed || summary.best ? [] : [[summary.anew, `start anew after a change of ${what}`] as const];
  // With a cap that is spent what failed would not run again either.
  const isSpent = limits.some(([path]) => CAPS.has(path));
  if (reason === "nothing-scored") return totals.hypotheses > 0 && !isSpent ? [again, ...anew] : [longer];
  if (reason === "start-failed") {
    const may = [`aura resume ${place} --set start=may_fail`, "let hypotheses mend it"] as const;
    return summary.isModule ? [again] : [again, may];
  }
  if (reason === "failures" || reason === "failed-alike")
    return [again, ...anew, [`aura resume ${place}`, "go on with others"]];
  if (summary.mend === "workspace") return [[`aura repair ${place}`, "what is damaged, and what mends it"]];
  if (summary.mend === "tool")
    return [
      [`aura resume ${place}`, "go on from here when it is mended"],
      [summary.anew, `start anew after a change of ${what}`],
    ];
  const on = [`aura resume ${place}`, "go on from here"] as const;
  if (reason === "no-proposals") return [limits.length > 0 ? longer : on, ...(summary.isFixed ? [again] : [])];
  if (resumable) return [on];
  if (reason === "target" && summary.isModule) return [raised(place, "target")];
  if (reason === "target") return [[`aura resume ${place} --set metric.target=SCORE`, "go on to a better score"]];
  return limits.length > 0 ? [longer] : [];
}

/** A limit by its path in a spec, and what it would have to be. */
type Limit = readonly [path: string, value: number | string];

const ITERATIONS = "stop.iterations";
/** With one of these reached nothing is started. */
const CAPS: ReadonlySet<string> = new Set(["stop.tokens", "stop.cost_usd", "stop.wall_clock"]);

/** The one limit of a module that the command line knows; others stand in the module. */
function longerInModule(place: string, [only, ...more]: readonly Limit[]): Hint {
  if (only?.[0] !== ITERATIONS || more.length > 0) return raised(place, "limits");
  return [`aura resume ${place} --max-iterations ${only[1]}`, "go on, for as many again at most"];
}

function raised(place: string, what: string): Hint {
  return [`aura resume ${place}`, `go on, after a change of the ${what} in the module`];
}

/** Of each limit that was reached what lets the run go on: with less it would end again at once. */
function further({ reason, stop, iterationsCompleted, totals }: ClosingSummary): readonly Limit[] {
  const { iterations, hypotheses, patience, wallClockMs, tokens, costUsd } = stop;
  const reached = (limit: number | undefined, used: number): limit is number => limit !== undefined && used >= limit;
  const limits: Limit[] = [];
  if (reached(iterations, iterationsCompleted))
    limits.push([ITERATIONS, beyond(Math.max(1, iterations), iterationsCompleted)]);
  if (reached(hypotheses, totals.hypotheses))
    limits.push(["stop.hypotheses", beyond(Math.max(1, hypotheses), totals.hypotheses)]);
  if (patience !== undefined && reason === "patience") limits.push(["stop.patience", patience * 2]);
  if (reached(wallClockMs, totals.activeMs))
    limits.push(["stop.wall_clock", `${Math.ceil(beyond(wallClockMs, totals.activeMs) / 1000)}s`]);
  const usedTokens = totals.inputTokens + totals.outputTokens;
  if (reached(tokens, usedTokens)) limits.push(["stop.tokens", beyond(tokens, usedTokens)]);
  if (reached(costUsd, totals.costUsd)) limits.push(["stop.cost_usd", beyond(costUsd, totals.costUsd)]);
  return limits;
}

/** Twice the limit; where a lowered one was passed by more than that, twice what was used. */
function beyond(limit: number, used: number): number {
  return 2 * (limit * 2 > used ? limit : used);
}

/** As many lines as it has, such as those of a diff, within bounds, each safe for a terminal. */
export function messageLines(message = ""): readonly string[] {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  const shown = lines.slice(0, MAX_MESSAGE_LINES).map((line) => clip(terminalLine(line), SCREENFUL));
  return lines.length > MAX_MESSAGE_LINES ? [...shown, `… ${lines.length - MAX_MESSAGE_LINES} more lines`] : shown;
}

type Fact = readonly [name: string, words: string];

function facts({ best, metric, iterationsCompleted, totals, workspace, ...rest }: ClosingSummary): readonly Fact[] {
  const told: Fact[] = [];
  if (best) {
    const label = best.label === undefined ? "" : `  ${truncate(terminalLine(best.label), 60)}`;
    const format = scoreFormat([best.score, metric.baseline]);
    const baseline = metric.baseline === undefined ? "" : `  (baseline ${format(metric.baseline)})`;
    told.push(["best", `${terminalLine(metric.name)} ${format(best.score)}${baseline}  ${best.id}${label}`]);
    const parameters = parametersText(parametersOf(best.spec));
    if (parameters !== "") told.push(["", truncate(parameters, 200)]);
  } else {
    told.push(["best", "none: nothing was scored"]);
  }
  const { failed, reason } = rest;
  // Of a run that failed, the message says it.
  if (failed && statusOf(reason) !== "failed") {
    const why = clip(terminalLine(`${failed.hypothesisId}: ${failureLine(failed)}`), SCREENFUL);
    told.push(["failed", `the last was ${why}`]);
  }
  const spent = [
    counted(iterationsCompleted, "iteration"),
    counted(totals.hypotheses, "hypothesis", "hypotheses"),
    counted(totals.trials, "trial"),
  ];
  const tokens = totals.inputTokens + totals.outputTokens;
  if (tokens > 0) spent.push(`${formatCount(tokens)} tokens`);
  if (totals.costUsd > 0) spent.push(formatSpent(totals.costUsd, totals.unpriced));
  told.push(["spent", `${spent.join(", ")} in ${formatDuration(totals.activeMs)}`]);
  told.push(["results", terminalLine(workspace)]);
  return told;
}

/** Where the words of a fact begin, in columns. */
const FACTS_AT = 11;

function factLines(name: string, words: string, width: number): readonly string[] {
  const lines = displayWidth(words) <= width ? [words] : wrapText(words, Math.max(20, width), words.length);
  return lines.map((line, at) => `  ${toWidth(at === 0 ? name : "", FACTS_AT - 4)}  ${line}`);
}

type Hint = readonly [command: string, what: string];

/** What a command is for stands behind it, or where the line is too short for that above it. */
function commandLines(hints: readonly Hint[], width: number): readonly string[] {
  const around = "    # ".length;
  const room = ([, what]: Hint): number => width - around - what.length;
  const column = Math.max(
    0,
    ...hints.filter((hint) => hint[0].length <= room(hint)).map(([command]) => command.length),
  );
  return hints.flatMap((hint) => {
    const [command, what] = hint;
    if (command.length > room(hint)) return [`  # ${what}`, `  ${command}`];
    return [`  ${column <= room(hint) ? toWidth(command, column) : command}  # ${what}`];
  });
}

function commands(summary: ClosingSummary): readonly Hint[] {
  const { best, workspace } = summary;
  const place = shellPath(workspace);
  const all: Hint[] = [];
  if (best && summary.isChanged) {
    all.push([`aura inspect ${place} diff start best`, "what the best changes"]);
    all.push([`aura apply ${place}`, "write it to the project"]);
  } else if (best) all.push([`aura inspect ${place} best`, "the best configuration in full"]);
  if (summary.failed !== undefined)
    all.push([`aura inspect ${place} logs ${summary.failed.hypothesisId}`, "what the last failure printed"]);
  if (summary.totals.hypotheses === 0 && summary.totals.calls > 0)
    all.push([`aura inspect ${place} calls`, "what was asked; show ID has the answer in full"]);
  else if (summary.totals.hypotheses + summary.totals.trials > 0)
    all.push([`aura inspect ${place} hypotheses`, "everything that was tried"]);
  all.push(...waysOn(place, summary));
  return all;
}
