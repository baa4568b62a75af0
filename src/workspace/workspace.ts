import { resolve } from "node:path";
import type { WorkspaceView } from "../kernel/context.ts";
import type { Effects } from "../kernel/effects.ts";
import { isAuraError, WorkspaceError } from "../kernel/errors.ts";
import { assertOptions, type Expectations, TEXT } from "../kernel/given-options.ts";
import { type PriorRun, priorSchema } from "../model/prior.ts";
import { isUnderWay, manifestSchema, type RecordedStanding, type RunManifest } from "../model/run.ts";
import { systemEffects } from "../platform/system.ts";
import { IterationRecords } from "./iteration-records.ts";
import * as layout from "./layout.ts";
import { leftovers } from "./leftovers.ts";
import { folderIdentity, holdsRun, IF_EXISTS, type IfExists, notFound, placeForRun, whyTaken } from "./locate.ts";
import { acquireLock, type Lock, type LockOptions } from "./lock/lock.ts";
import { readManifest, specPlace } from "./manifest.ts";
import type { WriteOptions } from "./record-writer.ts";
import { readPrior } from "./records.ts";
import { type Note, type RunRequest, readNotes, takeRequests } from "./requests.ts";
import { type AppliedRollback, readRollbacks } from "./rollbacks.ts";
import { type RunSummary, standingAtRest, summarize } from "./views/standing.ts";

export interface OpenOptions {
  /** The outside; the machine itself by default. */
  readonly effects?: Effects;
}

export interface CreateOptions extends OpenOptions {
  /** What to do about a run that is already there: refuse (the default), go on with it, or take the next free name. */
  readonly ifExists?: IfExists;
  /**
   * Path of the module whose default export makes the pipeline, as `aura run loop.ts` gives it: it is recorded for
   * `aura resume`, and its folder is the project unless the pipeline names another `root`. Default: a program makes it.
   */
  readonly module?: string;
}

const OPENING: Expectations = {
  root: {
    expected: "the path of a folder",
    holds: (value) => typeof value === "string" && value !== "",
    required: true,
  },
  effects: { expected: "an object", holds: (value) => typeof value === "object" && value !== null },
};
const CREATING: Expectations = {
  ...OPENING,
  ifExists: {
    expected: IF_EXISTS.join(", "),
    holds: (value) => IF_EXISTS.some((one) => one === value),
  },
  module: TEXT,
};

/**
 * The folder of one run: its records, read and checked from disk each time, and written under its lock. Nothing is
 * written before the lock is taken.
 */
export class Workspace extends IterationRecords implements WorkspaceView {
  readonly effects: Effects;
  #stagedSpec: string | null = null;
  #held: Lock | null = null;
  #folder: string | null = null;
  /** Nobody has run anything here, as far as is known. */
  #isNew = false;
  #module: string | null = null;

  private constructor(root: string, effects: Effects) {
    super({ root, files: effects.files });
    this.effects = effects;
  }

  /**
   * A workspace for a new run; nothing is written yet. Throws `WorkspaceError` ("exists") when the folder holds a run,
   * unless `ifExists` says otherwise, or anything else that would get mixed up with one; "locked" while that run is
   * going on. Throws `UsageError` when what is given is no path or no option.
   */
  static async create(root: string, options: CreateOptions = {}): Promise<Workspace> {
    assertOptions("Workspace.create", { root, ...options }, CREATING);
    const { effects = systemEffects(), ifExists } = options;
    const workspace = new Workspace(placeForRun(resolve(root), effects, ifExists), effects);
    workspace.#isNew = ifExists !== "resume";
    workspace.#module = options.module === undefined ? null : resolve(options.module);
    return workspace;
  }

  /** The workspace of a run. Throws `WorkspaceError` ("not-found") when the folder holds none. */
  static async open(root: string, options: OpenOptions = {}): Promise<Workspace> {
    assertOptions("Workspace.open", { root, ...options }, OPENING);
    const effects = options.effects ?? systemEffects();
    const path = resolve(root);
    if (!holdsRun(path, effects.files)) throw notFound(path, effects.files);
    return new Workspace(path, effects);
  }

  /**
   * Takes the lock, without which nothing can be written, and clears away what killed writers left half written.
   * Throws `WorkspaceError` ("locked") when a live process has it, ("unknown-format") for a run of another AURA.
   */
  async lock(options: LockOptions = {}): Promise<Lock> {
    const lock = await acquireLock(this.root, this.effects, options);
    this.#held = lock;
    this.writer.writeUnder(lock);
    try {
      this.#assertStillFree();
      for (const path of leftovers(this)) this.writer.remove(path);
      this.readManifest();
      return lock;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Gives up what this process was doing here, at once, because it is about to end: a run that was going on is
   * interrupted, and the lock is free. Never throws; what cannot be written any more is left to the next resume.
   */
  abandon(): void {
    try {
      const manifest = this.#held && this.readManifest();
      if (manifest && isUnderWay(manifest)) this.updateManifest({ status: "interrupted" }, { durable: true });
    } catch (thrown) {
      if (!isAuraError(thrown)) throw thrown;
    } finally {
      this.#held?.release();
    }
  }

  /** What tells this folder from a copy of it. */
  get folder(): string {
    this.#folder ??= folderIdentity(this.root, this.effects.files);
    return this.#folder;
  }

  /** Absolute path of the module that makes the pipeline of this run; `null` when a spec or a program does. */
  get module(): string | null {
    const recorded = this.#module === null ? this.readManifest()?.moduleFile : undefined;
    return recorded === undefined ? this.#module : specPlace(this.root, recorded, this.effects.files);
  }

  /**
   * Absolute path of a folder of the workspace's own for read-only data, made when it is not there. What lies in it when a
   * pipeline is made is an input of the run, whose contents prompts show.
   */
  inputsDir(): string {
    const folder = layout.inputsDir(this.root);
    this.effects.files.makeDirectory(folder);
    return folder;
  }

  /** The folder of `inputsDir()` as an input, where something lies in it. */
  get ownInputs(): readonly { readonly path: string; readonly show: "full" }[] {
    const path = layout.inputsDir(this.root);
    return (this.effects.files.list(path) ?? []).length === 0 ? [] : [{ path, show: "full" }];
  }

  /** Whether a run was started here. */
  hasRun(): boolean {
    return holdsRun(this.root, this.effects.files);
  }

  // ---- The run as a whole

  /** `null` before the run was started. */
  readManifest(): RunManifest | null {
    return readManifest(this);
  }

  /** Writes the manifest, together with the spec if that was given before there was a manifest. */
  writeManifest(manifest: RunManifest, options: WriteOptions = {}): void {
    if (options.durable) this.flush();
    this.#withStagedSpec(() => {
      this.writer.record(layout.manifestFile(this.root), manifest, manifestSchema, options);
    });
  }

  /** Changes some fields of the manifest, in one step. Throws `WorkspaceError` ("not-found") when there is none. */
  updateManifest(changes: Partial<RunManifest>, options: WriteOptions = {}): RunManifest {
    const manifest = this.readManifest();
    if (!manifest) throw notFound(this.root, this.effects.files);
    const changed = { ...manifest, ...changes };
    this.writeManifest(changed, options);
    return changed;
  }

  /** The spec as the user gave it; `null` when the run came from code. */
  readSpec(): string | null {
    return this.#stagedSpec ?? this.effects.files.readText(layout.specFile(this.root));
  }

  /** Keeps the spec as given. Before the first manifest it is only remembered, and written together with that. */
  writeSpec(text: string): void {
    if (this.hasRun()) this.writer.text(layout.specFile(this.root), text, { durable: true });
    else this.#stagedSpec = text;
  }

  /** What is known from earlier runs, the latest first; nothing for a run that was started from none. */
  prior(): readonly PriorRun[] {
    return this.readManifest()?.from === undefined ? [] : (readPrior(this) ?? []);
  }

  /** Keeps what is known from earlier runs, on the disk; an earlier try is replaced. Only before the first manifest. */
  writePrior(prior: readonly PriorRun[]): void {
    this.writer.record(layout.priorFile(this.root), prior, priorSchema, { durable: true });
  }

  /** Takes away what a run that came to nothing had copied from an earlier one. */
  clearPrior(): void {
    this.writer.remove(layout.priorDir(this.root));
  }

  /** The run in brief, from its records. Throws `WorkspaceError` ("not-found") before it was started. */
  async summary(): Promise<RunSummary> {
    const manifest = this.readManifest();
    if (!manifest) throw notFound(this.root, this.effects.files);
    return summarize(this, manifest);
  }

  /** How the hypotheses stand, from their records: for the manifest of a run that comes to rest. */
  standing(manifest: RunManifest): RecordedStanding {
    return standingAtRest(this, manifest);
  }

  /** The rollbacks so far, oldest first: what each took the run back to. */
  rollbacks(): readonly AppliedRollback[] {
    return readRollbacks(this);
  }

  /** What the user told the run, oldest first. */
  notes(): readonly Note[] {
    return readNotes(this);
  }

  /** Takes what has been asked of this run from elsewhere, oldest first; see `requests.ts`. */
  takeRequests(): readonly RunRequest[] {
    this.writer.assertWritable();
    return takeRequests(this, this.writer.lockToken);
  }

  /** Adds a line, given without its end, to the event log. */
  appendJournal(line: string): void {
    this.writer.append(layout.journalFile(this.root), `${line}\n`);
  }

  /** Makes sure that this process may still write. Throws `WorkspaceError` ("lock-lost", or "usage" without a lock). */
  assertWritable(): void {
    this.writer.assertWritable();
  }

  /** Somebody may have been quicker, and may even have finished. */
  #assertStillFree(): void {
    if (this.#isNew && this.hasRun()) {
      throw new WorkspaceError("exists", whyTaken(this.root, this.effects.files) ?? `${this.root} holds a run`);
    }
    this.#isNew = false;
  }

  /** The spec and the first manifest appear together: one without the other would be in the way of the next try. */
  #withStagedSpec(writeManifest: () => void): void {
    const [staged, path] = [this.#stagedSpec, layout.specFile(this.root)];
    if (staged !== null) this.writer.text(path, staged, { durable: true });
    try {
      writeManifest();
      this.#stagedSpec = null;
    } catch (error) {
      if (staged !== null) this.effects.files.remove(path);
      throw error;
    }
  }
}
