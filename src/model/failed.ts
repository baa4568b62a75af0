import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { lastLines } from "../text/printable.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Experiment } from "./experiment.ts";
import { type Failure, failureSchema } from "./trial.ts";

/** Lines of output that a message shows. */
const SHOWN_LINES = 10;

export const failedSchema = {
  description: "A hypothesis that failed, why, and as `logTail` the last lines of what it printed.",
  ...exactly(["exitCode", "signal", "logTail"], { hypothesisId: { type: "string" }, ...failureSchema.properties }),
} as const;
/** A hypothesis that got no score, and why. */
export type Failed = Infer<typeof failedSchema>;

/** Why a hypothesis has no score; of what it printed the last lines. */
export function failedOf({ failure }: Pick<Experiment, "failure">, evaluation: Evaluation): Failed {
  const { hypothesisId, reason } = evaluation;
  const { logTail: printed } = evaluation.details;
  const unscored = { code: "no-score", message: reason, ...(typeof printed === "string" ? { logTail: printed } : {}) };
  const { logTail, ...known }: Failure = failure ?? unscored;
  const lines = printedLines(logTail ?? "").slice(-SHOWN_LINES);
  return { hypothesisId, ...known, ...(lines.length > 0 ? { logTail: lines.join("\n") } : {}) };
}

/** The failure in several lines: which hypothesis, why, and what it printed last. */
export function failedText({ hypothesisId, message, logTail }: Failed): string {
  return [`${hypothesisId}: ${message}`, ...(logTail === undefined ? [] : [logTail])].join("\n");
}

/** How Node ends what it says of an error: with its own name below the stack. */
const NODE = /^Node\.js v\d/;
const FRAME = /^\s+at /;
const ERROR = /^(?:Uncaught )?[\w$.]*Error\b/;

/** What it printed, without a stack of Node's, which would leave no room for the error. */
function printedLines(logTail: string): readonly string[] {
  const lines = lastLines(logTail, logTail.length);
  return NODE.test(lines.at(-1) ?? "") ? lines.filter((line) => !FRAME.test(line)) : lines;
}

/** The last line that it printed, or Node's error. */
function lastSaid(logTail: string): string | undefined {
  const lines = printedLines(logTail);
  const last = lines.at(-1);
  return last !== undefined && NODE.test(last) ? (lines.findLast((line) => ERROR.test(line)) ?? last) : last;
}

/** The failure in one line; of a program that failed with the last line it printed, which most often says why. */
export function failureLine({ message, exitCode, signal, logTail = "" }: Failure): string {
  const last = exitCode === undefined && signal === undefined ? undefined : lastSaid(logTail);
  return last === undefined ? message : `${message}: ${last}`;
}

/** Trials that ran to their end, and no score was found in what they left: a message quotes of that, which is no cause. */
const WITHOUT_SCORE: readonly string[] = ["metric-missing", "no-summary", "no-score"];
const NUMBER = /[-+]?\d*\.?\d+(?:e[-+]?\d+)?/gi;
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/**
 * What two failures have in common that are alike: how they ended and the last line they printed, numbers ignored. Where
 * only a score was missing, what was printed does not count.
 */
export function failureKind({ code, exitCode, signal, message, logTail = "" }: Failure): string {
  const said = WITHOUT_SCORE.includes(code) ? message.replace(QUOTED, '""') : message;
  const last = code === "metric-missing" ? "" : (lastSaid(logTail) ?? "");
  const words = [said, last].map((line) => line.replace(NUMBER, "0"));
  return JSON.stringify([code, exitCode ?? null, signal ?? null, ...words]);
}
