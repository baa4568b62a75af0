import type { Files } from "../../kernel/effects.ts";
import { WorkspaceError } from "../../kernel/errors.ts";
import type { AuraEvent } from "../../kernel/events.ts";
import { type HypothesisId, hypothesisId, parseHypothesisId, parseTrialId, type TrialId } from "../../model/ids.ts";
import type { AttemptLogs, Details, Logs } from "../../model/views.ts";
import { nearest } from "../../text/nearest.ts";
import { terminalLine } from "../../text/printable.ts";
import { readJournal } from "../journal.ts";
import { CALL_ID, canonicalHypothesisId, canonicalTrialId, iterationOf, logFiles, trialDir } from "../layout.ts";
import { listIterations, listRecords } from "../listing.ts";
import * as records from "../records.ts";
import { readTrial, type Source } from "../records.ts";
import { inspectBest, manifestOf, type Observer } from "./queries.ts";

type Reader = Pick<Observer, "files">;

/**
 * All there is about an iteration (`2`, `00002`), a hypothesis, a trial, an attempt at it, an insight, or a call;
 * numbers in any padding; `best` and `start` are hypotheses. Throws `WorkspaceError` ("usage") when the run has nothing of that name.
 */
export function inspectShow(root: string, name: string, { files }: Reader): Details {
  manifestOf(root, files);
  const source: records.Source = { root, files };
  const named = name === "start" ? hypothesisId(0, 0) : name === "best" ? inspectBest(root, { files })?.id : name;
  const id = named ?? name;
  const found = iterationDetails(source, id) ?? trialDetails(source, id) ?? hypothesisDetails(source, id);
  const details = found ?? insightDetails(source, id) ?? callDetails(source, id);
  if (!details) throw unknownId(source, name);
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

function iterationDetails(source: records.Source, id: string): Details | null {
  const { root, files } = source;
  if (!/^\d{1,9}$/.test(id) || !listIterations(root, files).includes(Number(id))) return null;
  const iteration = Number(id);
  return {
    kind: "iteration",
    iteration,
    record: records.readIteration(source, iteration),
    hypotheses: listRecords(root, files, iteration, "hypotheses"),
    insights: records.readInsights(source, iteration) ?? [],
    calls: listRecords(root, files, iteration, "calls"),
  };
}

function trialDetails(source: records.Source, name: string): Details | null {
  const id = canonicalTrialId(name.replace(/\.a\d{1,9}$/, ""));
  const trial = id === null ? null : records.readTrial(source, id);
  if (id === null || trial === null) return null;
  const folders = trial.attempts.map(({ attempt }) => trialDir(source.root, id, attempt));
  return { kind: "trial", id, trial, folders, logs: logsOfTrial(source, id) };
}

function hypothesisDetails(source: records.Source, name: string): Details | null {
  const id = canonicalHypothesisId(name);
  if (id === null) return null;
  const hypothesis = records.readHypothesis(source, id);
  const experiment = records.readExperiment(source, id);
  const evaluation = records.readEvaluation(source, id);
  if (!hypothesis && !experiment && !evaluation) return null;
  const trials = trialsOf(source, id);
  const logs = trials.flatMap((trial) => logsOfTrial(source, trial));
  return { kind: "hypothesis", id, hypothesis, trials, experiment, evaluation, logs };
}

function insightDetails(source: records.Source, name: string): Details | null {
  const numbers = numbersOfInsight(name);
  const insights = numbers === null ? null : records.readInsights(source, numbers.iteration);
  const insight = insights?.find(({ id }) => numbersOfInsight(id)?.place === numbers?.place);
  return insight === undefined ? null : { kind: "insight", id: insight.id, insight };
}

function numbersOfInsight(id: string): { readonly iteration: number; readonly place: number } | null {
  const match = /^i(\d{1,9})-n(\d{1,9})$/.exec(id);
  return match && { iteration: Number(match[1]), place: Number(match[2]) };
}

function callDetails(source: records.Source, id: string): Details | null {
  const iteration = /^i?(\d{1,9})-/.exec(id)?.[1];
  if (iteration === undefined || !CALL_ID.test(id)) return null;
  const call = records.readCall(source, Number(iteration), id);
  return call && { kind: "call", id, call };
}

function unknownId(source: records.Source, id: string): WorkspaceError {
  const iterations = listIterations(source.root, source.files);
  const iteration = parseHypothesisId(parseTrialId(id)?.hypothesisId ?? id)?.iteration ?? iterations.at(-1) ?? 0;
  const known = listRecords(source.root, source.files, iteration, "hypotheses");
  const trials = listRecords(source.root, source.files, iteration, "trials");
  const near = nearest(id, [...known, ...trials]);
  const hint = near === null ? `iterations: ${rangeOf(iterations)}` : `did you mean ${near}?`;
  return new WorkspaceError("usage", `${source.root} has no "${id}"; ${hint}`);
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
function logsOfTrial(source: Source, id: TrialId): readonly AttemptLogs[] {
  const attempts = readTrial(source, id)?.attempts ?? [];
  return attempts.map(({ attempt }) => {
    const { stdout, stderr } = logFiles(source.root, id, attempt);
    return { trialId: id, attempt, stdout: logView(stdout, source.files), stderr: logView(stderr, source.files) };
  });
}

/** Ids of the trials and checks of a hypothesis, in order. */
function trialsOf({ root, files }: Source, id: HypothesisId): readonly TrialId[] {
  return listRecords(root, files, iterationOf(id), "trials").filter(
    (trial) => /^(.+)-[tc]\d+$/.exec(trial)?.[1] === id,
  );
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
