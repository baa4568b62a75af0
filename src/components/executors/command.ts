import { isAbsolute, join, normalize, sep } from "node:path";
import type { RunContext, ScoringTerms, TrialContext } from "../../kernel/context.ts";
import type { AnyDefinition, ComponentDeps, ToolProbe } from "../../kernel/define.ts";
import { messageOf, SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { assertArgument, assertOptions, type Expectation } from "../../kernel/given-options.ts";
import type {
  Command,
  ExecutionEnvironment,
  Executor,
  PreparedEnvironment,
  ProbeContext,
  RawResult,
  Starter,
  TrialWarning,
} from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, type JsonValue } from "../../model/json.ts";
import { commandText, type RunSettings } from "../../model/settings.ts";
import { isWithinAny } from "../../model/tree-path.ts";
import {
  type AuraName,
  CommandError,
  type CommandTemplate,
  type CommandValues,
  compileCommand,
  compileText,
  parameterVariables,
  type TextTemplate,
} from "../../platform/command.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import type { HouseSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { minimalEnvironment, ownEnvironment, refusedVariable, withheldMessage } from "../process-environment.ts";
import { unconfined, unhidden } from "./isolation.ts";
import { Dispatch, runJob } from "./jobs.ts";
import {
  COMMAND,
  checkProcessOptions,
  limitGap,
  limitsHeld,
  PROCESS_OPTIONS,
  type ProcessOptions,
  type ProcessSpecOptions,
  processOptionProperties,
  toProcessOptions,
} from "./process-options.ts";

/** A command with what it is compiled to. */
interface Compiled {
  readonly source: string | readonly string[];
  readonly shell: boolean;
  readonly template: CommandTemplate;
}

/**
 * Runs the command of each trial, and of each check, the way its starter says. Its values, environment, timeout, limits,
 * output and logs, the search for its program and what is left after it are the same whatever the starter does. Throws
 * `CommandError` for a command that cannot be used.
 */
export class CommandExecutor implements Executor {
  readonly cwd: "root" | "copy";
  readonly passEnv: readonly string[];
  readonly #command: Compiled;
  readonly #env: readonly (readonly [string, TextTemplate])[];
  readonly #options: ProcessOptions;
  #starter: Starter;
  /** The environment's, which is the starter or inside of it. */
  #given: Starter | null = null;
  #dispatch: Dispatch;
  /** Told once, by the first trial: a run has not begun yet when its parts are set up. */
  #warnings: TrialWarning[] = [];

  /** `own`: what a subclass's options may be, besides those that all have. */
  constructor(
    command: string | readonly string[],
    options: ProcessOptions = {},
    starter: Starter = {},
    own: Readonly<Record<string, Expectation>> = {},
  ) {
    assertArgument(new.target.name, "command", command, COMMAND);
    assertOptions(new.target.name, options, { ...PROCESS_OPTIONS, ...own });
    this.cwd = options.cwd ?? "root";
    this.#starter = starter;
    this.passEnv = options.passEnv ?? [];
    this.#dispatch = new Dispatch(starter);
    this.#options = options;
    this.#command = compiled(command, options.shell ?? false);
    this.#env = Object.entries(options.env ?? {}).map(([name, value]) => [name, compileText(String(value))]);
    for (const name of [...Object.keys(options.env ?? {}), ...this.passEnv]) {
      const refused = refusedVariable(name);
      if (refused !== null) throw new CommandError(refused);
    }
  }

  /** Whether trials that outlive AURA are gone on with: with `on_crash: end`, those of a starter of its own only to end them. */
  get adopts(): boolean {
    const { start, adopt } = this.#starter;
    return adopt !== undefined || (!start && this.#options.onCrash !== "end");
  }

  get starter(): Starter {
    return this.#starter;
  }

  get terms(): ScoringTerms {
    const { timeoutMs, limits } = this.#options;
    return { command: commandText(this.#command.source), ...defined({ timeoutMs }), limits: defined({ ...limits }) };
  }

  warnings(settings: RunSettings): readonly TrialWarning[] {
    return unhidden(settings, this.starter);
  }

  startBy(starter: Starter): void {
    if (starter === this.#given) return;
    this.#given = starter;
    const isPlain =
      Object.keys(this.#starter).length === 0 && Object.getPrototypeOf(this.#starter) === Object.prototype;
    const around = starter.startsItself ? undefined : this.#starter.around?.(starter);
    const joined = isPlain ? starter : around;
    if (!joined)
      throw new SpecError(
        "this executor does not go with an environment that starts commands itself; use `script`, or `slurm` without `inside`",
      );
    this.#starter = joined;
    this.#dispatch = new Dispatch(joined);
  }

  /**
   * Throws `CommandError` for a value that would be part of a program's text, and `ToolMissingError` for limits that have
   * to be enforced and cannot be.
   */
  async setup(ctx: RunContext): Promise<void> {
    for (const { template } of this.#commands(ctx.settings)) template.check(ctx.declared ?? {});
    const gap = this.#assertLimits(ctx);
    const env = Object.fromEntries(this.#env.map(([name]) => [name, ""]));
    const withheld = this.starter.isolates ? null : withheldMessage("trials are", { ...this.#sources(ctx), env });
    this.#warnings = [
      ...(withheld === null ? [] : [{ code: "variables-withheld", message: withheld }]),
      ...(gap === null ? [] : [{ code: "limit-not-enforced", message: gap }]),
      ...this.passEnv
        .filter((name) => ctx.effects.variables.get(name) === undefined)
        .map((name) => ({ code: "variable-not-set", message: `pass_env names ${name}, which is not set` })),
      ...unconfined(ctx.settings, this.starter),
      ...this.warnings(ctx.settings),
    ];
    await this.starter.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    await this.starter.teardown?.(ctx);
  }

  /**
   * Looks for the program of the trial's command and of every check where they would run, and for what the starter puts
   * before them. One given by a path is looked for when neither what runs before it nor an edit may make it.
   */
  async probe(environment: ExecutionEnvironment, given: ProbeContext): Promise<void> {
    const { settings } = given;
    const { starter } = this;
    await starter.probe?.(given);
    this.#assertLimits(given);
    // Checks run before the trial's command.
    const [, first = this.#command] = this.#commands(settings);
    const path = first.shell ? "" : firstWord(first.source);
    const isSeen = (runsHere(starter) || !isAbsolute(path)) && !isWithinAny(normalize(path), settings.artifacts);
    if (isSeen && /^[^{}'"\\]*\/[^{}'"\\]*$/.test(path))
      assertThere(path, findProgram(path, settings.root, undefined), first.source);
    const [, own] = this.#env.find(([name]) => name === "PATH") ?? [];
    if (own && own.uses.length > 0) return;
    const isBrought = starter.brings?.includes("PATH") === true;
    const ctx = own ? withPath(given, own.render({ spec: {}, aura: {} })) : isBrought ? withPath(given) : given;
    const { effects } = ctx;
    for (const { source, shell } of this.#commands(settings)) {
      const program = firstWord(source);
      const isPath = /^\/[^{}'"\\]*$/.test(program);
      if (shell || !(isPath || isPlainName(program))) continue;
      const isElsewhere = starter.start !== undefined && starter.sharesFiles !== true;
      const here = isElsewhere || isPath ? null : ((await environment.missing?.(program, ctx)) ?? null);
      const there = isElsewhere || environment.addsNothing ? await starter.missing?.(program, ctx) : null;
      const reason = here ?? there ?? null;
      if (reason !== null) throw missingProgram(program, source, reason);
      if (isPath || starter.start || !environment.missing) continue;
      const bare: Command = { file: program, args: [], env: {}, cwd: settings.root };
      const inputs = settings.inputs.map(({ absolutePath }) => absolutePath);
      const place = { root: settings.root, inputs, trialDir: settings.root, libraries: [] };
      const { file } = starter.wrap?.(bare, place) ?? bare;
      const known =
        file === program || !isPlainName(file) || findProgram(file, settings.root, effects.variables.get("PATH"));
      if (!known) throw missingProgram(file, source, "is not on PATH");
    }
  }

  /** Runs the trial's command, or in a check the check's, with the trial's environment, limits and starter. */
  async run(hypothesis: Hypothesis, environment: PreparedEnvironment, ctx: TrialContext): Promise<RawResult> {
    for (const warning of this.#warnings.splice(0)) ctx.emit({ type: "warning", ...warning });
    const check = ctx.kind === "check" ? ctx.settings.checks[ctx.index] : undefined;
    const { template, source } = check ? compiled(check.command, check.shell) : this.#command;
    const { timeoutMs: own, ...shared } = this.#options;
    const timeoutMs = check ? check.timeoutMs : own;
    try {
      const command = environment.wrap(this.#rendered(template, commandValues(hypothesis, ctx), ctx));
      const options = timeoutMs === undefined ? shared : { ...shared, timeoutMs };
      // What is put before it would fail in words of its own.
      if (this.starter.wrap && runsHere(this.starter)) assertProgram(command, source, hypothesis, ctx);
      const raw = await runJob({ command, environment, options, starter: this.starter, dispatch: this.#dispatch }, ctx);
      if (raw.kind === "process" && raw.end === "cannot-start") assertProgram(command, source, hypothesis, ctx);
      return raw;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { kind: "failure", status: "failed", failure: { code: "command-invalid", message: messageOf(error) } };
    }
  }

  /** What keeps limits from being held; throws it as a `ToolMissingError` where they have to be. */
  #assertLimits({ effects }: Pick<RunContext, "effects">): string | null {
    const { outputBytes: _, ...limits } = this.#options.limits ?? {};
    const tiers = this.starter.limitTiers?.(limits) ?? effects.processes.limitTiers(limits);
    const gap = limitGap(tiers);
    if (gap !== null && this.#options.strictLimits) throw new ToolMissingError("control groups", gap);
    return gap;
  }

  #commands({ checks }: RunContext["settings"]): readonly Compiled[] {
    return [this.#command, ...checks.map(({ command, shell }) => compiled(command, shell))];
  }

  #rendered(template: CommandTemplate, values: CommandValues, ctx: TrialContext): Command {
    const env = Object.fromEntries(this.#env.map(([name, text]) => [name, envText(name, text.render(values))]));
    const { file, args } = template.render(values);
    const aura = { ...ctx.env, ...parameterVariables(values.spec) };
    const sources = { ...this.#sources(ctx), aura, env };
    const { isolates, brings } = this.starter;
    const all = isolates ? minimalEnvironment(sources, ctx.trialDir, brings) : ownEnvironment(sources);
    return { file, args, env: all, cwd: ctx.cwd };
  }

  #sources({ effects: { variables }, keyVariables }: RunContext) {
    return { variables, keyVariables, passEnv: this.passEnv };
  }
}

/** Runs each trial as one local process: `new ScriptExecutor("python train.py --lr {lr}")`. It isolates nothing. */
export class ScriptExecutor extends CommandExecutor {
  constructor(command: string | readonly string[], options: ProcessOptions = {}) {
    super(command, options);
  }
}

function compiled(source: string | readonly string[], shell: boolean): Compiled {
  return { source, shell, template: compileCommand(source, { shell }) };
}

/** Whether commands see the files of this machine: neither a sandbox nor another machine runs them. */
function runsHere({ start, isolates }: Starter): boolean {
  return start === undefined && isolates !== true;
}

/** Where commands have this as their `PATH`, or one that nobody knows here. */
function withPath(ctx: ProbeContext, path?: string): ProbeContext {
  const { variables } = ctx.effects;
  const get = (name: string) => (name === "PATH" ? path : variables.get(name));
  return { ...ctx, effects: { ...ctx.effects, variables: { get, names: () => variables.names() } } };
}

/** The word that names the program; a value is never part of it. */
function firstWord(source: string | readonly string[]): string {
  return (typeof source === "string" ? source.trim().split(/\s+/)[0] : source[0]) ?? "";
}

function isPlainName(program: string): boolean {
  return /^[A-Za-z0-9][\w.+-]*$/.test(program);
}

function missingProgram(
  program: string,
  source: string | readonly string[],
  reason: string,
  remedy = "install it, or give its path in the command",
): ToolMissingError {
  const message = `${program} is needed by the command \`${commandText(source)}\` and ${reason}`;
  return new ToolMissingError(program, `${message}\n${remedy}`);
}

function assertThere(program: string, found: ReturnType<typeof findProgram>, source: string | readonly string[]): void {
  if (found?.executable) return;
  if (!found) throw missingProgram(program, source, program.includes("/") ? "is not there" : "is not on PATH");
  throw missingProgram(program, source, "may not be executed", "chmod +x it, or name its interpreter in the command");
}

/**
 * Throws `ToolMissingError` for a program that is not where a trial runs before anything was scored, if no model's edits
 * and no start that may fail are to blame for it.
 */
function assertProgram(
  { file, cwd, env }: Command,
  source: string | readonly string[],
  { edits = [] }: Hypothesis,
  { isScored = () => true, settings: { artifacts, start, root } }: TrialContext,
): void {
  const mayBeMade = edits.length > 0 || (artifacts.length > 0 && start === "may_fail");
  const found = findProgram(file, cwd, env.PATH);
  if (found?.executable || mayBeMade || isScored()) return;
  const isLeftOut = !found && file.includes("/") && cwd !== root && findProgram(file, root, env.PATH) !== null;
  const where = "is in the project, but not in the copy that trials run in";
  if (isLeftOut) throw missingProgram(file, source, where, "write its absolute path, or name it under `inputs`");
  assertThere(file, found, source);
}

function envText(name: string, value: string): string {
  if (Buffer.byteLength(value) + name.length + 1 < 128 * 1024) return value;
  throw new CommandError(`the value of the variable ${name} is too long; read it from the file {aura.params_file}`);
}

/** What fills the placeholders of a trial's command. */
export function commandValues(
  hypothesis: Hypothesis,
  ctx: TrialContext,
): CommandValues & { readonly aura: Readonly<Record<AuraName, JsonValue>> } {
  return {
    spec: ctx.case ? { ...hypothesis.spec, case: ctx.case } : hypothesis.spec,
    // The rows of cases are the author's own.
    ...(ctx.declared || ctx.case ? { declared: { ...ctx.declared, ...(ctx.case ? { case: [ctx.case] } : {}) } } : {}),
    aura: {
      id: ctx.hypothesisId,
      trial_id: ctx.trialId,
      trial_dir: ctx.trialDir,
      trial_index: ctx.index,
      seed: ctx.seed,
      slot: ctx.slot,
      workspace: ctx.workspace.root,
      root: ctx.settings.root,
      inputs: ctx.settings.inputs.map((input) => insideProject(input.path, ctx.cwd) ?? input.absolutePath),
      params_file: ctx.paramsFile,
    },
  };
}

/** Inputs are found at their relative paths in a trial's own copy of the project too. */
function insideProject(path: string, cwd: string): string | null {
  const clean = normalize(path);
  return isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`) ? null : join(cwd, clean);
}

type Properties = { readonly [option: string]: HouseSchema };
type Own<P extends Properties, R extends string> = Infer<{
  readonly type: "object";
  readonly properties: P;
  readonly required: readonly R[];
  readonly additionalProperties: false;
}>;

/** An executor by what it adds: options of its own, and how it starts commands. */
export interface ExecutorDefinition<P extends Properties, R extends string> {
  readonly type: string;
  readonly summary: string;
  /** Schemas of its own options, besides `command`, `timeout`, `limits` and the others that all have. */
  readonly options: P;
  readonly required?: readonly R[];
  readonly example: Own<P, R> & { readonly command: string } & Partial<ProcessSpecOptions>;
  readonly requires?: readonly ToolProbe[];
  /** For `aura doctor`: tries what it needs, and answers with what works. Throws `ToolMissingError`. */
  doctor?(ctx: ProbeContext): Promise<string>;
  starter(options: Own<P, R>, deps: ComponentDeps): Starter;
}

/** Declares an executor that runs commands, built-in or of a user's own module. */
export function defineExecutor<const P extends Properties, const R extends string = never>(
  definition: ExecutorDefinition<P, R>,
): AnyDefinition<"executor"> {
  const { options, required = [], example, starter, ...rest } = definition;
  return {
    ...rest,
    kind: "executor",
    options: {
      type: "object",
      properties: { ...processOptionProperties, ...options },
      required: ["command", ...required],
      additionalProperties: false,
    },
    given: Object.keys(processOptionProperties),
    example: { shell: false, timeout: "1h", strict_limits: false, cwd: "root", ...example },
    create: (given: Own<P, R> & ProcessSpecOptions, deps: ComponentDeps) =>
      new CommandExecutor(given.command, toProcessOptions(given), starter(given, deps)),
    check: checkProcessOptions,
  };
}

export const scriptExecutor = defineExecutor({
  type: "script",
  summary: "Runs each trial as a local process, without isolation.",
  options: {},
  doctor: async ({ effects }) => limitsHeld(effects.processes),
  example: {
    command: "python train.py --lr {lr} --seed {aura.seed}",
    timeout: "5m",
    env: { CUDA_VISIBLE_DEVICES: "{aura.slot}" },
  },
  starter: () => ({}),
});
