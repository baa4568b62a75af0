import type { ArtifactsView } from "../kernel/context.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { CarriedState } from "../model/iteration.ts";
import type { Failure } from "../model/trial.ts";

/** The states of the tracked artifacts, as the loop uses them. */
export interface ArtifactStates {
  /** The artifacts as they were when the run started. */
  readonly start: string;
  /** The state a hypothesis runs with: its base with its own edits, and no one else's. */
  stateOf(
    hypothesis: Hypothesis,
    base: CarriedState,
  ): { readonly ok: true; readonly state: string } | { readonly ok: false; readonly failure: Failure };
  view(base: CarriedState): ArtifactsView;
  /** A trial's own copy of the project with the artifacts in this state. */
  copy(state: string | null, target: string): void;
  /** Snapshot id of the tracked artifacts a trial left in its copy. */
  capture(target: string): string;
  /** Makes the workspace's `artifacts/` folder this state. */
  carry(state: string): void;
}
