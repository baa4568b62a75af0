import { isAbsolute } from "node:path";
import type { ArtifactsView, CopyChanges, ProposalProblem, RunContext } from "../kernel/context.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import type { Edit, Hypothesis } from "../model/hypothesis.ts";
import { parseHypothesisId } from "../model/ids.ts";
import type { CarriedState } from "../model/iteration.ts";
import type { TakenProject } from "../model/run.ts";
import type { Failure } from "../model/trial.ts";
import { clipLines } from "../text/printable.ts";
import { hypothesisFile } from "../workspace/layout.ts";
import {
  applyEdits,
  captureProject,
  captureTrialCopy,
  changesInCopy,
  createArtifactsView,
  EditRefused,
  idOf,
  makeTrialCopy,
  projectExcludes,
  SnapshotStore,
  setCarried,
  tryEdits,
  workspacesIn,
} from "../workspace/states/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ManifestKeeper } from "./manifest.ts";
import { startFrom } from "./prior.ts";
import { keptOut } from "./trackable.ts";

/** A recorded state, or why there is none. */
export type StateResult =
  | { readonly ok: true; readonly snapshot: string }
  | { readonly ok: false; readonly failure: Failure };

/** Characters of an edit that could not be made in the record of its proposal. */
const RECORDED_EDIT = 2000;

/** The states of the tracked artifacts, as the loop uses them. */
export interface ArtifactStates {
  /** The artifacts as the run started with them: the user's, or those of an earlier run. */
  readonly start: string;
  /** The state a hypothesis runs with: its base with its own edits, and no one else's. */
  stateOf(hypothesis: Hypothesis, base: CarriedState): string;
  /** The id of that state, of which nothing is stored; `null` when the edits cannot be made. */
  idOfState(hypothesis: Pick<Hypothesis, "edits">, base: CarriedState): string | null;
  /** Why edits cannot be made to a state. Nothing is stored. */
  problemOf(edits: readonly Edit[], base: CarriedState): ProposalProblem | null;
  view(base: CarriedState): ArtifactsView;
  /** Makes the workspace's `artifacts/` folder this state. */
  carry(state: string): void;
  /** The state of the tracked artifacts in a copy of the project that was made with `base`. */
  capture(target: string, base: string): StateResult;
  /** What is different in a copy that was made with `base`, as edits to it. */
  changes(target: string, base: string): CopyChanges;
}

/** What of the user's project a run has taken in. */
export interface OpenedProject {
  /** `null` when the spec tracks no artifacts. */
  readonly artifacts: ArtifactStates | null;
  /**
   * Makes a copy of the project at `target`, an absolute path where nothing is. `state`: of the artifacts; `null` when
   * none are tracked.
   */
  copy(state: string | null, target: string): Promise<void>;
}

/**
 * Opens the run's states. The user's files are read once in the life of a run: at its start when it tracks artifacts,
 * else when a trial first asks for a copy; from then on their snapshots are used.
 */
export async function openProject(
  run: RunContext,
  workspace: Workspace,
  keeper: ManifestKeeper,
): Promise<OpenedProject> {
  const { settings, effects } = run;
  const tracked = settings.artifacts;
  const store = new SnapshotStore(workspace.root, effects.files, () => workspace.assertWritable());
  const inputs = settings.inputs.map(({ path }) => path);
  const isWorkspace = workspacesIn(effects.files, settings.root, workspace.root);
  const outer = projectExcludes(effects.files, settings.root);
  let toldOutside = false;
  let reading: Promise<TakenProject> | null = null;

  const read = async (): Promise<TakenProject> => {
    const { project: known } = keeper.manifest;
    if (known) return known;
    const request = { root: settings.root, tracked, patterns: settings.files, inputs: keptOut(settings) };
    const readAt = effects.clock.now().toISOString();
    const captured = await captureProject(store, request, effects, run.signal);
    for (const { code, message } of captured.warnings) run.emit({ type: "warning", code, message });
    const scope = { tracked, patterns: settings.files, inputs: inputs.filter((path) => !isAbsolute(path)) };
    const artifacts = captured.artifacts.id;
    const { from } = keeper.manifest;
    const start = from === undefined ? artifacts : startFrom(workspace, store, artifacts, scope, from);
    const project: TakenProject = {
      files: captured.project.id,
      artifacts,
      ...(start === artifacts ? {} : { start }),
      root: settings.root,
      readAt,
      scope,
    };
    keeper.tookIn(project);
    return project;
  };
  const project = (): ReturnType<typeof read> => {
    reading ??= read();
    return reading;
  };

  const copy: OpenedProject["copy"] = async (state, target) => {
    const { files } = await project();
    const outside = makeTrialCopy(store, {
      project: files,
      artifacts: state,
      tracked,
      inputs: settings.inputs,
      target,
    });
    if (outside.length > 0 && !toldOutside) {
      toldOutside = true;
      const names = outside.map((input) => input.path).join(", ");
      const message = `inputs outside the project have no place in a trial's copy of it: ${names}; trials find them by {aura.inputs...}`;
      run.emit({ type: "warning", code: "inputs-outside", message });
    }
  };
  if (tracked.length === 0) return { artifacts: null, copy };

  const taken = await project();
  const { start = taken.artifacts } = taken;
  const bounds = { tracked, isWorkspace, inputs };
  return {
    copy,
    artifacts: {
      start,
      stateOf: ({ id, edits = [] }, base) => {
        const made = applyEdits(store, base.snapshot, edits, bounds);
        if (made.ok) return made.snapshot;
        const why = `${made.failure.message}, though it could when it was proposed`;
        throw new WorkspaceError(
          "damaged",
          `${hypothesisFile(workspace.root, id)} is not as it was: ${why}; restore it`,
        );
      },
      idOfState: ({ edits = [] }, base) => {
        const made = edits.length === 0 ? null : tryEdits(store, base.snapshot, edits, bounds);
        return made === null ? base.snapshot : made instanceof EditRefused ? null : idOf(made);
      },
      problemOf: (edits, base) => {
        const made = edits.length === 0 ? null : tryEdits(store, base.snapshot, edits, bounds);
        if (!(made instanceof EditRefused)) return null;
        const { message: reason, nearest, edit } = made;
        return {
          reason,
          ...(nearest === null ? {} : { nearest }),
          ...(edit === null ? {} : { edit: clipLines(JSON.stringify(edit), RECORDED_EDIT) }),
        };
      },
      view: (base) =>
        createArtifactsView(store, {
          base: base.snapshot,
          parent: parentOf(workspace, base) ?? start,
          start,
          baseOf: base.hypothesisId,
        }),
      carry: (state) => setCarried(store, state),
      capture(target, base) {
        const rulesOf = [taken.files, taken.artifacts];
        const captured = captureTrialCopy(store, target, tracked, { base, rulesOf, outer, isWorkspace, inputs });
        if (captured.ok)
          for (const { code, message } of captured.warnings) run.emit({ type: "warning", code, message });
        return captured;
      },
      changes(target, base) {
        const { files, artifacts } = taken;
        const made = { project: files, start: artifacts, base, tracked, inputs, target };
        return changesInCopy(store, { ...made, outer, isWorkspace });
      },
    },
  };
}

/** The state that the hypothesis whose state this is was made from. */
function parentOf(workspace: Workspace, { hypothesisId }: CarriedState): string | undefined {
  const made = parseHypothesisId(hypothesisId);
  return made === null ? undefined : workspace.readIteration(made.iteration)?.base?.snapshot;
}
