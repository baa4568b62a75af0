import type { AttemptResult, StageContext, TrialContext, TrialRequest, Trials } from "../kernel/context.ts";
import { RunFailedError } from "../kernel/errors.ts";
import { Interrupted } from "../kernel/interrupted.ts";
import { attemptName, trialId } from "../model/ids.ts";
import { defined } from "../model/json.ts";
import {
  type AttemptUsage,
  openAttempt,
  type StartedTrial,
  type Trial,
  type TrialAttempt,
  type TrialOutcome,
  type TrialStatus,
} from "../model/trial.ts";
import { PARAMS_FILE, PROJECT_COPY } from "../workspace/layout.ts";
import { leftElsewhere, processRecord, type Survivor } from "./leftovers.ts";
import type { Loop } from "./loop-parts.ts";

/** Not tried again: the data that it would run with is gone. */
const INPUT_CHANGED = "input-changed";
/** Codes of failures that would be the same however often the trial is tried. */
const LASTING: readonly string[] = [INPUT_CHANGED, "cannot-start", "command-invalid"];
/** Cancelled with the AURA that it ran under, and not by somebody who did not want it to run. */
const CUT_SHORT = "cut-short";

/** An attempt that has ended, with the snapshot of what it left where that was asked for. */
type Ended = AttemptResult & { readonly captured?: string };

/**
 * Trials with a memory: a finished one is answered from its record. An attempt has its folder before it starts, so that
 * no two share one; its record names its process as soon as there is one, and tells how it ended. Attempts that a crash or a stop cut short do not count as retries.
 */
export function createTrials(
  loop: Loop,
  stage: Omit<StageContext, "trials">,
  states: ReadonlyMap<string, string>,
): Trials {
  const trials: Trials = {
    async run(request, attempt) {
      const id = trialId(request.hypothesis.id, request.kind, request.index);
      let record: Trial | null = loop.workspace.readTrialRecord(id);
      for (;;) {
        if (record?.state === "finished") return record;
        const survivor = loop.survivors.take(id);
        using place = survivor ? placeOf(survivor, request) : await placeFor(request);
        loop.inputs.assertUnchanged();
        using _ = loop.spending.running();
        if (survivor && !request.adopts) await loop.survivors.end(survivor);
        else record = await runAttempt(request, record, { id, place, survivor }, attempt);
      }
    },
    async beside(task, { alone = false } = {}) {
      using _ = await unlessStopped(loop.slots.acquire(loop.stopping, alone ? "alone" : "beside"));
      using _running = loop.spending.running();
      return await task();
    },
  };

  /** What a trial that outlived its AURA has had all along. */
  function placeOf({ attempt: { slot, devices = [] } }: Survivor, request: TrialRequest): Place {
    if (loop.signals.now.aborted) throw new Interrupted("now");
    const held = slot === undefined ? [] : [loop.slots.claim(slot)];
    const given = request.devices ? [request.devices.pool.claim(devices)] : [];
    const all: readonly Disposable[] = [...held, ...given];
    const release = (): void => {
      for (const each of all) each[Symbol.dispose]();
    };
    return { conditions: defined({ slot, devices: request.devices && devices }), [Symbol.dispose]: release };
  }

  /** A slot of the run's, and devices; one that queues elsewhere waits for no slot. */
  async function placeFor({ queues, exclusive, devices }: TrialRequest): Promise<Place> {
    const held: Disposable[] = [];
    const release = (): void => {
      for (const each of held) each[Symbol.dispose]();
    };
    try {
      const hold = exclusive ? "alone" : queues ? "beside" : "place";
      const slot = await unlessStopped(loop.slots.acquire(loop.stopping, hold));
      held.push(slot);
      const given = devices && (await unlessStopped(devices.pool.acquire(devices.count, loop.stopping)));
      if (given) held.push(given);
      await loop.requests.going(loop.stopping);
      const { now, drain } = loop.signals;
      if (now.aborted || drain.aborted) throw new Interrupted(now.aborted ? "now" : "drain");
      const number = queues ? {} : { slot: slot.number };
      return { conditions: { ...number, ...defined({ devices: given?.names }) }, [Symbol.dispose]: release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  async function unlessStopped<T extends Disposable>(waited: Promise<T>): Promise<T> {
    const { now, drain } = loop.signals;
    const got = await waited.catch((thrown) => (now.aborted || drain.aborted ? null : Promise.reject(thrown)));
    if (got !== null && !now.aborted && !drain.aborted) return got;
    got?.[Symbol.dispose]();
    throw new Interrupted(now.aborted ? "now" : "drain");
  }

  async function runAttempt(
    request: TrialRequest,
    before: StartedTrial | null,
    { id, place: { conditions }, survivor }: Given,
    attempt: (ctx: TrialContext) => Promise<AttemptResult>,
  ): Promise<Trial> {
    const { clock } = stage.effects;
    const left = survivor?.attempt ?? (request.adopts ? leftElsewhere(before) : null);
    const number = left?.attempt ?? loop.workspace.nextAttempt(id, before);
    const opened = left ?? { attempt: number, startedAt: clock.now().toISOString(), ...conditions };
    const base = before ?? newTrial(request, id);
    const earlier = (before?.attempts ?? []).filter(({ attempt }) => attempt !== number);
    let current: StartedTrial = { ...base, attempts: [...earlier, opened] };
    if (left === null) {
      // The one before was cut short, and nobody goes on with it any more.
      if (request.kind === "trial" && openAttempt(before) !== null) loop.spending.ran(1);
      loop.workspace.makeAttemptFolder(id, number);
    }
    const { slot = 0 } = conditions;
    stage.emit({ type: "trial.started", trialId: id, hypothesisId: request.hypothesis.id, attempt: number, slot });

    const from = clock.monotonic();
    let usage: AttemptUsage = {};
    const started: TrialContext["started"] = (running) => {
      const { command } = running;
      const environment = running.environment && loop.workspace.keepEnvironment(running.environment);
      const ref = "ref" in running ? running.ref : processRecord({ ...running, ...lasting }, loop.workspace);
      current = { ...current, attempts: [...earlier, { ...opened, ref, ...defined({ command, environment }) }] };
      loop.workspace.writeTrial(current, { durable: "ref" in running });
    };
    const measured = (used: AttemptUsage): void => {
      usage = used;
    };
    const ownFailures = retriesUsed(earlier).own;
    const context = { ...attemptContext(request, id, number, conditions), ownFailures };
    const marker = survivor?.marker ?? context.marker;
    const lasting = request.adopts ? { marker } : {};
    const adopt = left?.ref && { ref: left.ref, startedAtMs: Date.parse(left.startedAt) };
    const ctx = { ...context, marker, trials, started, measured, ...defined({ adopt }) };
    const result = await conduct(request, ctx, attempt);
    if (request.kind === "trial") loop.spending.ran(1);
    const sinceMs = adopt ? Math.max(0, clock.now().getTime() - adopt.startedAtMs) : clock.monotonic() - from;
    const { load = stage.effects.processes.load(), ranMs = sinceMs, ...used } = usage;
    const end = { ...used, ...defined({ load: load ?? undefined }), durationMs: Math.round(ranMs) };
    return close(request, current, result, end);
  }

  async function conduct(
    request: TrialRequest,
    ctx: TrialContext,
    attempt: (ctx: TrialContext) => Promise<AttemptResult>,
  ): Promise<Ended> {
    if (ctx.adopt === undefined) {
      if (request.cwd === "copy") await loop.copy(states.get(request.hypothesis.id) ?? null, ctx.cwd);
      stage.effects.files.append(ctx.paramsFile, `${JSON.stringify(request.hypothesis.spec, null, 2)}\n`);
    }
    const tried = await attempt(ctx);
    loop.folders.reopen(trialId(request.hypothesis.id, request.kind, request.index), ctx.attempt);
    const result = { ...tried, outcome: ofAnyAttempt(tried.outcome, ctx) };
    const input = loop.inputs.changed();
    if (input === null) return request.capture ? captured(request, ctx.cwd, result) : result;
    const message = `an input, which is read-only data, changed while this trial ran: ${input}`;
    return { steps: result.steps, outcome: { status: "failed", failure: { code: INPUT_CHANGED, message } } };
  }

  function captured(request: TrialRequest, cwd: string, result: AttemptResult): Ended {
    if (result.outcome.status !== "completed") return result;
    const state = states.get(request.hypothesis.id);
    if (state === undefined || loop.artifacts === null)
      throw new RunFailedError("there are no tracked artifacts to capture; drop `capture`");
    const left = loop.artifacts.capture(cwd, state);
    if (left.ok) return { ...result, captured: left.snapshot };
    return { steps: result.steps, outcome: { status: "failed", failure: left.failure } };
  }

  function close(request: TrialRequest, started: StartedTrial, result: Ended, end: AttemptEnd): Trial {
    const { outcome } = result;
    const ended = endAttempt(started, outcome, { ...end, endedAt: stage.effects.clock.now().toISOString() });
    const last = ended.attempts.at(-1)?.attempt ?? 1;
    const { now, drain } = loop.signals;
    // At a gentle stop it was taken out of a queue.
    if (outcome.status === "cancelled" && (now.aborted || (request.queues && drain.aborted))) {
      loop.workspace.writeTrial(ended);
      if (request.adopts) stage.effects.files.remove(loop.workspace.runningDir(started.id, last));
      throw new Interrupted(now.aborted ? "now" : "drain");
    }
    const retrying = mayRetry(ended, outcome);
    const record: Trial = retrying ? ended : { ...ended, state: "finished", ...result };
    loop.workspace.writeTrial(record);
    if (request.adopts) stage.effects.files.remove(loop.workspace.runningDir(started.id, last));
    if (request.cwd === "copy" && outcome.status === "completed") loop.folders.removeCopy(started.id, last);
    loop.folders.removeEmpty(started.id, last);
    stage.emit({
      type: "trial.finished",
      trialId: started.id,
      hypothesisId: started.hypothesisId,
      attempt: last,
      outcome,
      durationMs: end.durationMs,
      retrying,
    });
    return record;
  }

  function mayRetry(trial: StartedTrial, outcome: TrialOutcome): boolean {
    if (outcome.status === "completed" || LASTING.includes(outcome.failure.code)) return false;
    if (outcome.status === "cancelled") return outcome.failure.code === CUT_SHORT;
    const used = retriesUsed(trial.attempts);
    if (isInfrastructureFailure(outcome.status)) return used.infrastructure <= INFRASTRUCTURE_RETRIES;
    return used.own <= stage.settings.retries;
  }

  function attemptContext(
    request: TrialRequest,
    id: string,
    attempt: number,
    { slot = 0, devices }: Conditions,
  ): Omit<TrialContext, "trials" | "started" | "measured"> {
    const trialDir = loop.workspace.trialDir(id, attempt);
    const marker = `${stage.mark}${attemptName(id, attempt)}/${stage.effects.token(6)}`;
    const paramsFile = `${trialDir}/${PARAMS_FILE}`;
    const cwd = request.cwd === "copy" ? `${trialDir}/${PROJECT_COPY}` : stage.settings.root;
    return {
      ...stage,
      isScored: () => !loop.history.isWithoutScore,
      drain: loop.signals.drain,
      trialId: id,
      hypothesisId: request.hypothesis.id,
      kind: request.kind,
      index: request.index,
      attempt,
      seed: request.seed,
      slot,
      trialDir,
      running: loop.workspace.runningDir(id, attempt),
      logs: loop.workspace.logFiles(id, attempt),
      cwd,
      paramsFile,
      marker,
      env: {
        AURA_TRIAL: marker,
        AURA_ID: request.hypothesis.id,
        AURA_TRIAL_ID: id,
        AURA_TRIAL_DIR: trialDir,
        AURA_TRIAL_INDEX: String(request.index),
        AURA_TRIAL_PARAMS: paramsFile,
        AURA_SEED: String(request.seed),
        AURA_SLOT: String(slot),
        AURA_WORKSPACE: stage.workspace.root,
        AURA_ROOT: stage.settings.root,
        AURA_INPUTS: JSON.stringify(stage.settings.inputs.map((input) => input.absolutePath)),
        ...(devices ? { CUDA_VISIBLE_DEVICES: devices.join(",") } : {}),
      },
    };
  }

  return trials;
}

/** Which trial an attempt is of, and what it has. */
interface Given {
  readonly id: string;
  readonly place: Place;
  /** The attempt is gone on with. */
  readonly survivor: Survivor | null;
}

type Conditions = Pick<TrialAttempt, "slot" | "devices">;

/** What an attempt holds while it runs, and what its record says of it. */
interface Place extends Disposable {
  readonly conditions: Conditions;
}

/** What is known of an attempt when it has ended. */
type AttemptEnd = Omit<AttemptUsage, "load" | "ranMs"> & Pick<TrialAttempt, "load"> & { readonly durationMs: number };

function newTrial(request: TrialRequest, id: string): StartedTrial {
  const { hypothesis, kind, index, seed } = request;
  return { id, hypothesisId: hypothesis.id, kind, index, seed, attempts: [], state: "started" };
}

function endAttempt(
  trial: StartedTrial,
  outcome: TrialOutcome,
  end: AttemptEnd & { readonly endedAt: string },
): StartedTrial {
  const last = trial.attempts.at(-1);
  if (!last) return trial;
  const message = outcome.status === "completed" ? {} : { message: outcome.failure.message };
  const ended: TrialAttempt = { ...last, ...end, status: outcome.status, ...message };
  return { ...trial, attempts: [...trial.attempts.slice(0, -1), ended] };
}

/** Times an attempt that failed for reasons outside the trial is repeated, besides the spec's `retries`. */
const INFRASTRUCTURE_RETRIES = 2;

export function isInfrastructureFailure(status: TrialStatus): boolean {
  return status === "spawn-error" || status === "lost";
}

/** Failed attempts so far, by whose fault they were. Attempts cut short by a crash or a stop count for neither. */
export function retriesUsed(attempts: readonly TrialAttempt[]): {
  readonly infrastructure: number;
  readonly own: number;
} {
  let infrastructure = 0;
  let own = 0;
  for (const { status } of attempts) {
    if (status === undefined || status === "cancelled" || status === "completed") continue;
    if (isInfrastructureFailure(status)) infrastructure++;
    else own++;
  }
  return { infrastructure, own };
}

/** What failed, in words that are the same whichever attempt it was: files of its copy of the project by their paths in that. */
function ofAnyAttempt(outcome: TrialOutcome, { trialDir }: Pick<TrialContext, "trialDir">): TrialOutcome {
  if (outcome.status === "completed") return outcome;
  const { message, logTail, ...failure } = outcome.failure;
  const told = (text: string): string =>
    text.replaceAll(`${trialDir}/${PROJECT_COPY}/`, "").replaceAll(trialDir, "$AURA_TRIAL_DIR");
  const printed = logTail === undefined ? {} : { logTail: told(logTail) };
  return { ...outcome, failure: { ...failure, message: told(message), ...printed } };
}
