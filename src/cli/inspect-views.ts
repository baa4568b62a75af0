import { failedOf } from "../model/failed.ts";
import type { JsonValue } from "../model/json.ts";
import type { AttemptLogs, Details, HypothesisRow, Logs } from "../model/views.ts";
import { systemClock } from "../platform/clock.ts";
import {
  bestText,
  callsText,
  hypothesesText,
  insightsText,
  outline,
  refusedText,
  showText,
  summaryText,
} from "../reporters/inspect-text.ts";
import { createPlainReporter } from "../reporters/plain.ts";
import { terminalLine } from "../text/printable.ts";
import { readJournal } from "../workspace/journal.ts";
import { inspectEvents, inspectLogs, inspectShow } from "../workspace/views/details.ts";
import {
  type Chosen,
  inspectCalls,
  inspectHypotheses,
  inspectInsights,
  inspectRefused,
  inspectSummary,
  type Observer,
} from "../workspace/views/queries.ts";

/** A view of a run as text for people, at most `width` columns wide where it is a table. */
export function textOf(
  view: string,
  root: string,
  observer: Observer,
  id: string,
  width: number | undefined,
  chosen: Chosen = {},
): string {
  switch (view) {
    case "summary":
      return summaryText(inspectSummary(root, observer), width);
    case "hypotheses": {
      const rows = inspectHypotheses(root, observer, chosen);
      const table = hypothesesText(rows, inspectSummary(root, observer), width);
      if (chosen.top !== undefined) return table;
      return `${table}${refusedText(inspectRefused(root, observer), width)}${lastFailureText(rows, root, observer)}`;
    }
    case "best":
      return bestText(inspectSummary(root, observer));
    case "insights":
      return insightsText(inspectInsights(root, observer), width);
    case "calls":
      return callsText(inspectCalls(root, observer), width);
    case "logs":
      return logsText(inspectLogs(root, id, observer));
    case "events":
      return eventsText(root, observer);
    default:
      return detailsText(inspectShow(root, id, observer), width);
  }
}

/** The end of what the hypothesis that failed last printed; empty when there is nothing of the kind. */
function lastFailureText(rows: readonly HypothesisRow[], root: string, observer: Observer): string {
  const last = rows.findLast(({ status }) => status === "failed");
  const details = last && inspectShow(root, last.id, observer);
  if (details?.kind !== "hypothesis" || !details.experiment || !details.evaluation) return "";
  const { logTail } = failedOf(details.experiment, details.evaluation);
  if (logTail === undefined) return "";
  return `\nlast lines of ${details.id}, which failed\n${logTail.replace(/^/gm, "  ")}\n`;
}

/** The events as `--follow` and the plain reporter write them. */
function eventsText(root: string, observer: Observer): string {
  inspectEvents(root, observer);
  const lines: string[] = [];
  const plain = createPlainReporter({ write: (line) => void lines.push(line), clock: systemClock() });
  for (const event of readJournal(root, observer.files)) plain.sink(event);
  plain.stop();
  return lines.length === 0 ? "no events were logged\n" : `${lines.join("\n")}\n`;
}

function detailsText(details: Details, width: number | undefined): string {
  if (details.kind === "hypothesis" && details.hypothesis) {
    const { hypothesis, experiment, evaluation, logs } = details;
    return `${showText({ hypothesis, experiment, evaluation }, width)}${places(logs)}`;
  }
  const { kind, ...rest } = details;
  const plain: JsonValue = JSON.parse(JSON.stringify(rest));
  return `${[kind, ...outline(plain, "  ")].join("\n")}\n`;
}

function places(logs: readonly AttemptLogs[]): string {
  const paths = logs.flatMap(({ stdout, stderr }) => [stdout?.path, stderr?.path]).filter((path) => path !== undefined);
  return paths.length === 0 ? "" : `\nlogs\n${paths.map((path) => `  ${terminalLine(path)}`).join("\n")}\n`;
}

function logsText({ logs, evaluator }: Logs): string {
  const blocks = logs.flatMap(({ stdout, stderr }) =>
    [stdout, stderr].flatMap((log) =>
      log
        ? [
            `==> ${terminalLine(log.path)} (${log.bytes} bytes) <==\n${log.tail.split("\n").map(terminalLine).join("\n")}`,
          ]
        : [],
    ),
  );
  if (evaluator !== undefined) blocks.push(`==> the end of what the evaluator printed <==\n${evaluator}`);
  return blocks.length === 0 ? "no output was logged\n" : `${blocks.join("\n\n")}\n`;
}
