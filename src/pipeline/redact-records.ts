import type { AttemptResult } from "../kernel/context.ts";
import type { Finding, Proposal, RunnerReply } from "../kernel/ports.ts";
import type { Redactor } from "../kernel/redact.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Experiment } from "../model/experiment.ts";
import type { Edit } from "../model/hypothesis.ts";
import type { RefusedProposal } from "../model/iteration.ts";
import type { Failure, TrialOutcome } from "../model/trial.ts";

/*
 * Secret values out of everything that comes into a run, field by field: ids, states and codes are never touched, so
 * that no value of a variable can make a record one that cannot be read.
 */

export function redactReply(reply: RunnerReply, hide: Redactor): RunnerReply {
  const { content, structured, unusable } = reply;
  return {
    ...reply,
    content: hide.text(content),
    ...(structured === undefined ? {} : { structured: hide.json(structured) }),
    ...(unusable === undefined ? {} : { unusable: hide.text(unusable) }),
  };
}

export function redactProposal(proposal: Proposal, hide: Redactor): Proposal {
  const { label, spec, edits, rationale, metadata } = proposal;
  return {
    ...proposal,
    ...(label === undefined ? {} : { label: hide.text(label) }),
    spec: hide.object(spec),
    ...(edits === undefined ? {} : { edits: edits.map((edit) => redactEdit(edit, hide)) }),
    ...(rationale === undefined ? {} : { rationale: hide.text(rationale) }),
    ...(metadata === undefined ? {} : { metadata: hide.object(metadata) }),
  };
}

function redactEdit(edit: Edit, { text }: Redactor): Edit {
  if ("diff" in edit) return { diff: text(edit.diff) };
  const path = text(edit.path);
  if ("delete" in edit) return { path, delete: true };
  if ("content" in edit) return { path, content: text(edit.content) };
  return { path, search: text(edit.search), replace: text(edit.replace) };
}

export function redactRefused({ label, reason }: RefusedProposal, { text }: Redactor): RefusedProposal {
  return { label: text(label), reason: text(reason) };
}

export function redactFailure(failure: Failure, { text }: Redactor): Failure {
  const { message, logTail } = failure;
  return { ...failure, message: text(message), ...(logTail === undefined ? {} : { logTail: text(logTail) }) };
}

function redactOutcome(outcome: TrialOutcome, hide: Redactor): TrialOutcome {
  return outcome.status === "completed"
    ? { ...outcome, output: hide.json(outcome.output) }
    : { ...outcome, failure: redactFailure(outcome.failure, hide) };
}

export function redactAttempt<R extends AttemptResult>(result: R, hide: Redactor): R {
  if (hide.forms.length === 0) return result;
  const steps = result.steps.map((step) => ({ ...step, kind: hide.text(step.kind), data: hide.json(step.data) }));
  return { ...result, outcome: redactOutcome(result.outcome, hide), steps };
}

export function redactExperiment(experiment: Experiment, hide: Redactor): Experiment {
  const { trials, checks, summary, failure } = experiment;
  const redacted = (results: Experiment["trials"]): Experiment["trials"] =>
    results.map((trial) => ({ ...trial, outcome: redactOutcome(trial.outcome, hide) }));
  return {
    ...experiment,
    trials: redacted(trials),
    ...(checks === undefined ? {} : { checks: redacted(checks) }),
    summary: summary === null ? null : hide.object(summary),
    ...(failure === undefined ? {} : { failure: redactFailure(failure, hide) }),
  };
}

export function redactEvaluation(evaluation: Evaluation, hide: Redactor): Evaluation {
  return { ...evaluation, reason: hide.text(evaluation.reason), details: hide.object(evaluation.details) };
}

export function redactFinding(found: Finding, { text }: Redactor): Finding {
  const { finding, recommendation } = found;
  return {
    ...found,
    finding: text(finding),
    ...(recommendation === undefined ? {} : { recommendation: text(recommendation) }),
  };
}
