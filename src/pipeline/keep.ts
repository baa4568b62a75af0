import { messageOf, StorageError } from "../kernel/errors.ts";
import type { Emit } from "../kernel/events.ts";
import { type HypothesisId, parseHypothesisId, parseTrialId, type TrialId } from "../model/ids.ts";
import type { RunSettings } from "../model/settings.ts";
import { copiesDir, PARAMS_FILE, PROJECT_COPY } from "../workspace/layout.ts";
import { listAttempts } from "../workspace/listing.ts";
import { removeExcept } from "../workspace/states/excludes.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** What a trial left can be in the way of removing it: another user's files (a container's), names beyond all length. */
const LEFT_SO: ReadonlySet<string> = new Set(["EACCES", "EPERM", "ENOTEMPTY", "EBUSY", "ENAMETOOLONG", "ENOTDIR"]);

/** What the owner of a folder may do with it. */
const OWNERS = 0o700;

/**
 * Which folders of attempts stay once their hypothesis is scored, as `keep` and `keep_files` say. Logs and records
 * always do. Clearing can be cut short and done again; what it takes depends on one iteration, and the best before.
 */
export class TrialFolders {
  readonly #workspace: Workspace;
  readonly #settings: Pick<RunSettings, "keep" | "keepFiles">;
  readonly #emit: Emit;
  #best: HypothesisId | null = null;

  constructor(workspace: Workspace, settings: Pick<RunSettings, "keep" | "keepFiles">, emit: Emit) {
    this.#workspace = workspace;
    this.#settings = settings;
    this.#emit = emit;
  }

  /** Opens an attempt's folder to its owner again: a trial may have closed it, and no look into it fails for that. */
  reopen(trial: TrialId, attempt: number): void {
    const { files } = this.#workspace.effects;
    const folder = this.#workspace.trialDir(trial, attempt);
    const stat = files.stat(folder);
    if (stat?.kind !== "directory" || (stat.mode & OWNERS) === OWNERS) return;
    this.#clear(() => files.chmod(folder, stat.mode | OWNERS));
  }

  /** Removes an attempt's copy of the project. */
  removeCopy(trial: TrialId, attempt: number): void {
    this.#remove(this.#workspace.trialDir(trial, attempt), PROJECT_COPY);
  }

  /** Removes an attempt's folder when at most its parameters are in it, which the hypothesis's record has too. */
  removeEmpty(trial: TrialId, attempt: number): void {
    const { files } = this.#workspace.effects;
    const folder = this.#workspace.trialDir(trial, attempt);
    this.#clear(() => {
      if (files.list(folder)?.every(({ name }) => name === PARAMS_FILE)) files.remove(folder);
    });
  }

  /** Removes a folder of the iteration under way with all in it. */
  remove(folder: string): void {
    this.#clear(() => this.#workspace.effects.files.remove(folder));
  }

  /** Clears a finished iteration; with a new best also what only stayed because it was the best before. */
  clear(iteration: number, best: HypothesisId | null): void {
    const before = this.#best;
    if (best !== null) this.#best = best;
    this.#clearIteration(iteration);
    const overtaken = before !== null && best !== null && before !== best ? parseHypothesisId(before)?.iteration : null;
    if (this.#settings.keep === "best" && overtaken != null && overtaken !== iteration) this.#clearIteration(overtaken);
  }

  /** Does, for finished iterations, what a run that was cut short may not have done, or what `keep` says by now. */
  catchUp(iterations: readonly number[], best: HypothesisId | null): void {
    this.#best = best;
    const affected = this.#settings.keep === "all" ? iterations.slice(-1) : iterations;
    for (const iteration of affected) this.#clearIteration(iteration);
  }

  #clearIteration(iteration: number): void {
    const { root, effects } = this.#workspace;
    const copies = copiesDir(root, iteration);
    if (effects.files.stat(copies) !== null) this.remove(copies);
    for (const { trial, attempt } of listAttempts(root, effects.files, iteration))
      this.#clear(() => this.#clearAttempt(trial, attempt));
  }

  #clearAttempt(trial: TrialId, attempt: number): void {
    const { files } = this.#workspace.effects;
    const folder = this.#workspace.trialDir(trial, attempt);
    // One that was cut short may be closed.
    this.reopen(trial, attempt);
    const hasCopy = (): boolean => files.stat(`${folder}/${PROJECT_COPY}`) !== null;
    if (!this.#stays(trial)) this.#remove(folder, ".");
    else if (hasCopy() && this.#hasCompleted(trial)) this.#remove(folder, PROJECT_COPY);
    this.removeEmpty(trial, attempt);
  }

  #stays(trial: TrialId): boolean {
    const { keep } = this.#settings;
    const hypothesis = parseTrialId(trial)?.hypothesisId ?? "";
    if (keep === "failed") {
      return !this.#hasCompleted(trial) || this.#workspace.readEvaluation(hypothesis)?.score === null;
    }
    return keep === "all" || (keep === "best" && hypothesis === this.#best);
  }

  #hasCompleted(trial: TrialId): boolean {
    return this.#workspace.readTrial(trial)?.outcome.status === "completed";
  }

  #remove(folder: string, within: string): void {
    this.#clear(() => removeExcept(this.#workspace.effects.files, folder, within, this.#settings.keepFiles));
  }

  #clear(clearing: () => void): void {
    this.#workspace.assertWritable();
    try {
      clearing();
    } catch (thrown) {
      if (!isLeftSo(thrown)) throw thrown;
      this.#emit({ type: "warning", code: "trial-folder-left", message: `left where it is: ${messageOf(thrown)}` });
    }
  }
}

function isLeftSo(thrown: unknown): boolean {
  const cause = thrown instanceof StorageError ? thrown.cause : null;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" && LEFT_SO.has(cause.code);
}
