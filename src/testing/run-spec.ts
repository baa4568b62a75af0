import { builtins } from "../components/builtins.ts";
import type { AnyDefinition } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import type { AuraEvent } from "../kernel/events.ts";
import type { JsonObject } from "../model/json.ts";
import { Pipeline, type RunResult } from "../pipeline/pipeline.ts";
import { systemEffects } from "../platform/system.ts";
import { loadSpec } from "../spec/load.ts";
import { type ResolvedRun, resolveSpec } from "../spec/resolve.ts";
import { Workspace } from "../workspace/workspace.ts";
import type { TemporaryDirectory } from "./temp-dir.ts";

export interface SpecRun {
  readonly result: RunResult;
  readonly workspace: Workspace;
  readonly events: readonly AuraEvent[];
}

export interface SpecRunOptions {
  /** Components besides the built-in ones. */
  readonly definitions?: readonly AnyDefinition[];
  /** Default: the machine's. */
  readonly effects?: Effects;
  readonly signal?: AbortSignal;
  readonly drain?: AbortSignal;
  readonly onEvent?: (event: AuraEvent) => void;
}

/** Loads a spec, given as data, from a folder, and builds what it names after looking for the programs it needs. */
export async function resolveData(
  dir: TemporaryDirectory,
  spec: JsonObject,
  { definitions = [], effects = systemEffects() }: SpecRunOptions = {},
): Promise<ResolvedRun> {
  const known = await builtins();
  const registry = known.with(...definitions.filter(({ kind, type }) => known.find(kind, type) === null));
  const loaded = await loadSpec(dir.write("spec.yaml", JSON.stringify(spec, null, 2)), { registry, effects });
  return resolveSpec(loaded, { effects });
}

/** Runs a spec, given as data, in a folder, or goes on with it: as `aura run` and `aura resume` do. */
export async function runData(
  dir: TemporaryDirectory,
  spec: JsonObject,
  options: SpecRunOptions = {},
): Promise<SpecRun> {
  const { effects = systemEffects(), signal, drain, onEvent } = options;
  const resolved = await resolveData(dir, spec, options);
  const workspace = await Workspace.create(dir.join("run"), { effects, ifExists: "resume" });
  const pipeline = new Pipeline({ ...resolved, workspace });
  const events: AuraEvent[] = [];
  pipeline.subscribe((event) => {
    events.push(event);
    onEvent?.(event);
  });
  const result = await pipeline.run({ ...(signal ? { signal } : {}), ...(drain ? { drain } : {}) });
  return { result, workspace, events };
}
