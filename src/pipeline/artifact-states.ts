import type { ArtifactsView, CopyChanges } from "../kernel/context.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { CarriedState } from "../model/iteration.ts";
import type { Failure } from "../model/trial.ts";

/** A recorded state, or why there is none. */
export type StateResult =
  | { readonly ok: true; readonly snapshot: string }
  | { readonly ok: false; readonly failure: Failure };

/** The states of the tracked artifacts, as the loop uses them. */
export interface ArtifactStates {
  /** The artifacts as they were when the run started. */
  readonly start: string;
  /** The state a hypothesis runs with: its base with its own edits, and no one else's. */
  stateOf(hypothesis: Hypothesis, base: CarriedState): StateResult;
  view(base: CarriedState): ArtifactsView;
  /** Makes the workspace's `artifacts/` folder this state. */
  carry(state: string): void;
}

/** Own copies of the project, for trials and for programs that edit in place. */
export interface ProjectCopies {
  /** Makes a copy at `target`, an absolute path where nothing is. `state`: of the artifacts; `null` when none are tracked. */
  make(state: string | null, target: string): Promise<void>;
  /** The state of the tracked artifacts in a copy that was made with `base`. */
  capture(target: string, base: string): StateResult;
  /** What is different in a copy that was made with `base`, as edits to it. */
  changes(target: string, base: string): CopyChanges;
}
