import type { ReactElement } from "react";
import type { Role } from "../../model/call.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { formatDuration, parametersOf, parametersText } from "../../text/numbers.ts";
import { terminalLine } from "../../text/printable.ts";
import type { Line } from "../line.ts";
import { spread } from "../line.ts";
import type { DashboardState, PendingCall, RunningTrial } from "../state.ts";
import { type PanelContext, spinner } from "./header.tsx";
import { Panel } from "./panel.tsx";

const ASKING: Readonly<Record<Role, string>> = {
  researcher: "asking the model for hypotheses",
  experimenter: "asking the model to experiment",
  evaluator: "asking the model for a verdict",
  reviewer: "asking the model what was learned",
};

/** Trials and model calls under way, each with how long it runs and the last it said. */
export function Running({
  state,
  width,
  color,
  now,
  height,
}: PanelContext & { readonly height: number }): ReactElement {
  const slots = state.run?.parallel ?? 1;
  const about = state.finished ? "" : `${state.running.length} of ${slots}`;
  const lines = runningLines(state, width - 4, height - 2, now);
  return <Panel title="running" about={about} lines={lines} width={width} height={height} color={color} />;
}

/** What runs, in at most `height` lines: two a trial while all fit, else one, then a count of the rest. */
export function runningLines(state: DashboardState, width: number, height: number, now: number): readonly Line[] {
  const { running, calls } = state;
  if (running.length + calls.length === 0) return [[["dim", idleWords(state)]]];
  const asked = calls.map((call) => callLine(call, width, now));
  const two = calls.length + running.length * 2 <= height;
  const trials = running.flatMap((trial) => (two ? twoLines(trial, width, now) : [oneLine(trial, width, now)]));
  const all = [...asked, ...trials];
  if (all.length <= height) return all;
  const shown = height - 1;
  return [...all.slice(0, shown), [["dim", restWords(calls.length, running.length, shown)]]];
}

/** What is left out when the first `shown` of calls and then trials are not. */
function restWords(calls: number, trials: number, shown: number): string {
  const rest = [
    counted(Math.max(0, calls - shown), "call", "calls"),
    counted(Math.min(trials, calls + trials - shown), "trial", "trials"),
  ].filter((words) => words !== "");
  return shown > 0 ? `and ${rest.join(" and ")} more` : `${rest.join(" and ")} under way`;
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? "" : `${count} ${count === 1 ? one : many}`;
}

/** What a trial's last line says: the numbers of a JSON line such as a step's metrics, or the line itself. */
export function outputText(line: string): string {
  const trimmed = line.trim();
  const value = trimmed.startsWith("{") ? parseJson(trimmed) : null;
  if (isJsonObject(value)) return parametersText(parametersOf(value));
  return terminalLine(trimmed);
}

function callLine({ role, startedAt }: PendingCall, width: number, now: number): Line {
  return spread(
    [
      ["accent", `${spinner(now)} `],
      ["plain", ASKING[role]],
    ],
    [["dim", ` ${elapsed(startedAt, now)}`]],
    width,
  );
}

function twoLines(trial: RunningTrial, width: number, now: number): readonly Line[] {
  const said = trial.lastLine === null ? "" : outputText(trial.lastLine);
  return [spread(trialName(trial, now), [["dim", ` ${elapsed(trial.startedAt, now)}`]], width), [["dim", `  ${said}`]]];
}

function oneLine(trial: RunningTrial, width: number, now: number): Line {
  const said = trial.lastLine === null ? "" : `  ${outputText(trial.lastLine)}`;
  return spread([...trialName(trial, now), ["dim", said]], [["dim", ` ${elapsed(trial.startedAt, now)}`]], width);
}

function trialName({ trialId, attempt }: RunningTrial, now: number): Line {
  return [
    ["accent", `${spinner(now)} `],
    ["plain", terminalLine(trialId)],
    ["warn", attempt > 1 ? `  attempt ${attempt}` : ""],
  ];
}

/** Whole seconds: a quicker clock would be noise. */
function elapsed(startedAt: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(startedAt)) / 1000);
  return seconds < 1 ? "<1s" : formatDuration(seconds * 1000);
}

function idleWords(state: DashboardState): string {
  if (state.finished) return "nothing: the run is over";
  switch (state.stage) {
    case "hypothesize":
      return "choosing hypotheses";
    case "experiment":
      return "preparing the next trial";
    case "evaluate":
      return "scoring";
    case "review":
      return "reviewing what was learned";
    default:
      return state.run ? "getting ready" : "starting";
  }
}
