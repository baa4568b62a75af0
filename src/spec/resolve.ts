import type { AnyDefinition, ToolProbe } from "../kernel/define.ts";
import { type Effects, NEVER } from "../kernel/effects.ts";
import { type Diagnostic, ToolMissingError } from "../kernel/errors.ts";
import type { Emit } from "../kernel/events.ts";
import { assertArgument, isObject } from "../kernel/given-options.ts";
import type { Evaluator, Experimenter, ProbeContext, Researcher, Reviewer, Runner } from "../kernel/ports.ts";
import { createRedactor } from "../kernel/redact.ts";
import { defined } from "../model/json.ts";
import type { RunSettings } from "../model/settings.ts";
import type { RecordedSpec } from "../pipeline/options.ts";
import { hiddenPaths } from "../pipeline/options.ts";
import { systemEffects } from "../platform/system.ts";
import { ComponentBuilder } from "./build.ts";
import { specChanges, specSources } from "./drift.ts";
import type { LoadedSpec } from "./load.ts";
import { settingsOf } from "./settings.ts";
import { knownComponents, sitesOf } from "./sites.ts";

/** Everything a pipeline needs but the workspace: `new Pipeline({ ...resolved, workspace })`. */
export interface ResolvedRun {
  readonly settings: RunSettings;
  readonly researcher: Researcher;
  readonly experimenter: Experimenter;
  readonly evaluator: Evaluator;
  readonly reviewer: Reviewer;
  readonly loaded: LoadedSpec;
  /** Values that no record, log, event or message is to hold. */
  readonly secrets: readonly string[];
  /** Variables that no process of the run gets unless the spec says so: keys of model providers. */
  readonly keyVariables: readonly string[];
  readonly spec: Required<RecordedSpec>;
}

export interface ResolveOptions {
  /** Default: the real file system, processes and environment. */
  readonly effects?: Effects;
  /** Look for the programs that components need. Default true. */
  readonly probe?: boolean;
  /** Gets events of what takes a while, such as an image that is built. */
  readonly emit?: Emit;
}

/**
 * Builds the components of a loaded spec, inner ones first; runners that have a name are built once and shared. Throws
 * `SpecError` for what cannot be built and `ToolMissingError` for a program that is not there.
 */
export async function resolveSpec(loaded: LoadedSpec, options: ResolveOptions = {}): Promise<ResolvedRun> {
  assertArgument("resolveSpec", "loaded", loaded, { expected: "what loadSpec gives", holds: isObject });
  const { effects = systemEffects(), probe = true, emit } = options;
  const { signal } = new AbortController();
  const { spec, dir, registry } = loaded;
  const given = settingsOf(spec, dir);
  if (probe) {
    const definitions = knownComponents(sitesOf(spec, registry)).map(({ definition }) => definition);
    await probeTools(definitions, dir, effects, signal);
  }
  const builder = new ComponentBuilder({
    spec,
    dir,
    registry,
    metric: given.metric,
    effects,
    secrets: loaded.secrets,
  });
  const evaluator = builder.build("evaluator", spec.evaluator ?? { type: "metric" });
  const experimenter = builder.build("experimenter", spec.experimenter);
  const settings = { ...given, hidden: hiddenPaths([evaluator, experimenter], given.root) };
  const researcher = builder.build("researcher", spec.researcher);
  const reviewer = builder.build("reviewer", spec.reviewer ?? { type: "none" });
  const stages = { researcher, experimenter, evaluator, reviewer };
  if (probe) {
    const { error } = createRedactor(loaded.secrets);
    await probeStages(stages, { settings, effects, signal, ...defined({ emit }) }).catch((thrown) =>
      Promise.reject(error(thrown)),
    );
  }
  const sources = specSources(loaded, effects.files);
  return {
    settings,
    ...stages,
    loaded,
    secrets: loaded.secrets,
    keyVariables: loaded.keyVariables,
    spec: {
      text: loaded.text,
      raw: loaded.raw,
      hash: loaded.specHash,
      overrides: loaded.overrides,
      file: loaded.path,
      sources,
      changes: (previous) => specChanges(previous, loaded.raw, sources(previous.runId), loaded.registry),
    },
  };
}

/** The first program that is not there, of those that show without starting or making anything; for a dry run. */
export async function missingProgram(run: ResolvedRun, effects: Effects): Promise<ToolMissingError | null> {
  const { settings } = run;
  try {
    await probeStages(run, { settings, effects, signal: NEVER, onlyLook: true });
    return null;
  } catch (thrown) {
    if (thrown instanceof ToolMissingError) return thrown;
    throw thrown;
  }
}

/** What a run of this will warn of, as far as its spec tells; for those who run nothing. */
export function trialWarnings({ experimenter, settings, loaded: { file } }: ResolvedRun): readonly Diagnostic[] {
  return (experimenter.warnings?.(settings) ?? []).map(({ message }) => ({ file, path: "experimenter", message }));
}

type Stages = Pick<ResolvedRun, "researcher" | "experimenter" | "evaluator" | "reviewer">;

/** Has the stages and their runners look for what they need. */
async function probeStages(
  { researcher, experimenter, evaluator, reviewer }: Stages,
  ctx: ProbeContext,
): Promise<void> {
  const stages: readonly object[] = [researcher, experimenter, evaluator, reviewer];
  const runners = stages.filter(asksRunner).map(({ runner }) => runner);
  for (const part of [experimenter, evaluator, ...runners]) await part.probe?.(ctx);
}

/** Whether a part has a runner of its own. */
export function asksRunner(part: object): part is { readonly runner: Runner } {
  return "runner" in part && typeof part.runner === "object" && part.runner !== null;
}

const PROBE_TIMEOUT_MS = 20_000;
const GRACE_MS = 500;
const OUTPUT_LIMIT = 1024 * 1024;
const PASSED = ["PATH", "HOME", "USER", "LANG", "TMPDIR"] as const;

/** Runs the probe of every program that these components need, each once. Throws `ToolMissingError` for the first that fails. */
async function probeTools(
  definitions: readonly Pick<AnyDefinition, "requires">[],
  cwd: string,
  effects: Effects,
  signal: AbortSignal,
): Promise<void> {
  const probes = new Map<string, ToolProbe>();
  for (const { requires = [] } of definitions) for (const probe of requires) probes.set(JSON.stringify(probe), probe);
  const failures = await Promise.all([...probes.values()].map((probe) => probeTool(probe, cwd, effects, signal)));
  const failed = failures.find((failure) => failure !== null);
  if (failed) throw failed;
}

/** What is wrong with a program that components need, or `null`. */
async function probeTool(
  { tool, args, hint }: ToolProbe,
  cwd: string,
  { processes, variables }: Effects,
  signal: AbortSignal,
): Promise<ToolMissingError | null> {
  const env = Object.fromEntries(PASSED.map((name) => [name, variables.get(name) ?? ""]).filter(([, value]) => value));
  const bounds = { timeoutMs: PROBE_TIMEOUT_MS, graceMs: GRACE_MS, outputLimitBytes: OUTPUT_LIMIT };
  const result = await processes.run({ file: tool, args, cwd, env, ...bounds }, signal);
  if (result.end === "exited" && result.exitCode === 0) return null;
  const said =
    result.stderrTail.trim().split("\n")[0]?.trim() || `exit code ${result.exitCode ?? result.signal ?? "?"}`;
  const command = [tool, ...args].join(" ");
  const message = `${tool} is needed and does not work: \`${command}\`: ${result.message ?? said}\n${hint}`;
  return new ToolMissingError(tool, message);
}
