import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAuraError } from "../../../src/kernel/errors.ts";
import type { RunSettings } from "../../../src/model/settings.ts";
import { Pipeline, type RunOptions } from "../../../src/pipeline/pipeline.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import type { Crossing } from "../../support/faults.ts";
import { type FaultPlan, faultyEffects, SimulatedCrash } from "../../support/faults.ts";
import { IN_MEMORY } from "./in-memory.ts";
import { programs } from "./programs.ts";
import { promisesOf } from "./reference-model.ts";
import { layOut, loopOf, modelOf, type Place, programsOf, tallyOf } from "./scenario.ts";

/** How one process's part of a run went. */
export interface Life {
  readonly crossings: readonly Crossing[];
  readonly crashed: boolean;
  /** What the command would have exited with; `null` after a crash. */
  readonly exitCode: number | null;
  readonly thrown: unknown;
  /** Promises this life broke. */
  readonly broken: readonly string[];
}

export interface LifeOptions extends RunOptions {
  readonly settings?: Partial<RunSettings>;
  /** Goes on although something has changed that scores depend on. */
  readonly acceptChange?: boolean;
}

/** A place for one run that is gone afterwards. */
export async function inPlace<T>(use: (place: Place) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(IN_MEMORY, "aura-faults-"));
  try {
    return await use(layOut(dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Starts or resumes the scenario as a process of its own would, with a fault in its effects. */
export async function live(place: Place, plan: FaultPlan | null = null, options: LifeOptions = {}): Promise<Life> {
  const { settings, acceptChange, ...stop } = options;
  const system = systemEffects();
  const rig = faultyEffects({ ...system, processes: programs(programsOf(place), system.processes) }, plan);
  const promises = promisesOf(place.workspace, () => tallyOf(place));
  const life = (exitCode: number | null, thrown: unknown): Life => ({
    crossings: rig.crossings,
    crashed: rig.crashed,
    exitCode,
    thrown,
    broken: promises.broken(),
  });
  try {
    const workspace = await Workspace.create(place.workspace, { effects: rig.effects, ifExists: "resume" });
    const loop = loopOf(place, workspace, rig.wrapCall("model", modelOf(place)), settings);
    const { exitCode } = await new Pipeline({ ...loop, ...(acceptChange ? { acceptChange } : {}) }).run(stop);
    return life(exitCode, null);
  } catch (thrown) {
    if (rig.crashed && isCrash(thrown)) return life(null, thrown);
    return life(isAuraError(thrown) ? thrown.exitCode : 1, thrown);
  }
}

function isCrash(thrown: unknown): boolean {
  return thrown instanceof SimulatedCrash || (thrown instanceof Error && isCrash(thrown.cause));
}
