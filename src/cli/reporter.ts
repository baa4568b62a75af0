import type { Effects } from "../kernel/effects.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import { WAITING } from "../kernel/runner.ts";
import { isInForeground } from "../platform/process/proc-fs.ts";
import { messageLines } from "../reporters/closing.ts";
import { createPlainReporter } from "../reporters/plain.ts";
import type { ReporterName, RunFlags } from "./flags.ts";
import { ownTerminal } from "./output.ts";
import { asTyped } from "./typed.ts";

/** Something that shows a run's progress until it is finished with. */
export interface Reporter {
  readonly sink: EventSink;
  finish(): Promise<void>;
}

export interface ReporterDeps {
  readonly effects: Effects;
  readonly onStop: (kind: "graceful" | "now") => void;
  /** Adds something to let go of should the command be cut off. */
  readonly onCutOff: (letGo: () => void) => void;
  /** Events of the run so far. */
  readonly history: () => Iterable<AuraEvent>;
}

/**
 * The dashboard on a terminal that can show one and is this process's to use, else one line an event. `--reporter`
 * decides where it is given.
 */
export function reporterName(
  flags: RunFlags,
  environment: NodeJS.ProcessEnv,
  hasTerminal: () => boolean = isInForeground,
): ReporterName {
  if (flags.reporter !== undefined) return flags.reporter;
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true && environment.TERM !== "dumb";
  const ci = environment.CI !== undefined && environment.CI !== "" && environment.CI !== "false";
  return terminal && !ci && hasTerminal() ? "tui" : "plain";
}

/** Opens the reporter; Ink is loaded only for the dashboard. */
export async function openReporter(name: ReporterName, deps: ReporterDeps): Promise<Reporter> {
  if (name === "silent") return { sink: () => undefined, finish: async () => undefined };
  if (name === "plain") {
    const plain = createPlainReporter({
      write: (line) => void process.stdout.write(`${asTyped(line)}\n`),
      clock: deps.effects.clock,
      history: deps.history(),
    });
    return { sink: plain.sink, finish: async () => plain.stop() };
  }
  const { startDashboard } = await import("../ui/index.ts");
  const terminal = ownTerminal();
  deps.onCutOff(() => terminal[Symbol.dispose]());
  const dashboard = startDashboard({
    stdout: terminal.stdout,
    stdin: process.stdin,
    clock: deps.effects.clock,
    onStop: deps.onStop,
    color: wantsColor(process.env),
    history: deps.history(),
  });
  // The dashboard has two lines for the last warning, and none for those before.
  const warned = new Map<string, string>();
  const sink = (event: AuraEvent): void => {
    if (event.type === "warning" && event.code !== WAITING) warned.set(event.code, event.message);
    dashboard.sink(event);
  };
  const finish = async (): Promise<void> => {
    await dashboard.finish();
    terminal[Symbol.dispose]();
    for (const message of warned.values())
      process.stdout.write(`warning: ${asTyped(messageLines(message).join("\n  "))}\n`);
  };
  return { sink, finish };
}

function wantsColor(environment: NodeJS.ProcessEnv): boolean {
  if (environment.FORCE_COLOR !== undefined)
    return environment.FORCE_COLOR !== "0" && environment.FORCE_COLOR !== "false";
  return (environment.NO_COLOR ?? "") === "" && process.stdout.isTTY === true;
}
