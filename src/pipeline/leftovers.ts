import type { RunContext } from "../kernel/context.ts";
import type { Effects, ProcessIdentity } from "../kernel/effects.ts";
import type { ProcessRecord } from "../model/call.ts";
import type { TrialId } from "../model/ids.ts";
import type { JsonObject } from "../model/json.ts";
import { openAttempt, type Trial, type TrialAttempt } from "../model/trial.ts";
import { dropScratch } from "../platform/scratch.ts";
import { listTraces } from "../workspace/listing.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** What a record has to say of a process for `endLeftovers` to find it. */
export function processRecord(
  { pid, startedAt, marker }: ProcessIdentity & { readonly marker?: string },
  workspace: Workspace,
): ProcessRecord & JsonObject {
  const { host, bootId } = workspace.effects.processes.self;
  const started = startedAt === undefined ? {} : { pidStartedAt: startedAt };
  const lasting = marker === undefined ? {} : { marker };
  return { pid, ...started, host, bootId, folder: workspace.folder, ...lasting };
}

/** An attempt whose process outlived the AURA that had started it, and can be gone on with. */
export interface Survivor {
  readonly trial: TrialId;
  readonly attempt: TrialAttempt;
  readonly marker: string;
  /** Whether it has not ended yet. */
  readonly isAlive: boolean;
}

/** The survivors that nobody has gone on with yet. */
export class Survivors {
  readonly #waiting: Map<TrialId, Survivor>;
  readonly #workspace: Workspace;

  constructor(workspace: Workspace, survivors: readonly Survivor[] = []) {
    this.#workspace = workspace;
    this.#waiting = new Map(survivors.map((survivor) => [survivor.trial, survivor]));
  }

  /** Slots and devices that are in use by them. */
  get slots(): readonly number[] {
    return [...this.#waiting.values()].flatMap(({ attempt: { slot } }) => (slot === undefined ? [] : [slot]));
  }

  get devices(): readonly string[] {
    return [...this.#waiting.values()].flatMap(({ attempt }) => attempt.devices ?? []);
  }

  /** Gives the one of this trial to whoever goes on with it, or sees to its end. */
  take(trial: TrialId): Survivor | null {
    const survivor = this.#waiting.get(trial) ?? null;
    this.#waiting.delete(trial);
    return survivor;
  }

  async end(survivor: Survivor): Promise<void> {
    await endAll(this.#workspace, [survivor.attempt], survivor.marker);
  }

  /** Ends all that are still waiting, with the run that has not come to them. */
  async endRest(): Promise<void> {
    for (const trial of [...this.#waiting.keys()]) {
      const survivor = this.take(trial);
      if (survivor) await this.end(survivor);
    }
    await endAll(this.#workspace, [], "");
  }
}

function endAll(workspace: Workspace, attempts: readonly TrialAttempt[], marker: string): Promise<number> {
  const identities = attempts.flatMap(({ ref = {} }) => identityHere(ref, workspace));
  return workspace.effects.processes.endLeftovers(identities, marker);
}

/**
 * Ends the local processes that an earlier, killed AURA left running on this machine: the recorded process of every
 * trial and call that has not finished, and whatever still carries this run's mark. Then their scratch folders go. What
 * belongs to the run in a folder that this one was copied from is left alone, and so are trials that can be gone on with.
 */
export async function endLeftovers(workspace: Workspace, run: RunContext): Promise<Survivors> {
  const { processes, files } = run.effects;
  const iterations = workspace.listIterations().slice(-1);
  const attempts = iterations
    .flatMap((iteration) => workspace.listTrials(iteration))
    .flatMap((trial) => openProcess(workspace, trial));
  const survivors = attempts.flatMap(({ trial }) => survivorOf(workspace, trial) ?? []);
  const isLeft = ({ trial }: { readonly trial: TrialId }): boolean => !survivors.some((each) => each.trial === trial);
  const identities = [
    ...attempts.filter(isLeft).map(({ attempt: { ref = {} } }) => ref),
    ...iterations.flatMap((iteration) => callProcesses(workspace, iteration)),
  ].flatMap((record) => identityHere(record, workspace));
  const but = new Set(survivors.map(({ marker }) => marker));
  const ended = await processes.endLeftovers(identities, run.mark, but);
  const stay = survivors.map(({ trial, attempt }) => workspace.runningDir(trial, attempt.attempt));
  for (const { trial, attempt } of iterations.flatMap((iteration) => listTraces(workspace.root, files, iteration))) {
    const folder = workspace.runningDir(trial, attempt);
    if (stay.includes(folder) || files.stat(folder) === null) continue;
    files.remove(folder);
    // Its process may have begun before a record told of it: it counts, and the next attempt is another.
    if (!workspace.hasTraces(trial, attempt)) files.append(workspace.logFiles(trial, attempt).stdout, "");
  }
  dropScratch(run.mark, run.effects);
  if (ended > 0) {
    const message = `ended ${ended} process(es) that an interrupted run had left running`;
    run.emit({ type: "warning", code: "leftovers-ended", message });
  }
  return new Survivors(workspace, survivors);
}

interface OpenAttempt {
  readonly trial: TrialId;
  readonly attempt: TrialAttempt;
}

function openProcess(workspace: Workspace, trial: TrialId): readonly OpenAttempt[] {
  const attempt = openAttempt(workspace.readTrialRecord(trial));
  return attempt?.ref === undefined ? [] : [{ trial, attempt }];
}

/** The attempt of this trial that can be gone on with, if there is one. */
export function survivorOf(workspace: Workspace, id: TrialId): Survivor | null {
  const [survivor = null] = openProcess(workspace, id).flatMap(({ trial, attempt }) => {
    const { ref = {} } = attempt;
    const { marker } = ref;
    const [identity] = identityHere(ref, workspace);
    if (typeof marker !== "string" || identity === undefined) return [];
    const folder = workspace.runningDir(trial, attempt.attempt);
    const { processes } = workspace.effects;
    if (!processes.isAdoptable(folder, identity)) return [];
    return [{ trial, attempt, marker, isAlive: processes.isAlive(identity) }];
  });
  return survivor;
}

/** The attempt that a killed AURA left to something else than a process of this machine's, if the record says to what. */
export function leftElsewhere(trial: Trial | null): TrialAttempt | null {
  const open = openAttempt(trial);
  return open?.ref === undefined || open.ref.ending === true || "pid" in open.ref ? null : open;
}

function callProcesses(workspace: Workspace, iteration: number): readonly ProcessRecord[] {
  return workspace.listCalls(iteration).flatMap((id) => {
    const call = workspace.readCall(iteration, id);
    return call?.state === "started" ? [call] : [];
  });
}

/** The process that a record or a reference tells of, if a run in this very folder started it since this machine's last boot. */
function identityHere(
  { pid, pidStartedAt, host, bootId, folder }: Readonly<Partial<Record<keyof ProcessRecord, unknown>>>,
  workspace: Workspace,
): readonly ProcessIdentity[] {
  const { self } = workspace.effects.processes;
  if (typeof pid !== "number" || host !== self.host || bootId !== self.bootId) return [];
  if (folder !== undefined && folder !== workspace.folder) return [];
  return [{ pid, ...(typeof pidStartedAt === "string" ? { startedAt: pidStartedAt } : {}) }];
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
      ...processes,
      run: (request, signal) =>
        processes.run({ ...request, secrets, marker: marked(request.marker ?? `process/${effects.token(8)}`) }, signal),
      adopt: (request, left, signal) => processes.adopt({ ...request, secrets }, left, signal),
    },
  };
}
