import { isAbsolute, join, normalize, relative } from "node:path";
import type { ArtifactsView, CopyChanges, EditCopies, ProposalProblem, RunContext } from "../kernel/context.ts";
import type { EntryKind, Files } from "../kernel/effects.ts";
import { RunFailedError, SpecError, WorkspaceError } from "../kernel/errors.ts";
import { type Artifact, artifactKind, artifactPath } from "../model/artifact.ts";
import type { Edit, Hypothesis } from "../model/hypothesis.ts";
import { parseHypothesisId } from "../model/ids.ts";
import type { CarriedState } from "../model/iteration.ts";
import type { TakenProject } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import type { Failure } from "../model/trial.ts";
import { copiesDir, hypothesisFile } from "../workspace/layout.ts";
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
import type { InputGuard } from "./inputs.ts";
import type { TrialFolders } from "./keep.ts";
import type { ManifestKeeper } from "./manifest.ts";
import { startFrom } from "./prior.ts";

/** A recorded state, or why there is none. */
export type StateResult =
  | { readonly ok: true; readonly snapshot: string }
  | { readonly ok: false; readonly failure: Failure };

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

/** What of the user's project a run has taken in. */
export interface OpenedProject {
  /** `null` when the spec tracks no artifacts. */
  readonly artifacts: ArtifactStates | null;
  readonly copies: ProjectCopies;
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

  const copies: ProjectCopies = {
    async make(state, target) {
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
    },
    capture(target, base) {
      const taken = keeper.manifest.project;
      const rulesOf = taken ? [taken.files, taken.artifacts] : [];
      const captured = captureTrialCopy(store, target, tracked, { base, rulesOf, outer, isWorkspace, inputs });
      if (captured.ok) for (const { code, message } of captured.warnings) run.emit({ type: "warning", code, message });
      return captured;
    },
    changes(target, base) {
      const taken = keeper.manifest.project;
      if (!taken) throw new RunFailedError(`there is no copy of the project at ${target}`);
      const { files, artifacts } = taken;
      const made = { project: files, start: artifacts, base, tracked, inputs, target };
      return changesInCopy(store, { ...made, outer, isWorkspace });
    },
  };
  if (tracked.length === 0) return { artifacts: null, copies };

  const taken = await project();
  const { start = taken.artifacts } = taken;
  const bounds = { tracked, isWorkspace, inputs };
  return {
    copies,
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
        return { reason: made.message, ...(made.nearest === null ? {} : { nearest: made.nearest }) };
      },
      view: (base) =>
        createArtifactsView(store, {
          base: base.snapshot,
          parent: parentOf(workspace, base) ?? start,
          start,
          baseOf: base.hypothesisId,
        }),
      carry: (state) => setCarried(store, state),
    },
  };
}

/** The state that the hypothesis whose state this is was made from. */
function parentOf(workspace: Workspace, { hypothesisId }: CarriedState): string | undefined {
  const made = parseHypothesisId(hypothesisId);
  return made === null ? undefined : workspace.readIteration(made.iteration)?.base?.snapshot;
}

interface EditCopiesDeps {
  readonly workspace: Workspace;
  readonly project: ProjectCopies;
  readonly inputs: InputGuard;
  readonly folders: TrialFolders;
}

/** Copies of the project in the base state of an iteration, under its `copies` folder. */
export function createEditCopies(deps: EditCopiesDeps, iteration: number, base: CarriedState): EditCopies {
  const { workspace, project, inputs, folders } = deps;
  return {
    async make(name) {
      const dir = `${copiesDir(workspace.root, iteration)}/${name}`;
      workspace.assertWritable();
      inputs.assertUnchanged();
      await project.make(base.snapshot, dir);
      return {
        dir,
        changes() {
          const input = inputs.changed();
          if (input === null) return project.changes(dir, base.snapshot);
          const message = `an input was changed, which is read-only data: ${input}`;
          return { ok: false, failure: { code: "input-changed", message } };
        },
        remove: () => folders.remove(dir),
      };
    },
  };
}

/**
 * Throws `SpecError` for artifacts of a pipeline in code that are something else than they are said to be, are links, or
 * are read-only inputs as well. What is missing is told when it is read.
 */
export function assertArtifacts(
  artifacts: readonly (string | Artifact)[],
  { root, inputs }: Pick<RunSettings, "root" | "inputs">,
  files: Files,
): void {
  for (const artifact of artifacts) {
    const path = artifactPath(typeof artifact === "string" ? artifact : artifact.path);
    const name = `the tracked artifact ${JSON.stringify(path)}`;
    const kind = kindAt(join(root, path), files);
    const said = artifactKind(artifact);
    if (said === "file" && kind === "directory") {
      throw new SpecError(`${name} is a folder: track it with a DirectoryArtifact`);
    }
    if (said === "directory" && kind === "file") {
      const remedy =
        typeof artifact === "string" ? "write it without the / at its end" : "track it with a FileArtifact";
      throw new SpecError(`${name} is a file: ${remedy}`);
    }
    const isInAnother = artifacts.some((other) => {
      const folder = artifactPath(typeof other === "string" ? other : other.path);
      return folder !== path && isWithin(path, folder);
    });
    const problem = placeProblem(path, root, files, isInAnother);
    if (problem !== null) throw new SpecError(`${name} ${problem}`);
    const input = inputs.map((one) => tidy(one.path)).find((one) => isWithin(path, one));
    if (input !== undefined) {
      const relation = input === path ? "is" : "contains";
      throw new SpecError(
        `the input ${JSON.stringify(input)} ${relation} ${name}: trials would get the read-only input there, and edits would not be used; name it as one of the two only`,
      );
    }
  }
}

/** Why what is at a path cannot be tracked. `isInAnother`: links in a tracked folder are part of it. */
export function placeProblem(path: string, root: string, files: Files, isInAnother: boolean): string | null {
  if (path === ".") return null;
  const names = path.split("/");
  const folders = names.slice(1).map((_, place) => names.slice(0, place + 1).join("/"));
  const link = folders.find((folder) => files.stat(join(root, folder))?.kind === "symlink");
  if (link !== undefined) return `lies behind ${link}, which is a symbolic link; track what the link leads to`;
  const kind = files.stat(join(root, path))?.kind;
  if (kind === "other") return "is no file, folder or link";
  if (kind !== "symlink") return null;
  const [realRoot, real] = [files.realPath(root), files.realPath(join(root, path))];
  if (realRoot === null || real === null) return null;
  if (!isWithin(real, realRoot)) return "is a link that leads out of the project; track a copy of what it leads to";
  if (isInAnother) return null;
  return `is a symbolic link, and nothing but the link would be tracked; name what it leads to: ${relative(realRoot, real) || "."}`;
}

function kindAt(path: string, files: Files): EntryKind | null {
  const stat = files.stat(path);
  if (stat?.kind !== "symlink") return stat?.kind ?? null;
  const real = files.realPath(path);
  return real === null ? null : (files.stat(real)?.kind ?? null);
}

/** Paths relative to `root` of what is not copied with the project: inputs, which have a place of their own, and what trials may not see. */
export function keptOut({ root, inputs, hidden }: Pick<RunSettings, "root" | "inputs" | "hidden">): readonly string[] {
  return [...inputs.map(({ path }) => path), ...hidden.map((path) => relative(root, path))];
}

/** A path relative to the folder, as it is written in records, without a slash at its end unless it is all of the path. */
export function tidy(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}
