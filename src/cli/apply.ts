import { resolve } from "node:path";
import { WorkspaceError } from "../kernel/errors.ts";
import type { ApplyPlan } from "../model/apply.ts";
import { isTracked } from "../model/tree-path.ts";
import { systemEffects } from "../platform/system.ts";
import { terminalLine } from "../text/printable.ts";
import {
  applyState,
  findState,
  lastApplied,
  planApply,
  type Recovery,
  readApplies,
  recoverApply,
} from "../workspace/states/index.ts";
import { writePatch } from "./apply-patch.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";
import { undisturbed } from "./signals.ts";
import { openStates, projectOf, type StatesOfRun } from "./states.ts";
import { sayWaiting } from "./waiting.ts";

interface ApplyFlags {
  readonly to?: string;
  readonly patch?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `aura apply <workspace> [state]`: writes a recorded state to the project, to a folder, or as a patch. */
export async function apply(place: string, state: string, flags: ApplyFlags): Promise<number> {
  return guarded(flags, async (): Promise<Answer<OutputOf<"apply-output">>> => {
    refuseMixedFlags(flags);
    const effects = systemEffects();
    const run = await openStates(resolve(place), effects);
    const { snapshot, hypothesisId } = findState(run.records, state);
    const { patch } = flags;
    if (patch !== undefined) return writePatch({ ...flags, patch }, run, snapshot);
    const goal: Goal = { run, snapshot, target: flags.to === undefined ? projectThere(run) : resolve(flags.to) };
    if (flags.dryRun) {
      tellUnfinished(run);
      return answer(planned(goal), hypothesisId, true);
    }
    using _ = await run.workspace.lock({ onWait: sayWaiting(run.workspace) });
    return undisturbed(() => {
      const done = recoverApply(run.store, { force: flags.force === true, target: goal.target });
      for (const one of done) process.stderr.write(`${recovered(one)}\n`);
      const plan = planned(goal);
      applyState(run.store, plan, { force: flags.force === true, now: effects.clock.now() });
      return answer(plan, hypothesisId, false);
    });
  });
}

interface Goal {
  readonly run: StatesOfRun;
  readonly snapshot: string;
  readonly target: string;
}

function refuseMixedFlags({ to, patch }: ApplyFlags): void {
  if (to === "") throw new WorkspaceError("usage", "--to needs a folder, and what was given is empty");
  if (patch === "") throw new WorkspaceError("usage", "--patch needs a file, and what was given is empty");
  if (to !== undefined && patch !== undefined)
    throw new WorkspaceError("usage", "--patch writes a patch and --to a folder: give one of them");
}

function planned({ run, snapshot, target }: Goal): ApplyPlan {
  const { store, start, scope } = run;
  const isProject = projectOf(run) === (store.files.realPath(target) ?? target);
  const applied = lastApplied(store, target);
  return planApply(store, {
    target,
    snapshot,
    start,
    isProject,
    isTracked: (path) => isTracked(path, scope),
    ...(applied !== null && { applied }),
  });
}

/** Throws `WorkspaceError` ("usage") when the project is gone. */
function projectThere(run: StatesOfRun): string {
  const project = projectOf(run);
  if (project !== null) return project;
  const { workspace, manifest } = run;
  throw new WorkspaceError(
    "usage",
    `the project of the run in ${workspace.root} was in ${manifest.project?.root}, which does not exist any more\nSay with \`--to DIR\` where to write to, or write a patch with \`--patch FILE\`.`,
  );
}

function recovered({ target, snapshot, outcome, reason }: Recovery): string {
  const what = `an earlier apply of ${snapshot} to ${target} was cut short`;
  switch (outcome) {
    case "finished":
      return `${what}: it is finished now`;
    case "dropped":
      return `${what} before it had replaced anything`;
    case "waiting":
      return `${what}, and still is: ${terminalLine(reason ?? "")}`;
  }
}

function tellUnfinished({ store }: StatesOfRun): void {
  for (const { target, snapshot } of readApplies(store).unfinished) {
    process.stderr.write(
      `an earlier apply of ${snapshot} to ${target} was cut short: the next \`aura apply\` without --dry-run deals with it first\n`,
    );
  }
}

function answer(plan: ApplyPlan, id: string, dryRun: boolean): Answer<OutputOf<"apply-output">> {
  return {
    document: () => ({ dryRun, ...plan }),
    text: () => text(plan, `${dryRun ? "would write" : "wrote"} the state of ${id}`),
  };
}

function text(plan: ApplyPlan, what: string): string {
  const steps = plan.steps.map(({ action, path }) => `  ${action} ${terminalLine(path)}`);
  const conflicts = plan.conflicts.map(({ path, reason }) => `  ! ${terminalLine(path)} ${terminalLine(reason)}`);
  const kept = plan.kept.map(
    ({ path, reason }) => `  kept ${terminalLine(path)}, which ${reason} since the start, not by the run`,
  );
  const head = steps.length === 0 ? `${plan.target} is in this state already` : `${what} to ${plan.target}`;
  return `${[head, ...steps, ...conflicts, ...kept].join("\n")}\n`;
}
