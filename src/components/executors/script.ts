import type { RunContext, TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { messageOf, ToolMissingError } from "../../kernel/errors.ts";
import type { Command, Executor, PreparedEnvironment, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import {
  CommandError,
  type CommandTemplate,
  type CommandValues,
  compileCommand,
  compileVariable,
  type TextTemplate,
} from "../../platform/command.ts";
import { limitGap } from "../../platform/limit-support.ts";
import { commandValues } from "./aura-values.ts";
import {
  checkProcessOptions,
  type ProcessOptions,
  processOptionProperties,
  toProcessOptions,
} from "./process-options.ts";
import { runCommand } from "./run-command.ts";
import { refusedVariable, trialEnvironment } from "./trial-environment.ts";

const NOT_ISOLATED = {
  code: "not-isolated",
  message:
    "code that a model changed runs with all rights of this user: run AURA where that is acceptable, such as in bwrap or a container",
};

/** An executor that can run another command the way it runs its own: what `checks` are run by. */
export interface CommandExecutor extends Executor {
  withCommand(command: string | readonly string[], options: Pick<ProcessOptions, "shell" | "timeoutMs">): Executor;
}

export function isCommandExecutor(executor: Executor | undefined): executor is CommandExecutor {
  return executor !== undefined && "withCommand" in executor && typeof executor.withCommand === "function";
}

/**
 * Runs each trial as one local process: `new ScriptExecutor("python train.py --lr {lr}")`. It isolates nothing; for code
 * that a model wrote there are sandboxes. Throws `CommandError` for a command that cannot be used.
 */
export class ScriptExecutor implements CommandExecutor {
  readonly slots = "local";
  readonly cwd: "root" | "copy";
  readonly #template: CommandTemplate;
  readonly #env: readonly (readonly [string, TextTemplate])[];
  readonly #options: ProcessOptions;
  /** Told once, by the first trial: a run has not begun yet when its parts are set up. */
  #warnings: { readonly code: string; readonly message: string }[] = [];

  constructor(command: string | readonly string[], options: ProcessOptions = {}) {
    this.cwd = options.cwd ?? "root";
    this.#options = options;
    this.#template = compileCommand(command, { shell: options.shell ?? false });
    this.#env = Object.entries(options.env ?? {}).map(([name, value]) => [name, compileVariable(name, String(value))]);
    for (const name of [...Object.keys(options.env ?? {}), ...(options.passEnv ?? [])]) {
      const refused = refusedVariable(name);
      if (refused !== null) throw new CommandError(refused);
    }
  }

  withCommand(
    command: string | readonly string[],
    options: Pick<ProcessOptions, "shell" | "timeoutMs">,
  ): ScriptExecutor {
    const { shell: _shell, timeoutMs: _timeoutMs, ...shared } = this.#options;
    return new ScriptExecutor(command, { ...shared, ...options });
  }

  /** Throws `ToolMissingError` for limits that have to be enforced and cannot be. */
  async setup(ctx: RunContext): Promise<void> {
    const gap = limitGap(this.#options.limits ?? {});
    if (gap !== null && this.#options.strictLimits) throw new ToolMissingError("prlimit", gap);
    this.#warnings = [
      ...(gap === null ? [] : [{ code: "limit-not-enforced", message: gap }]),
      ...(this.#options.passEnv ?? [])
        .filter((name) => ctx.effects.variables.get(name) === undefined)
        .map((name) => ({ code: "variable-not-set", message: `pass_env names ${name}, which is not set` })),
      ...(ctx.settings.artifacts.length > 0 ? [NOT_ISOLATED] : []),
    ];
  }

  async run(hypothesis: Hypothesis, environment: PreparedEnvironment, ctx: TrialContext): Promise<RawResult> {
    for (const warning of this.#warnings.splice(0)) ctx.emit({ type: "warning", ...warning });
    let command: Command;
    try {
      command = this.command(commandValues(hypothesis, ctx), ctx);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { kind: "failure", status: "failed", failure: { code: "command-invalid", message: messageOf(error) } };
    }
    return runCommand(environment.wrap(command), this.#options, ctx);
  }

  /** The command of one trial with its values, before an environment has touched it. Throws `CommandError`. */
  command(values: CommandValues, ctx: TrialContext): Command {
    const env = Object.fromEntries(this.#env.map(([name, text]) => [name, envText(name, text.render(values))]));
    const { file, args } = this.#template.render(values);
    const all = trialEnvironment({
      variables: ctx.effects.variables,
      aura: ctx.env,
      env,
      passEnv: this.#options.passEnv ?? [],
    });
    return { file, args, env: all, cwd: ctx.cwd };
  }
}

function envText(name: string, value: string): string {
  if (Buffer.byteLength(value) + name.length + 1 < 128 * 1024) return value;
  throw new CommandError(`the value of the variable ${name} is too long; read it from the file {aura.params_file}`);
}

export const scriptExecutor = defineComponent({
  kind: "executor",
  type: "script",
  summary: "Runs each trial as a local process, without isolation.",
  options: {
    type: "object",
    properties: processOptionProperties,
    required: ["command"],
    additionalProperties: false,
  },
  example: {
    command: "python train.py --lr {lr} --seed {aura.seed}",
    shell: false,
    timeout: "5m",
    env: { CUDA_VISIBLE_DEVICES: "{aura.slot}" },
    strict_limits: false,
    cwd: "root",
  },
  create: (options) => new ScriptExecutor(options.command, toProcessOptions(options)),
  check: checkProcessOptions,
});
