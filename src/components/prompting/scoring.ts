import type { StageContext } from "../../kernel/context.ts";
import type { JsonValue } from "../../model/json.ts";
import { commandText } from "../../model/settings.ts";
import { clip, clipLines, fence, listed, promptText } from "../../text/printable.ts";
import { printableList, printableRecord } from "./printable.ts";
import { metricVariable, minDeltaText, seconds } from "./run-variables.ts";

const MAX_COMMAND = 2000;
const MAX_PROMPT = 8000;
const MAX_LISTED = 30;

/** `scoring`: what runs for each hypothesis, what it may use, what gives the score, what is read-only and what is carried on. */
export function scoringVariable(ctx: StageContext): unknown {
  const { settings, scoring = {} } = ctx;
  const { command = "", prompt = "", trials = 1, cases, timeoutMs, limits = {}, scorer = "" } = scoring;
  const checks = (scoring.checks ?? settings.checks.map(({ command }) => commandText(command))).map(promptText);
  const longest = Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, settings.timeBudgetMs ?? Number.POSITIVE_INFINITY);
  const inputs = settings.inputs.map(({ path }) => path);
  const tracked = settings.artifacts;
  const fields = {
    command: promptText(command),
    prompt: promptText(prompt),
    checks: printableList(checks, checks.join("\n")),
    trials,
    cases: cases ?? "",
    timeout: Number.isFinite(longest) ? seconds(longest) : "",
    limits: Object.entries(limits)
      .map(([name, most]) => limitText(name, most))
      .join(", "),
    scorer: promptText(scorer),
    read_only: readOnlyText(tracked, inputs),
    capture: scoring.capture === true && tracked.length > 0 ? captureText(tracked) : "",
  };
  const { minDelta } = settings.metric;
  const isLeast = minDelta.value === 0 || (minDelta.kind === "relative" && minDelta.value < 1e-6);
  const often = trials > 1 ? `${trials} times ` : cases === undefined ? "" : "once ";
  const times = cases === undefined ? often : `${often}for each of ${cases} cases `;
  const lines = [
    `${String(metricVariable(settings.metric))}: ${settings.metric.direction === "maximize" ? "higher" : "lower"} is better.`,
    isLeast ? "" : `Only what is better than the best by more than ${minDeltaText(settings.metric)} takes its place.`,
    fields.scorer === "" ? "" : `What gives the score: ${fields.scorer}.`,
    checks.length === 0 ? "" : `These have to succeed first:\n${fence(clip(checks.join("\n"), MAX_COMMAND))}`,
    command === "" ? "" : `Each is run ${times}by\n${fence(clip(fields.command, MAX_COMMAND))}`,
    prompt === ""
      ? ""
      : `For each a model is asked ${times}with this prompt, a template:\n${fence(clipLines(fields.prompt, MAX_PROMPT))}`,
    fields.timeout === "" ? "" : `A trial may take ${fields.timeout} at most.`,
    fields.limits === "" ? "" : `It may use ${fields.limits}.`,
    fields.read_only,
    fields.capture,
  ];
  return printableRecord(fields, lines.filter((line) => line !== "").join("\n"));
}

/** Limits by name, in words. */
const LIMIT_WORDS: Readonly<Record<string, (most: number) => string>> = {
  memoryBytes: (most) => `${sizeText(most)} of memory`,
  pids: (most) => `${most} processes`,
  cpuSeconds: (most) => `${most} s of CPU time`,
  fileSizeBytes: (most) => `files of ${sizeText(most)}`,
  openFiles: (most) => `${most} open files`,
  outputBytes: (most) => `${sizeText(most)} of output`,
};

function limitText(name: string, most: JsonValue): string {
  const words = LIMIT_WORDS[name];
  return words && typeof most === "number" ? words(most) : `${name} ${String(most)}`;
}

/** In the largest unit in which it is whole. */
function sizeText(bytes: number): string {
  if (bytes % 2 ** 30 === 0) return `${bytes / 2 ** 30} GiB`;
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;
}

function readOnlyText(tracked: readonly string[], inputs: readonly string[]): string {
  const given = inputs.length === 0 ? "" : `, ${listed(inputs, MAX_LISTED)} among it`;
  if (tracked.length > 0)
    return `Only ${listed(tracked, MAX_LISTED)} can be changed; all else of the project is read-only${given}.`;
  return inputs.length === 0 ? "" : `Read-only: ${listed(inputs, MAX_LISTED)}.`;
}

function captureText(tracked: readonly string[]): string {
  return (
    `What a trial writes under ${listed(tracked, MAX_LISTED)} is kept, and carried on with its hypothesis when that is ` +
    "carried on: write the best solution found there, and let the next trial start from it."
  );
}
