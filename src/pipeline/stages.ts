import type { Evaluator, Experimenter, Researcher, Reviewer } from "../kernel/ports.ts";

/** The four stages of a run. */
export interface Stages {
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly evaluator: Evaluator;
  readonly reviewer: Reviewer;
}
