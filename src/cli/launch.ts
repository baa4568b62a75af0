import { relative } from "node:path";
import { EXIT, type ExitCode, isAuraError, messageOf, ToolMissingError, WorkspaceError } from "../kernel/errors.ts";
import type { AuraEvent } from "../kernel/events.ts";
import type { HypothesisId } from "../model/ids.ts";
import { defined } from "../model/json.ts";
import type { RunManifest } from "../model/run.ts";
import type { RunResult } from "../pipeline/pipeline.ts";
import { type ClosingSummary, closingText } from "../reporters/closing.ts";
import { formatDuration } from "../text/numbers.ts";
import { readJournal } from "../workspace/journal.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { graceOf, requirement, unmet } from "./flags.ts";
import type { Loop } from "./loop-module.ts";
import { openReporter, type Reporter, reporterName } from "./reporter.ts";
import { bestOfRun, type Session } from "./session.ts";
import { graceFor, isAbort } from "./signals.ts";
import { asTyped, typedLonger } from "./typed.ts";
import { sayStoppedWaiting, sayWaiting } from "./waiting.ts";

/** A run that is ready to begin, or to go on. */
interface Ready {
  readonly workspace: Workspace;
  readonly pipeline: Loop;
  /** A module made the pipeline: there is no spec. */
  readonly isModule: boolean;
  /** The command that starts such a run anew; `shown` makes a path what a user would type. */
  readonly anew: (manifest: RunManifest, shown: (path: string) => string) => string;
}

interface Launch extends Session, Ready {}

/** Runs a pipeline, shows it while it goes, says how it ended. Answers the exit code. */
export async function launch(session: Session, ready: Ready): Promise<number> {
  const { flags, signals, frame } = session;
  const { workspace, pipeline } = ready;
  const launched: Launch = { ...session, ...ready };
  const required = requirement(flags.require, pipeline.settings.metric);

  const reporter = frame === null ? await openedReporter(launched) : null;
  sayWhenStopping(launched);
  let hasEnded = false;
  pipeline.subscribe(({ type }) => {
    hasEnded ||= type === "run.finished";
  });
  if (frame) pipeline.subscribe(frame.sink);
  const exitOf = (how: Pick<RunResult, "reason" | "exitCode" | "best">): ExitCode =>
    how.exitCode === EXIT.ok ? (unmet(required, how, pipeline.settings.metric) ?? EXIT.ok) : how.exitCode;
  if (reporter)
    pipeline.subscribe((event) =>
      reporter.sink(event.type === "run.finished" ? { ...event, exitCode: exitOf(event) } : event),
    );
  let result: RunResult;
  try {
    result = await pipeline.run({
      signal: signals.now,
      drain: signals.drain,
      onWait: sayWaiting(workspace),
      ...(flags.retryFailed ? { retryFailed: flags.retryFailed } : {}),
    });
  } catch (thrown) {
    await reporter?.finish();
    // What was refused before it began, such as a wrong id to run again, leaves the run as it was.
    if (isAuraError(thrown) && hasEnded && workspace.hasRun())
      sayEnding(launched, {
        reason: "error",
        message: thrown.message,
        mend: toMend(thrown),
      });
    if (isAbort(thrown)) sayStoppedWaiting(workspace);
    throw thrown;
  }
  await reporter?.finish();
  return ended(launched, { ...result, exitCode: exitOf(result) });
}

async function openedReporter({ flags, effects, signals, workspace, onCutOff }: Launch): Promise<Reporter> {
  return openReporter(reporterName(flags, process.env), {
    effects,
    onCutOff,
    onStop: (kind) => signals.stop("SIGINT", kind),
    history: (): Iterable<AuraEvent> => readJournal(workspace.root, effects.files),
  });
}

function ended(launch: Launch, result: RunResult): number {
  const { flags, signals, workspace } = launch;
  const stray = signals.stray();
  if (stray !== null) {
    sayEnding(launch, { reason: "error", message: messageOf(stray.thrown) });
    throw stray.thrown;
  }
  const interrupted = result.reason === "interrupted" ? signals.exitCode() : null;
  const code = interrupted ?? result.exitCode;
  const missed = code === EXIT.requirementNotMet ? `the best does not meet --require ${flags.require}` : undefined;
  const message = missed ?? result.message;
  sayEnding(launch, { ...result, ...(message === undefined ? {} : { message }) });
  launch.finish({
    exitCode: code,
    reason: result.reason,
    best: bestOfRun(workspace),
    ...defined({ lastFailed: result.lastFailed, message }),
  });
  return code;
}

/** Running trials may take their time after a stop: without a word a user would think that it was not heard. */
function sayWhenStopping({ flags, frame, signals }: Launch): void {
  if (flags.reporter === "silent" || (frame === null && reporterName(flags, process.env) === "tui")) return;
  const words = (): string => {
    const cause = signals.cause();
    const why = cause === "closed-output" ? "nobody reads the output any more; " : "";
    const grace = cause === null ? null : graceFor(cause, graceOf(flags));
    const within = grace === null ? "" : ` within ${formatDuration(grace)}`;
    return `${why}stopping: running trials may finish${within}; a second signal ends them at once\n`;
  };
  signals.drain.addEventListener("abort", () => void process.stderr.write(words()), { once: true });
}

function toMend(thrown: unknown): ClosingSummary["mend"] {
  if (thrown instanceof ToolMissingError) return "tool";
  return thrown instanceof WorkspaceError && thrown.problem === "damaged" ? "workspace" : undefined;
}

type Ending = Pick<RunResult, "reason" | "message" | "lastFailed"> & {
  readonly mend?: ClosingSummary["mend"] | undefined;
};

/** The last words for people: on stdout, or on stderr when stdout is for machines. */
function sayEnding(
  { workspace, flags, frame, pipeline, isModule, anew }: Omit<Launch, "signals">,
  ending: Ending,
): void {
  if (flags.reporter === "silent") return;
  const manifest = workspace.readManifest();
  if (!manifest) return;
  const { best } = manifest;
  const { metric, stop } = pipeline.settings;
  const hypothesis = best ? workspace.readHypothesis(best.id) : null;
  const out = frame ? process.stderr : process.stdout;
  const summary: ClosingSummary = {
    name: manifest.name,
    workspace: fromHere(workspace.root),
    anew: anew(manifest, fromHere),
    isModule,
    reason: ending.reason,
    ...defined({ message: ending.message, mend: ending.mend, failed: ending.lastFailed }),
    metric,
    stop,
    best:
      best && hypothesis
        ? { ...best, ...(hypothesis.label === undefined ? {} : { label: hypothesis.label }), spec: hypothesis.spec }
        : null,
    iterationsCompleted: manifest.iterationsCompleted,
    totals: manifest.totals,
    isFixed: manifest.project !== undefined,
    isChanged: manifest.project !== undefined && best !== null && isChanged(workspace, best.id),
    resumable: manifest.status !== "finished",
  };
  const width = out.columns > 0 ? out.columns - typedLonger() : undefined;
  out.write(`\n${asTyped(closingText(summary, width))}`);
}

/** A path as a user would type it. */
function fromHere(path: string): string {
  const here = relative(process.cwd(), path) || ".";
  return here.startsWith("..") ? path : here;
}

/** Whether the state of a hypothesis is another than that of the start. */
function isChanged(workspace: Workspace, id: HypothesisId): boolean {
  const state = workspace.readExperiment(id)?.state;
  const { start, artifacts } = workspace.readManifest()?.project ?? {};
  return state !== undefined && state !== (start ?? artifacts);
}
