// Generated from the record schemas in src/model by `npm run generate`. Do not edit.
import type { ApplyRecord } from "../../model/apply.ts";
import type { CallRecord } from "../../model/call.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { Insight } from "../../model/insight.ts";
import type { IterationRecord } from "../../model/iteration.ts";
import type { PriorRun } from "../../model/prior.ts";
import type { RunManifest } from "../../model/run.ts";
import type { Trial } from "../../model/trial.ts";

export interface RecordIssue {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Says whether a value fits; when it does not, the first thing that is wrong is in `errors` until the next call. */
export interface RecordValidator<T> {
  (value: unknown): value is T;
  readonly errors?: readonly RecordIssue[] | null;
}

export declare const manifest: RecordValidator<RunManifest>;
export declare const iteration: RecordValidator<IterationRecord>;
export declare const hypothesis: RecordValidator<Hypothesis>;
export declare const trial: RecordValidator<Trial>;
export declare const experiment: RecordValidator<Experiment>;
export declare const evaluation: RecordValidator<Evaluation>;
export declare const insights: RecordValidator<readonly Insight[]>;
export declare const call: RecordValidator<CallRecord>;
export declare const apply: RecordValidator<ApplyRecord>;
export declare const prior: RecordValidator<readonly PriorRun[]>;
