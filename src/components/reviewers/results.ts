import type { StageContext, StageResults } from "../../kernel/context.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { clip, clipLines, fence, promptLine } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "../prompting/budgets.ts";
import { logEnd } from "../prompting/failures.ts";
import { fencedText, printableJson, printableList, printableRecord } from "../prompting/printable.ts";

const MAX_LINE = 1000;
const MAX_DIFF = 6000;
const MAX_REFUSED = 20;

/**
 * `results`: what came of each hypothesis of this iteration, with the end of stderr where it failed, and what it changed in
 * the state of its parent.
 */
export function resultsVariable(batch: readonly StageResults[], ctx: StageContext): unknown {
  let room = TOKEN_BUDGETS.results * CHARACTERS_PER_TOKEN;
  const shown = batch.map((result, place) => {
    const share = room / (batch.length - place);
    const short = Math.floor(Math.min(MAX_LINE, share / 6));
    const fields = shownFields(result, short, share - 4 * short, ctx);
    const text = resultText(fields, metricsText(result, short), short);
    room = Math.max(0, room - text.length);
    return printableRecord(fields, text);
  });
  return printableList(shown, shown.length === 0 ? "None." : fence(shown.map(String).join("\n\n")));
}

/** `refused`: proposals of this iteration that became no hypothesis, with the edit that could not be made. */
export function refusedVariable({ refused = [] }: StageContext): unknown {
  const shown = refused.slice(0, MAX_REFUSED).map(({ label, reason, edit = "" }) => {
    const fields = { label: promptLine(label, 120), reason: promptLine(reason, MAX_LINE) };
    const tail = edit === "" ? "" : `\n  its edit: ${promptLine(edit, MAX_LINE)}`;
    return printableRecord({ ...fields, edit: fencedText(edit) }, `"${fields.label}": ${fields.reason}${tail}`);
  });
  const more = refused.length > shown.length ? [`(${refused.length - shown.length} more)`] : [];
  return printableList(shown, fence([...shown.map(String), ...more].join("\n")));
}

/** `short`: characters of a line; `room`: of what is long, the most telling first: feedback, log, diff. */
function shownFields(result: StageResults, short: number, room: number, ctx: StageContext) {
  const { hypothesis, experiment, evaluation } = result;
  const feedback = evaluation.feedback ?? "";
  const failed = experiment.trials.find(({ outcome }) => outcome.status !== "completed")?.outcome;
  const failure = experiment.failure ?? (failed && failed.status !== "completed" ? failed.failure : undefined);
  const log = logEnd(failure, evaluation.reason);
  let left = room;
  const taken = (text: string, most: number): string => {
    const part = clipLines(text, Math.max(0, Math.min(most, left)));
    left -= part.length;
    return left < 0 ? "" : part;
  };
  return {
    id: hypothesis.id,
    label: promptLine(hypothesis.label ?? "", 120),
    parent: hypothesis.base?.hypothesisId ?? "",
    spec: printableJson(hypothesis.spec),
    rationale: promptLine(hypothesis.rationale ?? "", short),
    score: evaluation.score,
    passed: evaluation.passed,
    reason: promptLine(evaluation.reason, short),
    summary: printableJson(experiment.summary ?? {}),
    feedback: fencedText(taken(feedback, feedback.length)),
    log: fencedText(taken(log, log.length)),
    diff: fencedText(taken(diffOf(result, ctx), MAX_DIFF), "diff"),
  };
}

/** What was measured; its feedback is told apart. */
function metricsText({ experiment }: StageResults, short: number): string {
  const { feedback: _, ...metrics } = experiment.summary ?? {};
  return Object.keys(metrics).length === 0 ? "" : `  metrics: ${clip(JSON.stringify(metrics), short)}`;
}

function resultText(result: ReturnType<typeof shownFields>, metrics: string, short: number): string {
  const label = result.label === "" ? "" : ` ${JSON.stringify(result.label)}`;
  const score = result.score === null ? "no score" : `score ${result.score}${result.passed ? ", passed" : ""}`;
  const titled = (title: string, text: unknown): string => (text === "" ? "" : `  ${title}:\n${String(text)}`);
  const lines = [
    `${result.id}${label}: ${score}${result.reason === "" ? "" : ` (${result.reason})`}`,
    String(result.spec) === "{}" ? "" : `  spec: ${clip(String(result.spec), short)}`,
    metrics,
    result.rationale === "" ? "" : `  why: ${result.rationale}`,
    titled("feedback", result.feedback),
    titled("what it printed last", result.log),
    titled(`what it changed in ${result.parent}`, result.diff),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function diffOf({ hypothesis: { base }, experiment: { state } }: StageResults, { artifacts }: StageContext): string {
  return !artifacts || !base || state === undefined ? "" : artifacts.diff(base.snapshot, state);
}
