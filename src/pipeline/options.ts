import type { Evaluator, Experimenter, Researcher, Reviewer } from "../kernel/ports.ts";
import type { SettingChange } from "../model/iteration.ts";
import type { JsonObject } from "../model/json.ts";
import type { RunManifest, SourceRecord } from "../model/run.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { SettingsOptions } from "./settings.ts";

/** The parts of a run. Only the four stages and the workspace are needed; `settings` is what a spec would say. */
export interface PipelineOptions extends SettingsOptions {
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly evaluator: Evaluator;
  readonly reviewer?: Reviewer;
  readonly workspace: Workspace;
  /** The spec as loaded, for the manifest and for comparing on resume; absent for pipelines written in code. */
  readonly spec?: RecordedSpec;
  /** Values that no record, log, event or message is to hold, such as those of a spec's `${VAR}`. Default: none. */
  readonly secrets?: readonly string[];
  /** Variables that hold keys of model providers, besides those whose names say so. Default: none. */
  readonly keyVariables?: readonly string[];
  /** Run failed hypotheses again: all of them, or these. */
  readonly retryFailed?: true | readonly string[];
}

/** A change of the settings, and whether scores depend on it: one that they do depend on no run goes on with. */
export interface JudgedChange extends SettingChange {
  readonly scores: boolean;
}

/** What of a spec a workspace keeps. */
export interface RecordedSpec {
  /** The file's text as the user wrote it. */
  readonly text: string;
  /** Defaults filled in, overrides applied, `${VAR}` unexpanded. */
  readonly raw: JsonObject;
  readonly hash: string;
  readonly overrides: JsonObject;
  /** Absolute path of the spec's file. */
  readonly file: string;
  /** What the spec takes from elsewhere, by hashes of the run of this id. Default: nothing. */
  readonly sources?: (runId: string) => readonly SourceRecord[];
  /** How it and what it takes from elsewhere differ from what a run recorded, and what of that scores depend on. */
  readonly changes: (previous: RunManifest) => readonly JudgedChange[];
}
