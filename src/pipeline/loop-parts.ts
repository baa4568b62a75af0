import type { RunContext } from "../kernel/context.ts";
import type { Redactor } from "../kernel/redact.ts";
import type { Semaphore } from "../kernel/semaphore.ts";
import type { SettingChange } from "../model/iteration.ts";
import type { RunTotals } from "../model/run.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Caps } from "./caps.ts";
import type { StopSignals } from "./ending.ts";
import type { RunHistory } from "./history.ts";
import type { InputGuard } from "./inputs.ts";
import type { TrialFolders } from "./keep.ts";
import type { Survivors } from "./leftovers.ts";
import type { ArtifactStates, OpenedProject } from "./project.ts";
import type { Requests } from "./requests.ts";
import type { Spending } from "./spending.ts";
import type { Stages } from "./stages.ts";
import type { Gate } from "./stopping.ts";

/** Everything the iterations of a run work with. */
export interface Loop {
  readonly stages: Stages;
  readonly run: RunContext;
  readonly workspace: Workspace;
  readonly history: RunHistory;
  readonly spending: Spending;
  readonly caps: Caps;
  readonly slots: Semaphore;
  readonly survivors: Survivors;
  readonly signals: StopSignals;
  /** Aborted by either of them. */
  readonly stopping: AbortSignal;
  readonly gate: Gate;
  /** What is asked of the run from elsewhere: while it is paused nothing is started. */
  readonly requests: Requests;
  readonly inputs: InputGuard;
  readonly artifacts: ArtifactStates | null;
  readonly copy: OpenedProject["copy"];
  readonly folders: TrialFolders;
  /** Takes secrets out of what is recorded. */
  readonly hide: Redactor;
  /** What of the settings was changed before an iteration, to be recorded with it. */
  readonly changesFor: (iteration: number) => readonly SettingChange[];
  /** Brings the manifest up to date when an iteration is finished; answers the totals as they are on disk now. */
  readonly noteProgress: () => RunTotals;
}
