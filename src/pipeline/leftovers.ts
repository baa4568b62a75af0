import type { RunContext } from "../kernel/context.ts";
import type { ProcessIdentity } from "../kernel/effects.ts";
import type { Workspace } from "../workspace/workspace.ts";

/**
 * Ends the local processes that an earlier, killed AURA left running on this machine: the recorded process of every
 * trial that has not finished, and whatever still carries this run's mark.
 */
export async function endLeftovers(workspace: Workspace, run: RunContext): Promise<void> {
  const { processes } = run.effects;
  const identities = workspace
    .listIterations()
    .slice(-1)
    .flatMap((iteration) => workspace.listTrials(iteration))
    .flatMap((id): readonly ProcessIdentity[] => {
      const trial = workspace.readTrialRecord(id);
      const last = trial?.state === "started" ? trial.attempts.at(-1) : undefined;
      if (last?.pid === undefined || last.endedAt !== undefined) return [];
      if (last.host !== processes.self.host || last.bootId !== processes.self.bootId) return [];
      return [{ pid: last.pid, ...(last.pidStartedAt === undefined ? {} : { startedAt: last.pidStartedAt }) }];
    });
  const ended = await processes.endLeftovers(identities, `${run.runId}/`);
  if (ended === 0) return;
  run.emit({
    type: "warning",
    code: "leftovers-ended",
    message: `ended ${ended} process(es) that an interrupted run had left running`,
  });
}
