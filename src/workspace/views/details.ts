import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import type { AuraEvent } from "../../kernel/events.ts";
import { type HypothesisId, hypothesisId, parseHypothesisId, parseTrialId, type TrialId } from "../../model/ids.ts";
import type { AttemptLogs, Details, Logs } from "../../model/views.ts";
import { nearest } from "../../text/nearest.ts";
import { terminalLine } from "../../text/printable.ts";
import { readJournal } from "../journal.ts";
import { CALL_ID, canonicalHypothesisId, canonicalTrialId, iterationOf, logFiles, trialDir } from "../layout.ts";
import { Records } from "../records.ts";
import { inspectBest, manifestOf, type Observer } from "./queries.ts";

type Reader = Pick<Observer, "files">;

/**
 * All there is about an iteration (`2`, `00002`), a hypothesis, a trial, an attempt at it, an insight, or a call;
 * numbers in any padding; `best` and `start` are hypotheses. Throws `WorkspaceError` ("usage") when the run has nothing of that name.
 */
export function inspectShow(root: string, name: string, { files }: Reader): Details {
  manifestOf(root, files);
  const records = new Records({ root, files });
  const named = name === "start" ? hypothesisId(0, 0) : name === "best" ? inspectBest(root, { files })?.id : name;
  const id = named ?? name;
  const found = iterationDetails(records, id) ?? trialDetails(records, id) ?? hypothesisDetails(records, id);
  const details = found ?? insightDetails(records, id) ?? callDetails(records, id);
  if (!details) throw unknownId(records, name);
  return details;
}

/** Where the logs of a hypothesis, a trial or an attempt are, and how they end; of an evaluator that failed its last lines. */
export function inspectLogs(root: string, id: string, { files }: Reader): Logs {
  const details = inspectShow(root, id, { files });
  if (details.kind !== "hypothesis" && details.kind !== "trial") {
    throw new WorkspaceError("usage", `"${id}" has no logs: name a hypothesis or a trial, like i00002-h003`);
  }
  const attempt = /\.a(\d+)$/.exec(id)?.[1];
  if (attempt !== undefined) return { logs: details.logs.filter((logs) => logs.attempt === Number(attempt)) };
  const printed = details.kind === "hypothesis" ? details.evaluation?.details.logTail : undefined;
  if (typeof printed !== "string") return { logs: details.logs };
  return { logs: details.logs, evaluator: printed.split("\n").map(terminalLine).join("\n") };
}

/** The events of the run so far, as they were logged. */
export function inspectEvents(root: string, { files }: Reader): readonly AuraEvent[] {
  manifestOf(root, files);
  return [...readJournal(root, files)];
}

function iterationDetails(records: Records, id: string): Details | null {
  if (!/^\d{1,9}$/.test(id) || !records.listIterations().includes(Number(id))) return null;
  const iteration = Number(id);
  return {
    kind: "iteration",
    iteration,
    record: records.readIteration(iteration),
    hypotheses: records.listHypotheses(iteration),
    insights: records.readInsights(iteration) ?? [],
    calls: records.listCalls(iteration),
  };
}

function trialDetails(records: Records, name: string): Details | null {
  const id = canonicalTrialId(name.replace(/\.a\d{1,9}$/, ""));
  const trial = id === null ? null : records.readTrialRecord(id);
  if (id === null || trial === null) return null;
  const folders = trial.attempts.map(({ attempt }) => trialDir(records.root, id, attempt));
  return { kind: "trial", id, trial, folders, logs: logsOfTrial(records, id) };
}

function hypothesisDetails(records: Records, name: string): Details | null {
  const id = canonicalHypothesisId(name);
  if (id === null) return null;
  const hypothesis = records.readHypothesis(id);
  const experiment = records.readExperiment(id);
  const evaluation = records.readEvaluation(id);
  if (!hypothesis && !experiment && !evaluation) return null;
  const trials = trialsOf(records, id);
  const logs = trials.flatMap((trial) => logsOfTrial(records, trial));
  return { kind: "hypothesis", id, hypothesis, trials, experiment, evaluation, logs };
}

function insightDetails(records: Records, name: string): Details | null {
  const numbers = numbersOfInsight(name);
  const insights = numbers === null ? null : records.readInsights(numbers.iteration);
  const insight = insights?.find(({ id }) => numbersOfInsight(id)?.place === numbers?.place);
  return insight === undefined ? null : { kind: "insight", id: insight.id, insight };
}

function numbersOfInsight(id: string): { readonly iteration: number; readonly place: number } | null {
  const match = /^i(\d{1,9})-n(\d{1,9})$/.exec(id);
  return match && { iteration: Number(match[1]), place: Number(match[2]) };
}

function callDetails(records: Records, id: string): Details | null {
  const iteration = /^i?(\d{1,9})-/.exec(id)?.[1];
  if (iteration === undefined || !CALL_ID.test(id)) return null;
  const call = records.readCall(Number(iteration), id);
  return call && { kind: "call", id, call };
}

function unknownId(records: Records, id: string): WorkspaceError {
  const iterations = records.listIterations();
  const iteration = parseHypothesisId(parseTrialId(id)?.hypothesisId ?? id)?.iteration ?? iterations.at(-1) ?? 0;
  const known = records.listHypotheses(iteration);
  const trials = records.listTrials(iteration);
  const near = nearest(id, [...known, ...trials]);
  const hint = near === null ? `iterations: ${rangeOf(iterations)}` : `did you mean ${near}?`;
  return new WorkspaceError("usage", `${records.root} has no "${id}"; ${hint}`);
}

function rangeOf(iterations: readonly number[]): string {
  const [first] = iterations;
  if (first === undefined) return "none yet";
  return iterations.length === 1 ? String(first) : `${first} to ${iterations.at(-1)}`;
}

const TAIL_BYTES = 4096;
/** Logs are kept shorter than this; what is larger is nothing AURA wrote. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** The logs of every attempt at a trial that its record knows. */
function logsOfTrial(records: Records, id: TrialId): readonly AttemptLogs[] {
  const attempts = records.readTrialRecord(id)?.attempts ?? [];
  return attempts.map(({ attempt }) => {
    const { stdout, stderr } = logFiles(records.root, id, attempt);
    return { trialId: id, attempt, stdout: logView(stdout, records.files), stderr: logView(stderr, records.files) };
  });
}

/** Ids of the trials and checks of a hypothesis, in order. */
function trialsOf(records: Records, id: HypothesisId): readonly TrialId[] {
  return records.listTrials(iterationOf(id)).filter((trial) => /^(.+)-[tc]\d+$/.exec(trial)?.[1] === id);
}

/** A trial can put a link where its log was; it is not followed. */
function logView(path: string, files: Files): AttemptLogs["stdout"] {
  const stat = files.stat(path);
  if (stat?.kind !== "file" || stat.nlink > 1) return null;
  const bytes = stat.size > MAX_LOG_BYTES ? null : files.readBytes(path);
  const end = bytes ? bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)) : new Uint8Array();
  const tail = new TextDecoder().decode(end).split("\n").map(terminalLine).join("\n");
  return { path, bytes: stat.size, tail };
}
