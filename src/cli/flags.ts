import { type Command, InvalidArgumentError, Option } from "commander";
import { EXIT, type ExitCode, SpecError, unlessRefused } from "../kernel/errors.ts";
import { parseHypothesisId } from "../model/ids.ts";
import type { FinishReason } from "../model/run.ts";
import type { MetricSettings } from "../model/settings.ts";
import { parseDuration } from "../model/units.ts";
import { listed } from "../text/printable.ts";
import { shellPath } from "../text/shell.ts";

export type ReporterName = "tui" | "plain" | "silent";

/** The options of `run` and `resume`, as commander hands them over. */
export interface RunFlags {
  readonly workspace?: string;
  readonly new?: boolean;
  readonly orResume?: boolean;
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly set?: readonly string[];
  readonly maxIterations?: number;
  readonly parallel?: number;
  readonly seed?: number;
  readonly reporter?: ReporterName;
  readonly json?: boolean;
  readonly require?: string;
  readonly grace?: string;
  readonly retryFailed?: boolean | readonly string[];
  readonly explain?: boolean;
}

const ON = ["1", "true", "yes", "on"];
const OFF = ["0", "false", "no", "off"];

/** An option with its environment twin, which is as good as unset when it is empty or switches a switch off. */
export function twin(flags: string, description: string, variable: string): Option {
  const option = new Option(flags, description);
  const value = environment(variable);
  const isOff = value === "" || (!option.required && OFF.includes(value.toLowerCase()));
  if (!isOff) return option.env(variable);
  // The help names it all the same, in commander's own words.
  option.description = `${description} (env: ${variable})`;
  return option;
}

/** Refuses a command whose switches the environment sets with a word that is neither yes nor no. */
export function checkTwins(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    if (envVar === undefined || option.required || option.optional) continue;
    if (command.getOptionValueSource(option.attributeName()) !== "env" || isOn(environment(envVar))) continue;
    command.error(
      `error: ${envVar}: "${environment(envVar)}" is neither yes (${ON.join(", ")}) nor no (${OFF.join(", ")})`,
    );
  }
}

/** A variable of the environment, "" when it is not set. In a trial `AURA_*` speak of that trial, not of this command. */
export function environment(variable: string): string {
  return process.env.AURA_TRIAL === undefined ? (process.env[variable] ?? "") : "";
}

/** Whether the value of a variable switches a switch on. */
export function isOn(value: string): boolean {
  return ON.includes(value.toLowerCase());
}

/** `--set`, which may be repeated; its twin holds one on each line. */
export function setOption(): Option {
  const twins = environment("AURA_SET")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const option = new Option(
    "--set <path=value>",
    "change a value of the spec; may be repeated, in AURA_SET one on each line (env: AURA_SET)",
  );
  if (twins.length > 0) option.default(twins, "what AURA_SET says");
  return option.argParser((value: string, previous: readonly string[] | undefined) => [
    ...(previous === undefined || previous === twins ? [] : previous),
    value,
  ]);
}

/** `--retry-failed`, with or without ids; its twin holds a yes, or the ids. */
export function retryOption(): Option {
  const variable = "AURA_RETRY_FAILED";
  const option = twin("--retry-failed [ids...]", "run failed hypotheses again (all, or these)", variable);
  return option.argParser((value: string, previous: unknown) => {
    if (isOn(value)) return true;
    const ids = value.split(/[\s,]+/).filter((id) => id !== "");
    return Array.isArray(previous) ? [...previous, ...ids] : ids;
  });
}

/** A reader of whole numbers from `least` on. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least && /^\d+$/.test(text.trim())) return value;
    throw new InvalidArgumentError(`It has to be a whole number of at least ${least}.`);
  };
}

/** `--grace` in milliseconds, where it is given. Throws `SpecError` when it is no duration. */
export function graceOf(flags: RunFlags): number | undefined {
  if (flags.grace === undefined) return undefined;
  try {
    return parseDuration(flags.grace);
  } catch (thrown) {
    throw new SpecError(`--grace: ${thrown instanceof Error ? thrown.message : String(thrown)}`, [], { cause: thrown });
  }
}

/** What `--require` asks of the best score: a number to reach. */
export interface Requirement {
  readonly score: number;
  readonly words: string;
}

/** Throws `SpecError` for a `--require` that is none, whatever the spec says. */
export function assertRequirement(text: string | undefined): void {
  if (text === undefined || text === "baseline" || text === "target") return;
  if (text.trim() === "" || !Number.isFinite(Number(text))) {
    throw new SpecError(`--require takes a score, "baseline" or "target", not "${text}"`);
  }
}

/** Reads `--require SCORE|baseline|target`. Throws `SpecError` for anything else, or when the spec has no such value. */
export function requirement(
  text: string | undefined,
  metric: Pick<MetricSettings, "baseline" | "target">,
): Requirement | null {
  assertRequirement(text);
  if (text === undefined) return null;
  const named = text === "baseline" ? metric.baseline : text === "target" ? metric.target : Number(text);
  if (named === undefined) throw new SpecError(`--require ${text}: the run's metric has no ${text}`);
  return { score: named, words: text === String(named) ? text : `${text} ${named}` };
}

/**
 * Exit code when a requirement is not met by the best score of a run that ended for this reason; `null` when it is. The
 * baseline has to be beaten, a score or target reached: a run that ended with the target has reached it, also where
 * `min_delta` keeps the best below.
 */
export function unmet(
  required: Requirement | null,
  { best, reason }: { readonly best: { readonly score: number } | null; readonly reason: FinishReason },
  metric: Pick<MetricSettings, "direction">,
): ExitCode | null {
  if (!required || (reason === "target" && required.words.startsWith("target"))) return null;
  if (best === null) return EXIT.requirementNotMet;
  const gain = metric.direction === "maximize" ? best.score - required.score : required.score - best.score;
  const met = required.words.startsWith("baseline") ? gain > 0 : gain >= 0;
  return met ? null : EXIT.requirementNotMet;
}

type RetryFailed = boolean | readonly string[];

/**
 * Tells the workspace from the ids of `aura resume --retry-failed [ID…] <workspace>`, which the option, taking as many
 * words as it can get, has taken with it: it is the last word when no other was given and that word is no id.
 */
export function retryPlaces(
  workspace: string | undefined,
  retryFailed: RetryFailed | undefined,
): { readonly workspace: string | undefined; readonly retryFailed: RetryFailed | undefined } {
  if (workspace !== undefined || typeof retryFailed !== "object") return { workspace, retryFailed };
  const last = retryFailed.at(-1);
  if (last === undefined || parseHypothesisId(last) !== null) return { workspace, retryFailed };
  const ids = retryFailed.slice(0, -1);
  return { workspace: last, retryFailed: ids.length === 0 ? true : ids };
}

/** The workspaces under the current folder, in words, for whoever has named none; "" where there are none to see. */
export async function workspacesHere(): Promise<string> {
  const { workspacesIn } = await import("../workspace/locate.ts");
  const { systemFiles } = await import("../platform/files/local.ts");
  const look = () => ["runs", "."].flatMap((folder) => workspacesIn(folder, systemFiles()));
  const found = unlessRefused(look) ?? [];
  return found.length === 0 ? "" : `workspaces here: ${listed(found.map(shellPath), MOST_NAMED)}`;
}

const MOST_NAMED = 12;
