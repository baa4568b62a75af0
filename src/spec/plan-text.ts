import type { RunSettings } from "../model/settings.ts";
import { shellWord } from "../text/shell.ts";
import type { PlannedCommand, RunPlan } from "./plan.ts";

/** A plan for people, section by section. */
export function formatPlan(plan: RunPlan): string {
  const { settings, prompt } = plan;
  return [
    section(`plan of ${settings.name}`, [
      ...(settings.goal === "" ? [] : [["goal", settings.goal.trim().split("\n")[0] ?? ""] as const]),
      ["metric", metricText(settings)],
      ["project", settings.root],
      ["workspace", `${plan.workspace} (not made)`],
      ["size", sizeText(plan)],
      ["stops at", stopText(settings)],
      ["cost", costText(plan)],
    ]),
    section(
      "components",
      plan.components.map(({ path, type, summary }) => [`${path}: ${type}`, summary] as const),
    ),
    `commands${plan.sample === null ? "" : ` for ${JSON.stringify(plan.sample)}`}\n${plan.commands.map(commandText).join("\n") || "  none"}`,
    ...(prompt === null ? [] : [`first prompt\n${prompt.trimEnd().replaceAll(/^(?=.)/gm, "  ")}`]),
  ].join("\n\n");
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join("\n");
}

function metricText({ metric }: RunSettings): string {
  const { name, direction, baseline, target } = metric;
  const marks = [
    ...(baseline === undefined ? [] : [`baseline ${baseline}`]),
    ...(target === undefined ? [] : [`target ${target}`]),
  ];
  return [`${direction} ${name}`, ...marks].join(", ");
}

function sizeText({ hypotheses, hypothesesPerIteration, trialsPerHypothesis, settings }: RunPlan): string {
  const total = hypotheses === null ? "no limit on hypotheses" : `at most ${hypotheses} hypotheses`;
  return `${total}, ${hypothesesPerIteration} an iteration, ${trialsPerHypothesis} ${trialsPerHypothesis === 1 ? "process" : "processes"} each, ${settings.parallel} at a time`;
}

function stopText({ stop }: RunSettings): string {
  const limits = [
    ...(stop.iterations === undefined ? [] : [`${stop.iterations} iterations`]),
    ...(stop.hypotheses === undefined ? [] : [`${stop.hypotheses} hypotheses`]),
    ...(stop.patience === undefined ? [] : [`${stop.patience} iterations without a better score`]),
    ...(stop.wallClockMs === undefined ? [] : [`${stop.wallClockMs / 1000} s`]),
    ...(stop.tokens === undefined ? [] : [`${stop.tokens} tokens`]),
    ...(stop.costUsd === undefined ? [] : [`$${stop.costUsd}`]),
  ];
  return [...limits, `${stop.failures} failed experiments in a row`].join(", ");
}

function costText({ cost }: RunPlan): string {
  if (cost.callsPerIteration === 0) return "no model is asked";
  const first = cost.promptTokens === null ? "" : `, the first prompt about ${cost.promptTokens} tokens`;
  const price =
    cost.firstCallUsd === null ? ", no price known" : `, the first call at most $${cost.firstCallUsd.toFixed(4)}`;
  return `${cost.callsPerIteration} model calls an iteration${first}${price}; prompts grow as the run goes on`;
}

function commandText({ path, template, argv, problem }: PlannedCommand): string {
  const written = typeof template === "string" ? template : template.join(" ");
  if (problem !== undefined) return `  ${path}: ${written}\n    ${problem}`;
  return `  ${path}: ${argv === null ? written : argv.map(shellWord).join(" ")}`;
}
