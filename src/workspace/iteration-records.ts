import type { LogFiles } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { type CallRecord, callSchema } from "../model/call.ts";
import { type Evaluation, evaluationSchema } from "../model/evaluation.ts";
import { type Experiment, experimentSchema } from "../model/experiment.ts";
import { type Hypothesis, hypothesisSchema } from "../model/hypothesis.ts";
import { type HypothesisId, parseTrialId, type TrialId } from "../model/ids.ts";
import { type Insight, insightsSchema } from "../model/insight.ts";
import { type IterationRecord, iterationSchema } from "../model/iteration.ts";
import { type EnvironmentRecord, environmentSchema, type Trial, trialSchema } from "../model/trial.ts";
import { sha256Of } from "../platform/files/hash.ts";
import * as layout from "./layout.ts";
import { RecordWriter, type WriteOptions } from "./record-writer.ts";
import { Records, type Source } from "./records.ts";

/** The records of a run's iterations, to be read and written; writing needs the lock. */
export class IterationRecords extends Records {
  protected readonly writer: RecordWriter;

  constructor(source: Source) {
    super(source);
    this.writer = new RecordWriter(source.root, source.files);
  }

  /** Brings everything written so far to the disk. */
  flush(): void {
    this.writer.flush();
  }

  /** Durable, together with everything written before it. */
  writeIteration(record: IterationRecord): void {
    this.flush();
    const path = layout.iterationFile(this.root, record.iteration);
    this.writer.record(path, record, iterationSchema, { durable: true });
  }

  writeHypothesis(hypothesis: Hypothesis): void {
    this.writer.record(layout.hypothesisFile(this.root, hypothesis.id), hypothesis, hypothesisSchema);
  }

  /** `durable` where something that cannot be taken back depends on it, such as a submission to a cluster. */
  writeTrial(trial: Trial, options: WriteOptions = {}): void {
    this.writer.record(layout.trialFile(this.root, trial.id), trial, trialSchema, options);
  }

  /** Records once what trials run in. Answers with the name that it has from its type and its content. */
  keepEnvironment(environment: EnvironmentRecord): string {
    const name = `${environment.type.replaceAll(/[^a-z0-9-]/g, "")}-${sha256Of(JSON.stringify(environment)).slice(0, 12)}`;
    const path = layout.environmentFile(this.root, name);
    if (this.files.stat(path) === null) this.writer.record(path, environment, environmentSchema);
    return name;
  }

  writeExperiment(experiment: Experiment): void {
    const path = layout.experimentFile(this.root, experiment.hypothesisId);
    this.writer.record(path, experiment, experimentSchema);
  }

  writeEvaluation(evaluation: Evaluation): void {
    const path = layout.evaluationFile(this.root, evaluation.hypothesisId);
    this.writer.record(path, evaluation, evaluationSchema);
  }

  writeInsights(iteration: number, insights: readonly Insight[]): void {
    this.writer.record(layout.insightsFile(this.root, iteration), insights, insightsSchema);
  }

  /** Durable: what was paid for is not paid for again. */
  writeCall(call: CallRecord, options: WriteOptions = { durable: true }): void {
    this.writer.record(layout.callFile(this.root, call.iteration, call.id), call, callSchema, options);
  }

  removeHypothesis(id: HypothesisId): void {
    this.writer.remove(layout.hypothesisFile(this.root, id));
  }

  removeCall(iteration: number, id: string): void {
    this.writer.remove(layout.callFile(this.root, iteration, id));
  }

  removeTrial(id: TrialId): void {
    this.writer.remove(layout.trialFile(this.root, id));
  }

  removeExperiment(id: HypothesisId): void {
    this.writer.remove(layout.experimentFile(this.root, id));
  }

  removeEvaluation(id: HypothesisId): void {
    this.writer.remove(layout.evaluationFile(this.root, id));
  }

  /** Removes what was computed from a hypothesis: its trials' records, its experiment, its evaluation. Folders stay. */
  forgetHypothesis(id: HypothesisId): void {
    const hypothesis = layout.canonicalHypothesisId(id);
    for (const trial of this.listTrials(layout.iterationOf(id))) {
      if (parseTrialId(trial)?.hypothesisId === hypothesis) this.removeTrial(trial);
    }
    this.removeExperiment(id);
    this.removeEvaluation(id);
  }

  // ---- Folders of attempts at trials

  trialDir(id: TrialId, attempt: number): string {
    return layout.trialDir(this.root, id, attempt);
  }

  /** Where a process that runs an attempt leaves what a later AURA goes on with. */
  runningDir(id: TrialId, attempt: number): string {
    return layout.runningDir(this.root, id, attempt);
  }

  logFiles(id: TrialId, attempt: number): LogFiles {
    return layout.logFiles(this.root, id, attempt);
  }

  /**
   * The first attempt that neither the trial's record nor a file of its own knows, so that no attempt finds another's
   * files. `record` is the trial's, for who has it at hand.
   */
  nextAttempt(id: TrialId, record = this.readTrialRecord(id)): number {
    const recorded = record?.attempts.map(({ attempt }) => attempt) ?? [];
    let next = Math.max(0, ...recorded) + 1;
    while (this.hasTraces(id, next)) next += 1;
    return next;
  }

  /** Whether an attempt left more than what is made for it before it begins: parameters come last, after any copy. */
  hasTraces(id: TrialId, attempt: number): boolean {
    const { stdout, stderr } = this.logFiles(id, attempt);
    if ([stdout, stderr, this.runningDir(id, attempt)].some((path) => this.#isTaken(path))) return true;
    const names = this.files.list(this.trialDir(id, attempt))?.map(({ name }) => name) ?? [];
    return names.includes(layout.PARAMS_FILE) ? names.length > 1 : names.some((name) => name !== layout.PROJECT_COPY);
  }

  /** Makes the folder of an attempt, for its owner only. Throws `WorkspaceError` ("usage") when it was begun before. */
  makeAttemptFolder(id: TrialId, attempt: number): string {
    const folder = this.trialDir(id, attempt);
    if (this.hasTraces(id, attempt))
      throw new WorkspaceError("usage", `${folder} is there already: take the next attempt`);
    this.writer.assertWritable();
    // Of an attempt that was never begun.
    if (this.#isTaken(folder)) this.files.remove(folder);
    this.files.makeDirectory(folder, 0o700);
    return folder;
  }

  #isTaken(path: string): boolean {
    return this.files.stat(path) !== null;
  }
}
