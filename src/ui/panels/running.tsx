import { Box } from "ink";
import type { ReactElement } from "react";
import type { Role } from "../../model/call.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { counted, formatDuration, parametersOf, parametersText } from "../../text/numbers.ts";
import { terminalLine } from "../../text/printable.ts";
import type { DashboardState, RunningTrial } from "../state.ts";
import { Ends, Panel, Words } from "../words.tsx";
import { type PanelContext, spinner } from "./header.tsx";

const ASKING: Readonly<Record<Role, string>> = {
  researcher: "asking the model for hypotheses",
  experimenter: "asking the model to experiment",
  evaluator: "asking the model for a verdict",
  reviewer: "asking the model what was learned",
};

/** Trials and model calls under way, each with how long it runs and the last it said. */
export function Running({ state, width, now, height }: PanelContext & { readonly height: number }): ReactElement {
  const about = state.finished ? "" : `${state.running.length} of ${state.run?.parallel ?? 1}`;
  return (
    <Panel title="running" about={about} width={width} height={height}>
      <RunningLines state={state} now={now} height={height - 2} />
    </Panel>
  );
}

interface LinesProps {
  readonly state: DashboardState;
  readonly now: number;
  readonly height: number;
}

/** What runs, in at most `height` lines: two a trial while all fit, else one, then a count of the rest. */
export function RunningLines({ state, now, height }: LinesProps): ReactElement {
  const { running, calls } = state;
  const count = running.length + calls.length;
  if (count === 0) return <Words tone="dim">{idleWords(state)}</Words>;
  const inTwo = calls.length + running.length * 2 <= height;
  const shown = inTwo || count <= height ? count : height - 1;
  return (
    <>
      {calls.slice(0, shown).map(({ callId, role, startedAt }) => (
        <Ends
          key={callId}
          left={
            <>
              <Words tone="accent">{spinner(now)} </Words>
              {ASKING[role]}
            </>
          }
          right={<Words tone="dim">{elapsed(startedAt, now)}</Words>}
        />
      ))}
      {running.slice(0, Math.max(0, shown - calls.length)).map((trial) => (
        <Trial key={trial.trialId} trial={trial} now={now} inTwo={inTwo} />
      ))}
      {shown < count && <Words tone="dim">{restWords(calls.length, running.length, shown)}</Words>}
    </>
  );
}

interface TrialProps {
  readonly trial: RunningTrial;
  readonly now: number;
  /** Whether what it said has a line of its own. */
  readonly inTwo: boolean;
}

function Trial({ trial, now, inTwo }: TrialProps): ReactElement {
  const { trialId, attempt, startedAt, lastLine } = trial;
  const said = lastLine === null ? "" : `  ${outputText(lastLine)}`;
  const name = (
    <>
      <Words tone="accent">{spinner(now)} </Words>
      {terminalLine(trialId)}
      <Words tone="warn">{attempt > 1 ? `  attempt ${attempt}` : ""}</Words>
      <Words tone="dim">{inTwo ? "" : said}</Words>
    </>
  );
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Ends left={name} right={<Words tone="dim">{elapsed(startedAt, now)}</Words>} />
      {inTwo && <Words tone="dim">{said || " "}</Words>}
    </Box>
  );
}

/** What is left out when the first `shown` of calls and then trials are not. */
function restWords(calls: number, trials: number, shown: number): string {
  const rest = [
    some(Math.max(0, calls - shown), "call"),
    some(Math.min(trials, calls + trials - shown), "trial"),
  ].flat();
  return shown > 0 ? `and ${rest.join(" and ")} more` : `${rest.join(" and ")} under way`;
}

function some(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [counted(count, what)];
}

/** What a trial's last line says: the numbers of a JSON line such as a step's metrics, or the line itself. */
export function outputText(line: string): string {
  const trimmed = line.trim();
  const value = trimmed.startsWith("{") ? parseJson(trimmed) : null;
  if (isJsonObject(value)) return parametersText(parametersOf(value));
  return terminalLine(trimmed);
}

/** Whole seconds: a quicker clock would be noise. */
function elapsed(startedAt: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(startedAt)) / 1000);
  return seconds < 1 ? "<1s" : formatDuration(seconds * 1000);
}

function idleWords(state: DashboardState): string {
  if (state.finished) return "nothing: the run is over";
  if (state.held === "pause") return "nothing: the run is paused";
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
