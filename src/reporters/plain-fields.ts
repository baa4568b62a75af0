import type { AuraEvent } from "../kernel/events.ts";
import type { Usage } from "../model/call.ts";
import { failureLine } from "../model/failed.ts";
import type { RunTotals } from "../model/run.ts";
import type { Failure } from "../model/trial.ts";
import { clip, lastLines, SCREENFUL, terminalLine } from "../text/printable.ts";

export type Level = "info" | "warn" | "error";
/** What can follow `key=`; `undefined` leaves the key out. */
type FieldValue = string | number | boolean | null | undefined;
export type Fields = Readonly<Record<string, FieldValue>>;

const MAX_VALUE = 200;
/** What says why something failed, and is shown whole. */
const WHOLE: ReadonlySet<string> = new Set(["message", "reason"]);
/** Lines of output that a line shows. */
const OUTPUT_LINES = 10;
const BARE = /^[^\s"'=\\]+$/;

/** `2026-01-31T12:00:00Z info experiment.finished id=i00001-h002 score=0.83`: one line, safe for any terminal. */
export function plainLine(at: string, level: Level, name: string, fields: Fields): string {
  const parts = [at.replace(/\.\d+Z$/, "Z"), level, name];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${key}=${fieldText(value, WHOLE.has(key))}`);
  }
  return parts.join(" ");
}

function fieldText(value: string | number | boolean | null, isWhole: boolean): string {
  if (typeof value !== "string") return String(value);
  const lines = value.split("\n");
  const text = clip(lines.map(terminalLine).join(" | "), isWhole || lines.length > 1 ? SCREENFUL : MAX_VALUE);
  return BARE.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** What a plain line says about an event; `null` for events that have no line. */
export function plainFields(
  event: AuraEvent,
  extra: Fields = {},
): { readonly level: Level; readonly fields: Fields } | null {
  switch (event.type) {
    case "run.started": {
      const { run } = event;
      return info({
        name: run.name,
        workspace: run.workspace,
        run: run.runId,
        resumed: run.resumed,
        from: run.from?.workspace,
        start: run.from?.state?.hypothesisId,
        prior: run.from?.hypotheses,
        seed: run.seed,
        metric: run.metric.name,
        direction: run.metric.direction,
        baseline: run.metric.baseline,
        target: run.metric.target,
        parallel: run.parallel,
        iterations: run.stop.iterations,
        best: run.best?.score,
      });
    }
    case "run.finished":
      return {
        level: finishLevel(event.exitCode),
        fields: {
          reason: event.reason,
          exit: event.exitCode,
          best: event.best?.score ?? null,
          id: event.best?.id,
          iterations: event.iterationsCompleted,
          ...totalsFields(event.totals),
          message: event.message,
        },
      };
    case "settings.changed":
      return info({
        from: `the proposals of iteration ${event.from}`,
        fields: event.fields.map(({ path }) => path).join(", "),
      });
    case "request.heard":
      return info({ kind: event.kind, text: event.text });
    case "preparation.started":
      return info({ what: event.what });
    case "preparation.finished":
      return info({ what: event.what, seconds: event.durationMs / 1000 });
    case "warning":
      return warn({ code: event.code, id: event.hypothesisId, message: event.message });
    case "iteration.started":
      return info({ iteration: event.iteration, base: event.base?.hypothesisId });
    case "stage.started":
      return info({ stage: event.stage, iteration: event.iteration });
    case "hypothesis.proposed": {
      const { id, label, spec } = event.hypothesis;
      return info({ id, label, spec: JSON.stringify(spec) });
    }
    case "proposal.refused":
      return warn({ iteration: event.iteration, label: event.refused.label, reason: event.refused.reason });
    case "experiment.finished": {
      const { hypothesisId: id, status, failure } = event.experiment;
      const message = failure && failureLine(failure);
      const fields = { id, ...extra, status, ...failureFields(failure), message };
      return { level: status === "failed" ? "warn" : "info", fields };
    }
    case "evaluation.scored": {
      const { hypothesisId: id, score, passed, reason } = event.evaluation;
      return info({ id, score, passed, best: event.best?.score ?? null, reason });
    }
    case "best.improved":
      return info({ id: event.best.id, score: event.best.score, previous: event.previous?.score ?? null });
    case "insight.recorded": {
      const { id, finding, recommendation } = event.insight;
      return info({ id, finding, recommendation });
    }
    case "iteration.finished":
      return {
        level: event.failure ? "warn" : "info",
        fields: {
          iteration: event.iteration,
          hypotheses: event.hypotheses,
          failed: event.failed,
          improved: event.improved,
          best: event.best?.score ?? null,
          ...failureFields(event.failure),
        },
      };
    case "snapshot.taken":
      return info({ id: event.hypothesisId, snapshot: event.snapshot });
    case "trial.started":
      return info({ id: event.trialId, attempt: event.attempt, slot: event.slot });
    case "trial.output":
      return null;
    case "trial.finished": {
      const { outcome } = event;
      const completed = outcome.status === "completed";
      return {
        level: completed ? "info" : "warn",
        fields: {
          id: event.trialId,
          attempt: event.attempt,
          status: outcome.status,
          seconds: seconds(event.durationMs),
          ...(completed ? {} : failureFields(outcome.failure)),
          ...(completed ? {} : outputFields(outcome.failure)),
          ...(event.retrying ? { retrying: true } : {}),
        },
      };
    }
    case "call.started":
      return info({ id: event.callId, role: event.role, because: event.because });
    case "call.finished":
      return info({
        id: event.callId,
        role: event.role,
        seconds: seconds(event.durationMs),
        ...spent(event.usage),
        ...(event.reused ? { reused: true } : {}),
      });
    case "call.failed":
      return warn({
        id: event.callId,
        role: event.role,
        ...failureFields(event.failure),
        ...spent(event.usage),
        retrying: event.retrying,
      });
  }
}

function info(fields: Fields): { level: Level; fields: Fields } {
  return { level: "info", fields };
}

function warn(fields: Fields): { level: Level; fields: Fields } {
  return { level: "warn", fields };
}

/** 75 and 128 + signal leave a run that can go on, as does an unmet `--require`; other codes but 0 are errors. */
function finishLevel(exitCode: number): Level {
  if (exitCode === 0) return "info";
  return exitCode === 75 || exitCode >= 100 ? "warn" : "error";
}

function failureFields(failure: Failure | undefined): Fields {
  return failure ? { code: failure.code, exit: failure.exitCode, message: failure.message } : {};
}

/** The last lines of what it printed, behind the message that says how it ended. */
function outputFields({ logTail = "" }: Failure): Fields {
  let lines = lastLines(logTail, OUTPUT_LINES);
  while (lines.length > 1 && lines.join(" | ").length > SCREENFUL) lines = lines.slice(1);
  return lines.length === 0 ? {} : { output: lines.join("\n") };
}

function spent(usage: Usage | undefined): Fields {
  if (!usage) return {};
  return {
    tokens: usage.inputTokens + usage.outputTokens,
    cost_usd: usage.costUsd === undefined ? undefined : dollars(usage.costUsd),
  };
}

/** Without what adding up in binary leaves at the end: 3.8, not 3.800000000000001. */
function dollars(usd: number): number {
  return Number(usd.toPrecision(10));
}

function totalsFields(totals: RunTotals): Fields {
  return {
    hypotheses: totals.hypotheses,
    trials: totals.trials,
    calls: totals.calls,
    tokens: totals.inputTokens + totals.outputTokens,
    cost_usd: totals.unpriced > 0 && totals.costUsd === 0 ? undefined : dollars(totals.costUsd),
    unpriced: totals.unpriced || undefined,
    seconds: seconds(totals.activeMs),
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
