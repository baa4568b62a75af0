import type { RunOrigin } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { MOST_FAILURES } from "../pipeline/stopping.ts";
import { counted } from "../text/numbers.ts";
import { terminalExact, terminalLine } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import type { LEFT_OUT } from "../workspace/states/index.ts";
import { START_SCORE } from "./first-prompt.ts";
import type { PlannedCommand, PlannedCopy, RunPlan } from "./plan.ts";

/** A plan for people, section by section, fit for a terminal; the prompt byte for byte. `hide` takes the secrets out of it. */
export function formatPlan(plan: RunPlan, hide: (text: string) => string): string {
  const { prompt } = plan;
  const text = hide(sections(plan)).split("\n").map(terminalLine).join("\n");
  if (prompt === null) return text;
  const title = `first prompt${prompt.includes(START_SCORE) ? `; for ${START_SCORE} it will have the score` : ""}`;
  return `${text}\n\n${title}\n${terminalExact(hide(prompt))
    .trimEnd()
    .replaceAll(/^(?=.)/gm, "  ")}`;
}

function sections(plan: RunPlan): string {
  const { settings } = plan;
  return [
    section(`plan of ${settings.name}`, [
      ...(settings.goal === "" ? [] : [["goal", settings.goal.trim().split("\n")[0] ?? ""] as const]),
      ["metric", metricText(settings)],
      ["project", settings.root],
      ["workspace", `${plan.workspace} (${plan.workspaceNote})`],
      ...(plan.from === undefined ? [] : [["from", fromText(plan.from)] as const]),
      ["size", sizeText(plan)],
      ["stops at", stopText(settings)],
      ["cost", costText(plan)],
    ]),
    section(
      "components",
      plan.components.map(({ path, type, summary }) => [`${path}: ${type}`, summary] as const),
    ),
    `commands${plan.sample === null ? "" : ` for ${JSON.stringify(plan.sample)}`}\n${plan.commands.map(commandText).join("\n") || "  none"}`,
    ...(plan.copy === null ? [] : [copyText(plan.copy)]),
  ].join("\n\n");
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join("\n");
}

function fromText({ workspace, state, hypotheses }: RunOrigin): string {
  return `${workspace}${state === undefined ? "" : `@${state.hypothesisId}`}, with ${hypotheses} hypotheses as prior knowledge`;
}

function metricText({ metric }: RunSettings): string {
  const { name, direction, baseline, target } = metric;
  const marks = [
    ...(baseline === undefined ? [] : [`baseline ${baseline}`]),
    ...(target === undefined ? [] : [`target ${target}`]),
  ];
  return [`${direction} ${name}`, ...marks].join(", ");
}

function sizeText({ settings, hypotheses, hypothesesPerIteration, trialsPerHypothesis, atOnce }: RunPlan): string {
  const total = hypotheses === null ? "no limit on hypotheses" : `at most ${hypotheses} hypotheses`;
  const checks = settings.checks.length;
  const each = [counted(trialsPerHypothesis - checks, "trial"), ...(checks === 0 ? [] : [counted(checks, "check")])];
  return `${total}, ${hypothesesPerIteration} an iteration, ${each.join(" and ")} each, ${atOnce} at a time`;
}

function stopText({ stop, start }: RunSettings): string {
  const { failures = MOST_FAILURES } = stop;
  const alike = stop.failures === undefined && start === "must_score" ? ", or the first 3 if they fail alike" : "";
  const limits = [
    ...(stop.iterations === undefined ? [] : [`${stop.iterations} iterations`]),
    ...(stop.hypotheses === undefined ? [] : [`${stop.hypotheses} hypotheses`]),
    ...(stop.patience === undefined ? [] : [`${stop.patience} iterations without a better score`]),
    ...(stop.wallClockMs === undefined ? [] : [`${stop.wallClockMs / 1000} s`]),
    ...(stop.tokens === undefined ? [] : [`${stop.tokens} tokens`]),
    ...(stop.costUsd === undefined ? [] : [`$${stop.costUsd}`]),
  ];
  return [...limits, `${failures} failed experiments in a row${alike}`].join(", ");
}

function costText({ cost }: RunPlan): string {
  if (cost.callsPerIteration === 0) return "no model is asked";
  const first = cost.promptTokens === null ? "" : `, the first prompt about ${cost.promptTokens} tokens`;
  const others = cost.callsPerIteration > 1 ? ", the others not counted" : "";
  const price =
    cost.firstCallUsd === null
      ? ", no price known"
      : `, the researcher's first call at most $${cost.firstCallUsd.toFixed(4)}${others}`;
  return `${counted(cost.callsPerIteration, "model call")} an iteration${first}${price}; prompts grow as the run goes on`;
}

const WHY: Readonly<Record<(typeof LEFT_OUT)[number], string>> = {
  untracked: "git does not track it",
  ignored: "git ignores it",
  "not-in-files": "not in `files`",
  "hidden-folder": "never copied",
  secrets: "may hold secrets",
  "leads-out": "a link out of the project",
  "dead-link": "a link to what is not in the copy",
};

function copyText({ files, bytes, holds, inputs, missing, leftOut }: PlannedCopy): string {
  const more = (count: number, shown: readonly unknown[]) =>
    count > shown.length ? [`  … and ${count - shown.length} more`] : [];
  return [
    `each trial's copy of the project: ${files} files, ${bytes} bytes`,
    ...holds.map((path) => `  ${path}`),
    ...more(files, holds),
    ...inputs.map((path) => `  ${path} (input, linked)`),
    ...(missing === 0 ? [] : [`not in it, of the project: ${missing}`]),
    ...leftOut.map(({ path, why }) => `  ${path} (${WHY[why]})`),
    ...more(missing, leftOut),
  ].join("\n");
}

function commandText({ path, template, argv, problem }: PlannedCommand): string {
  const written = typeof template === "string" ? template : template.join(" ");
  if (problem !== undefined) return `  ${path}: ${written}\n    ${problem}`;
  return `  ${path}: ${argv === null ? written : argv.map(shellWord).join(" ")}`;
}
