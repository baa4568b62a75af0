import type { History, StageContext, WorkspaceView } from "../kernel/context.ts";
import type { Effects } from "../kernel/effects.ts";
import { RunFailedError } from "../kernel/errors.ts";
import { NO_TOTALS } from "../model/run.ts";
import type { ResolvedRun } from "./resolve.ts";

const EMPTY_HISTORY: History = { entries: [], best: null, refused: [], insights: [] };

/** The prompt a researcher would send first; `null` when it does not ask with one. */
export function firstPrompt(run: ResolvedRun, workspace: string, effects: Effects): string | null {
  const { researcher } = run;
  if (!sendsPrompts(researcher)) return null;
  return researcher.prompt({ ...previewContext(run, workspace, effects), count: researcher.numTasks });
}

interface SendsPrompts {
  readonly numTasks: number;
  prompt(ctx: StageContext & { readonly count: number }): string;
}

function sendsPrompts(researcher: object): researcher is SendsPrompts {
  return "prompt" in researcher && typeof researcher.prompt === "function";
}

/** The first iteration of a run that does not take place: nothing can be asked, run or read. */
function previewContext({ settings }: ResolvedRun, workspace: string, effects: Effects): StageContext {
  const refuse = (what: string) => async (): Promise<never> => {
    throw new RunFailedError(`${what} in a dry run`);
  };
  return {
    settings,
    runId: "dryrun",
    mark: "dryrun/",
    effects,
    workspace: emptyWorkspace(workspace),
    inputs: settings.inputs.flatMap(({ path, absolutePath }) => {
      const stat = effects.files.stat(effects.files.realPath(absolutePath) ?? absolutePath);
      if (!stat) return [];
      return [{ path, size: stat.size, modifiedAt: "", sha256: "" }];
    }),
    totals: () => NO_TOTALS,
    emit: () => {},
    signal: new AbortController().signal,
    iteration: 1,
    history: EMPTY_HISTORY,
    rng: effects.rng(settings.seed).fork("iteration-1"),
    calls: { ask: refuse("no model is asked") },
    trials: { run: refuse("no trial is run") },
  };
}

function emptyWorkspace(root: string): WorkspaceView {
  return {
    root,
    readHypothesis: () => null,
    readExperiment: () => null,
    readEvaluation: () => null,
    readTrial: () => null,
    notes: () => [],
  };
}
