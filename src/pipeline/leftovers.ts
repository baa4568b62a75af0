import type { RunContext } from "../kernel/context.ts";
import type { Effects, ProcessIdentity } from "../kernel/effects.ts";
import type { ProcessRecord } from "../model/call.ts";
import type { JsonObject } from "../model/json.ts";
import { dropScratch } from "../platform/scratch.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** What a record has to say of a process for `endLeftovers` to find it. */
export function processRecord({ pid, startedAt }: ProcessIdentity, workspace: Workspace): ProcessRecord & JsonObject {
  const { host, bootId } = workspace.effects.processes.self;
  const started = startedAt === undefined ? {} : { pidStartedAt: startedAt };
  return { pid, ...started, host, bootId, folder: workspace.folder };
}

/**
 * Ends the local processes that an earlier, killed AURA left running on this machine: the recorded process of every
 * trial and call that has not finished, and whatever still carries this run's mark. Then their scratch folders go. What
 * belongs to the run in a folder that this one was copied from is left alone.
 */
export async function endLeftovers(workspace: Workspace, run: RunContext): Promise<void> {
  const { processes } = run.effects;
  const identities = workspace
    .listIterations()
    .slice(-1)
    .flatMap((iteration) => [...trialProcesses(workspace, iteration), ...callProcesses(workspace, iteration)])
    .flatMap((record) => identityHere(record, workspace));
  const ended = await processes.endLeftovers(identities, run.mark);
  dropScratch(run.mark, run.effects);
  if (ended === 0) return;
  run.emit({
    type: "warning",
    code: "leftovers-ended",
    message: `ended ${ended} process(es) that an interrupted run had left running`,
  });
}

function trialProcesses(workspace: Workspace, iteration: number): readonly ProcessRecord[] {
  return workspace.listTrials(iteration).flatMap((id) => {
    const trial = workspace.readTrialRecord(id);
    const last = trial?.state === "started" ? trial.attempts.at(-1) : undefined;
    return last?.ref === undefined || last.endedAt !== undefined ? [] : [processIn(last.ref)];
  });
}

function callProcesses(workspace: Workspace, iteration: number): readonly ProcessRecord[] {
  return workspace.listCalls(iteration).flatMap((id) => {
    const call = workspace.readCall(iteration, id);
    return call?.state === "started" ? [call] : [];
  });
}

/** The process that a reference tells of; nothing where it is an executor's own. */
function processIn({ pid, pidStartedAt, host, bootId, folder }: JsonObject): ProcessRecord {
  return {
    ...(typeof pid === "number" ? { pid } : {}),
    ...(typeof pidStartedAt === "string" ? { pidStartedAt } : {}),
    ...(typeof host === "string" ? { host } : {}),
    ...(typeof bootId === "string" ? { bootId } : {}),
    ...(typeof folder === "string" ? { folder } : {}),
  };
}

/** The process, if a run in this very folder started it since this machine's last boot. */
function identityHere(record: ProcessRecord, workspace: Workspace): readonly ProcessIdentity[] {
  const { pid, pidStartedAt, host, bootId, folder } = record;
  const { self } = workspace.effects.processes;
  if (pid === undefined || host !== self.host || bootId !== self.bootId) return [];
  if (folder !== undefined && folder !== workspace.folder) return [];
  return [{ pid, ...(pidStartedAt === undefined ? {} : { startedAt: pidStartedAt }) }];
}

/**
 * Effects whose processes all carry the run's mark, whoever starts them: it is what the next resume finds those by that
 * outlive a killed AURA. Their logs hold none of the secrets; what AURA itself reads of the output is as it came.
 */
export function withMark(effects: Effects, mark: string, secrets: readonly string[]): Effects {
  const { processes } = effects;
  const marked = (marker: string): string => (marker.startsWith(mark) ? marker : `${mark}${marker}`);
  return {
    ...effects,
    processes: {
      self: processes.self,
      run: (request, signal) =>
        processes.run({ ...request, secrets, marker: marked(request.marker ?? `process/${effects.token(8)}`) }, signal),
      killAll: () => processes.killAll(),
      isAlive: (identity) => processes.isAlive(identity),
      load: () => processes.load(),
      limitTiers: (limits) => processes.limitTiers(limits),
      endLeftovers: (identities, prefix) => processes.endLeftovers(identities, prefix),
    },
  };
}
