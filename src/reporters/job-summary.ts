import type { HypothesisRow, SummaryView } from "../model/views.ts";
import { parametersOf, parametersText, scoreFormat } from "../text/numbers.ts";
import { clip, terminalLine } from "../text/printable.ts";
import { bestHead, nameOf, summaryFacts } from "./inspect-text.ts";

/**
 * What the page of a CI job tells of a run: how it ended, where it stands, and hypotheses of it. It is HTML in Markdown:
 * what models and trials wrote stands in `<code>`, where it is neither markup nor a mention.
 */
export function jobSummary(headline: string, summary: SummaryView, rows: readonly HypothesisRow[]): string {
  const { best, metric } = summary;
  const facts = [
    ...(best ? [["best", bestHead(summary, best)] as const] : []),
    ...(best ? [["parameters", parametersText(parametersOf(best.spec))] as const] : []),
    ...summaryFacts(summary),
  ];
  const format = scoreFormat(rows.map(({ score }) => score));
  const cells = rows.map(({ id, label, score, status, spec, reason }) => [
    `${code(id)} ${code(label ?? "")}`.trim(),
    score === null ? `${status} ${code(reason ?? "")}` : format(score),
    code(parametersText(parametersOf(spec))),
  ]);
  return [
    `<h3>${code(headline)}</h3>\n`,
    table(facts.map(([name, value]) => [name, code(value)])),
    ...(rows.length === 0 ? [] : [table([["hypothesis", code(nameOf(metric)), "parameters"], ...cells])]),
    "",
  ].join("\n");
}

/** The same of a command that ended before there was anything of a run to tell. */
export function refusalSummary(exitCode: number, messages: readonly string[]): string {
  const lines = messages.flatMap((message) => message.split("\n")).map((line) => [code(line)]);
  return `<h3>aura ended with ${exitCode}</h3>\n\n${table(lines)}\n`;
}

/** A block without empty lines, which would end it. */
function table(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table>\n${lines.join("\n")}\n</table>\n`;
}

function code(text: string): string {
  const line = clip(terminalLine(text), 200).trim();
  if (line === "") return "";
  return `<code>${line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}</code>`;
}
