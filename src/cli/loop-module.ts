import { basename, extname, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { EXIT, isAuraError, messageOf, SpecError } from "../kernel/errors.ts";
import { untilAborted } from "../kernel/interrupted.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { nearFile } from "../spec/meant.ts";
import { shown } from "../text/printable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { userPlace } from "./errors.ts";
import type { RunFlags } from "./flags.ts";

/** A pipeline of this or another copy of the package: all that counts is what it can do. */
export type Loop = Pick<Pipeline, "run" | "subscribe" | "settings">;

/** Whether a file is a module, by its name, and no spec. */
export function isLoopModule(file: string): boolean {
  return /\.[cm]?[jt]s$/.test(file);
}

/** Throws `SpecError` where there is no such module, with the one that was most likely meant. */
export function assertModule(file: string, files: Files): void {
  if (files.realPath(file) !== null) return;
  const { meant } = nearFile(file, resolve(file), files, "module");
  throw new SpecError(`there is no module ${file}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}

/** Where the run of a module goes when nobody says: as for a spec that is called like it. */
export function moduleWorkspace(file: string): string {
  return `runs/${basename(file, extname(file))}`;
}

/** What to write instead of an option that says something about a spec. */
const IN_MODULE = {
  set: "--set changes a value of a spec",
  from: "--from starts the run of a spec: a module says `new Pipeline({ from: … })`",
  dryRun: "--dry-run plans the run of a spec; `aura validate` makes a module's pipeline and runs nothing",
} as const satisfies Partial<Record<keyof RunFlags, string>>;

/** Throws `SpecError` for options that say nothing to a module, such as `--set`. */
export function refuseSpecOptions(file: string, flags: Pick<RunFlags, keyof typeof IN_MODULE>): void {
  const { set = [], from, dryRun } = flags;
  const given = [set.length > 0 && IN_MODULE.set, from !== undefined && IN_MODULE.from, dryRun && IN_MODULE.dryRun];
  const refused = given.filter((one) => typeof one === "string");
  if (refused.length > 0) throw new SpecError(`${file} is a module, not a spec: ${refused.join("; ")}`);
}

const HOW = "end it with: export default (workspace) => new Pipeline({ …, workspace })";

/**
 * The pipeline that a module's default export makes for a workspace. Throws `SpecError` when the module does not load,
 * has no such function, or that fails or gives something else; the signal's reason once it aborts, whatever the module does.
 */
export function loopOf(file: string, workspace: Workspace, signal: AbortSignal): Promise<Loop> {
  return untilAborted(signal, () => madeLoop(file, workspace));
}

async function madeLoop(file: string, workspace: Workspace): Promise<Loop> {
  const { loadModule } = await import("../platform/modules.ts");
  const { default: make } = await loadModule(file);
  if (typeof make !== "function") throw new SpecError(`${file} has no function as its default export; ${HOW}`);
  let made: unknown;
  try {
    made = await make(workspace);
  } catch (thrown) {
    if (isAuraError(thrown) && thrown.exitCode !== EXIT.usage) throw thrown;
    const place = userPlace(thrown) ?? file;
    throw new SpecError(`${place}: the pipeline could not be made: ${messageOf(thrown)}`, [], { cause: thrown });
  }
  if (!isLoop(made))
    throw new SpecError(`what the default export of ${file} gives is ${kind(made)}, no Pipeline; ${HOW}`);
  if (made.workspace !== workspace)
    throw new SpecError(
      `the Pipeline of ${file} has a workspace of its own; give it the one that the function is called with`,
    );
  return made;
}

function isLoop(value: unknown): value is Loop & { readonly workspace: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const { run, subscribe, settings }: { run?: unknown; subscribe?: unknown; settings?: unknown } = value;
  return typeof run === "function" && typeof subscribe === "function" && typeof settings === "object";
}

function kind(value: unknown): string {
  return typeof value === "object" && value !== null ? "another object" : shown(value);
}
