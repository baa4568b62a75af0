import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { plainText } from "../kernel/display-text.ts";
import { EXIT, StorageError } from "../kernel/errors.ts";
import { systemEffects } from "../platform/system.ts";
import {
  type ApplyPlan,
  applyState,
  findState,
  lastApplied,
  patchBetween,
  planApply,
  recoverApply,
} from "../workspace/artifacts/index.ts";
import { guarded } from "./guarded.ts";
import { openStates, type StatesOfRun } from "./states.ts";

export interface ApplyFlags {
  readonly to?: string;
  readonly patch?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `aura apply <workspace> [state]`: writes a recorded state to the project, to a folder, or as a patch. */
export async function apply(place: string, state: string, flags: ApplyFlags): Promise<number> {
  return guarded(async () => {
    const effects = systemEffects();
    const run = await openStates(resolve(place), effects);
    const { snapshot } = findState(run.records, state);
    if (flags.patch !== undefined) return writePatch(run, snapshot, flags.patch);
    const target = resolve(flags.to ?? projectOf(run));
    if (flags.dryRun) {
      tell(planned(run, snapshot, target), flags);
      return EXIT.ok;
    }
    const lock = await run.workspace.lock();
    try {
      recoverApply(run.store, { force: flags.force === true });
      const plan = planned(run, snapshot, target);
      applyState(run.store, plan, { force: flags.force === true, now: effects.clock.now() });
      tell(plan, flags);
    } finally {
      lock.release();
    }
    return EXIT.ok;
  });
}

function planned({ store, start }: StatesOfRun, snapshot: string, target: string): ApplyPlan {
  const applied = lastApplied(store, target);
  return planApply(store, { target, snapshot, start, ...(applied === null ? {} : { applied }) });
}

/** The project's folder: the spec's `root`, which is relative to the spec's folder. */
function projectOf({ workspace, manifest }: StatesOfRun): string {
  const specDir = resolve(workspace.root, manifest.specFile ?? ".", "..");
  return typeof manifest.spec.root === "string" ? resolve(specDir, manifest.spec.root) : specDir;
}

function writePatch({ store, start }: StatesOfRun, snapshot: string, file: string): number {
  const { text, binary } = patchBetween(store, start, snapshot);
  try {
    if (file === "-") process.stdout.write(text);
    else writeFileSync(resolve(file), text);
  } catch (thrown) {
    throw new StorageError("write", file, thrown);
  }
  for (const path of binary) process.stderr.write(`not in the patch, because it is binary: ${plainText(path)}\n`);
  if (file !== "-")
    process.stdout.write(
      text === ""
        ? `${file}: empty, nothing differs from the start\n`
        : `${file}: apply it with \`git apply ${file}\`\n`,
    );
  return EXIT.ok;
}

function tell(plan: ApplyPlan, flags: ApplyFlags): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ dryRun: flags.dryRun === true, ...plan }, null, 2)}\n`);
    return;
  }
  const verb = flags.dryRun ? "would write" : "wrote";
  const steps = plan.steps.map(({ action, path }) => `  ${action} ${plainText(path)}`);
  const conflicts = plan.conflicts.map(({ path, reason }) => `  ! ${plainText(path)} ${plainText(reason)}`);
  const head =
    steps.length === 0 ? `${plan.target} is in this state already` : `${verb} ${plan.snapshot} to ${plan.target}`;
  process.stdout.write(`${[head, ...steps, ...conflicts].join("\n")}\n`);
}
