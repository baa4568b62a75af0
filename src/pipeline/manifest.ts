import { isAuraError } from "../kernel/errors.ts";
import type { EventSink, RunDescription } from "../kernel/events.ts";
import { statusOf } from "../kernel/finish-reason.ts";
import type { SettingChange } from "../model/iteration.ts";
import { defined } from "../model/json.ts";
import {
  changedAfter,
  type FinishReason,
  type InputRecord,
  NO_TOTALS,
  type RecordedChanges,
  type RunManifest,
  type RunOrigin,
  type RunTotals,
  WORKSPACE_FORMAT,
} from "../model/run.ts";
import { comparisonsBefore } from "../model/score.ts";
import type { RunSettings } from "../model/settings.ts";
import { clip } from "../text/printable.ts";
import { VERSION } from "../version.ts";
import { relativeToWorkspace } from "../workspace/manifest.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { changesSince, moduleChanges, moduleSource, refuseScoring, specOfCode } from "./changes.ts";
import type { DecidingRules, RunHistory } from "./history.ts";
import type { ConductOptions } from "./options.ts";

/** How often the manifest is brought up to date while an iteration runs, in milliseconds. */
const REFRESH_MS = 5000;
/** Characters of the message with which a run ended. */
const MAX_MESSAGE = 4000;

/** Keeps `run.json`: its first form, what each iteration adds, how the run ended. */
export class ManifestKeeper {
  readonly #workspace: Workspace;
  readonly #settings: RunSettings;
  readonly #specText: string | null;
  readonly #changed: RecordedChanges | null;
  #manifest: RunManifest;
  #written: number;
  #started = false;
  #totals: () => RunTotals = () => NO_TOTALS;

  private constructor(
    workspace: Workspace,
    settings: RunSettings,
    manifest: RunManifest,
    specText: string | null,
    changed: RecordedChanges | null = null,
  ) {
    this.#changed = changed;
    this.#workspace = workspace;
    this.#settings = settings;
    this.#manifest = manifest;
    this.#specText = specText;
    this.#written = workspace.effects.clock.monotonic();
  }

  /**
   * The manifest of a new run, or the continued one with what has changed in its settings. Throws `SpecError` when
   * something has changed that scores depend on.
   */
  static open(
    options: ConductOptions,
    settings: RunSettings,
    inputs: readonly InputRecord[],
    previous: RunManifest | null,
    from?: RunOrigin,
  ): ManifestKeeper {
    const { workspace, spec } = options;
    const text = spec?.text ?? null;
    if (!previous) return new ManifestKeeper(workspace, settings, freshManifest(options, settings, inputs, from), text);
    const judged = [...changesSince(previous, spec, inputs, settings), ...moduleChanges(previous, workspace)];
    refuseScoring(judged, workspace.root, previous, spec);
    const fields = judged.map(({ scores: _, file: __, ...change }) => change);
    const changed = fields.length === 0 ? null : { from: nextToPropose(workspace, settings), fields };
    const { changes = [] } = previous;
    const manifest: RunManifest = {
      ...previous,
      ...sourceFields(options, settings, previous.runId),
      ...(changed === null ? {} : { changes: [...changes, changed] }),
      auraVersion: VERSION,
    };
    return new ManifestKeeper(workspace, settings, manifest, text, changed);
  }

  /** What this life of the run has begun to go by, and from which iteration on it counts; `null`: nothing is changed. */
  get changed(): RecordedChanges | null {
    return this.#changed;
  }

  /** What was changed before an iteration and counts from it on. */
  changesFor(iteration: number): readonly SettingChange[] {
    return (this.#manifest.changes ?? []).filter(({ from }) => from === iteration).flatMap(({ fields }) => fields);
  }

  /** What decides in an iteration: as it was set then. */
  get rules(): DecidingRules {
    const { changes = [] } = this.#manifest;
    const { metric, rollback } = this.#settings;
    return {
      comparison: comparisonsBefore(metric, changes),
      rollback(iteration) {
        const field = changedAfter(changes, "rollback", iteration);
        if (field === undefined) return rollback;
        return field.before === "none" ? "none" : "best";
      },
    };
  }

  get manifest(): RunManifest {
    return this.#manifest;
  }

  /** Every event but a trial's output, one line each, in `journal.jsonl`. */
  readonly journal: EventSink = (event) => {
    if (event.type === "trial.output") return;
    this.#workspace.appendJournal(JSON.stringify(event));
    if (event.type !== "evaluation.scored") return;
    this.#manifest = { ...this.#manifest, best: event.best };
    this.#refresh();
  };

  /** Begins to keep the manifest; `totals` tells what has been used so far whenever it is written. */
  start(totals: () => RunTotals): void {
    this.#totals = totals;
    if (this.#specText !== null) this.#workspace.writeSpec(this.#specText);
    const { reason: _, message: __, standing: ___, ...manifest } = this.#manifest;
    this.#manifest = { ...manifest, status: "running" };
    this.#started = true;
    this.#write(true);
  }

  /** Notes the snapshots of the user's files; from now on these are used. */
  tookIn(project: NonNullable<RunManifest["project"]>): void {
    this.#manifest = { ...this.#manifest, project };
    this.#workspace.writeManifest(this.#manifest, { durable: true });
  }

  /** Notes where the run stands. What is told of it from now on is no less than what is on disk. */
  iterated(history: RunHistory): void {
    const { iterationsCompleted } = history.view().progress;
    this.#manifest = { ...this.#manifest, iterationsCompleted, best: history.best };
    this.#write();
    this.#workspace.flush();
  }

  /** Notes that somebody paused the run, which is live all the same, or had it go on. */
  paused(isPaused: boolean): void {
    this.#manifest = { ...this.#manifest, status: isPaused ? "paused" : "running" };
    this.#write();
  }

  finish(reason: FinishReason, message?: string): void {
    const { message: _, ...manifest } = this.#manifest;
    const standing = this.#workspace.standing(manifest);
    const more = message === undefined ? {} : { message: clip(message, MAX_MESSAGE) };
    this.#manifest = { ...manifest, status: statusOf(reason), reason, ...more, standing };
    this.#write(true);
  }

  /** Notes that an error ended the run. The error matters more than a manifest that cannot be written any more. */
  fail(reason: FinishReason, message?: string): void {
    if (!this.#started) return;
    try {
      this.finish(reason, message);
    } catch (thrown) {
      if (!isAuraError(thrown)) throw thrown;
    }
  }

  describe(resumed: boolean): RunDescription {
    const { metric, goal, stop, parallel } = this.#settings;
    const { runId, name, seed, best, totals, iterationsCompleted, from } = this.#manifest;
    return {
      runId,
      name,
      goal,
      workspace: this.#workspace.root,
      resumed,
      ...(from === undefined ? {} : { from }),
      seed,
      metric: {
        name: metric.name,
        direction: metric.direction,
        ...defined({ baseline: metric.baseline, target: metric.target }),
      },
      stop,
      parallel,
      best,
      totals,
      iterationsCompleted,
    };
  }

  #refresh(): void {
    if (this.#workspace.effects.clock.monotonic() - this.#written > REFRESH_MS) this.#write();
  }

  /** Totals are told when they are on disk, and not before. */
  #write(durable = false): void {
    const { clock } = this.#workspace.effects;
    const manifest = inOrder({ ...this.#manifest, totals: this.#totals(), updatedAt: clock.now().toISOString() });
    this.#workspace.writeManifest(manifest, { durable });
    this.#manifest = manifest;
    this.#written = clock.monotonic();
  }
}

function freshManifest(
  options: ConductOptions,
  settings: RunSettings,
  inputs: readonly InputRecord[],
  from: RunOrigin | undefined,
): RunManifest {
  const { effects } = options.workspace;
  const now = effects.clock.now().toISOString();
  const runId = effects.token(6);
  return {
    format: WORKSPACE_FORMAT,
    runId,
    name: settings.name,
    status: "created",
    createdAt: now,
    updatedAt: now,
    seed: settings.seed,
    auraVersion: VERSION,
    iterationsCompleted: 0,
    best: null,
    totals: NO_TOTALS,
    inputs,
    ...(from === undefined ? {} : { from }),
    ...sourceFields(options, settings, runId),
  };
}

/** The first iteration whose hypotheses are not decided yet. */
function nextToPropose(workspace: Workspace, { artifacts }: RunSettings): number {
  const isDecided = (iteration: number): boolean => {
    const record = workspace.readIteration(iteration);
    return record !== null && record.state !== "started";
  };
  const last = workspace.listIterations().findLast(isDecided);
  return last === undefined ? (artifacts.length > 0 ? 0 : 1) : last + 1;
}

type SourceFields = Pick<RunManifest, "specHash" | "overrides" | "specFile" | "moduleFile" | "spec" | "sources">;

/** What says how the run is: a spec, or of a pipeline in code what is said in its place; what was said over it; the module that made it. */
function sourceFields(
  { workspace, spec, overrides }: ConductOptions,
  settings: RunSettings,
  runId: string,
): SourceFields {
  const { module, root, effects } = workspace;
  const relative = (file: string): string => relativeToWorkspace(root, file, effects.files);
  const said = spec
    ? { specHash: spec.hash, specFile: relative(spec.file), spec: spec.raw }
    : { specHash: "", spec: specOfCode(settings) };
  return {
    ...said,
    sources: [...(spec?.sources?.(runId) ?? []), ...moduleSource(workspace)],
    overrides: { ...spec?.overrides, ...overrides },
    ...(module === null ? {} : { moduleFile: relative(module) }),
  };
}

/** Its keys always in the same order, whatever was added when. */
function inOrder(manifest: RunManifest): RunManifest {
  const { format, runId, name, status, reason, message, createdAt, updatedAt, ...rest } = manifest;
  const { spec, specFile, moduleFile, project, from, sources, changes, ...others } = rest;
  return {
    format,
    runId,
    name,
    status,
    ...defined({ reason, message }),
    createdAt,
    updatedAt,
    ...others,
    ...(sources === undefined || sources.length === 0 ? {} : { sources }),
    ...defined({ project, from, specFile, moduleFile }),
    spec,
    ...(changes === undefined ? {} : { changes }),
  };
}
