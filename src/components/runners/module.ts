import { defineComponent } from "../../kernel/define.ts";
import type { Effects } from "../../kernel/effects.ts";
import { RunnerError } from "../../kernel/errors.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { type ModuleFunctionResult, runModuleFunction } from "../../platform/function-host.ts";
import { type ObjectSchema, TIME_LIMIT } from "../../schema/dialect.ts";
import { promptLine } from "../../text/printable.ts";
import { type EnvironmentSources, environmentOptions, runnerEnvironment } from "../process-environment.ts";
import { asReply } from "./llm.ts";
import { recorded, recordOption } from "./recording.ts";

export interface ModuleRunnerOptions extends Pick<EnvironmentSources, "env" | "passEnv"> {
  /** Absolute path; TypeScript too. */
  readonly module: string;
  /** Name of the exported function `(prompt, ctx) => text | { content, usage?, model? }`. */
  readonly export: string;
  /** Of one call; a number is seconds. */
  readonly timeout: number | string;
  /** Name in records. */
  readonly name: string;
}

/** Answers prompts with an exported function of a user's module, in a process of its own, where it can be ended. */
export class ModuleRunner implements Runner {
  readonly name: string;
  readonly #options: ModuleRunnerOptions;
  readonly #effects: Effects;

  constructor(options: ModuleRunnerOptions, effects: Effects) {
    this.name = options.name;
    this.#options = options;
    this.#effects = effects;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    ctx.signal.throwIfAborted();
    const { env, passEnv } = this.#options;
    const { prompt, role, iteration, hypothesisId, part, ask } = request;
    const result = await runModuleFunction(
      {
        module: this.#options.module,
        export: this.#options.export,
        args: [prompt],
        context: {
          role,
          iteration,
          ask,
          ...defined({ hypothesisId, part }),
        },
        cwd: request.cwd,
        env: runnerEnvironment(request, { variables: this.#effects.variables, env, passEnv }),
        timeoutMs: parseDuration(this.#options.timeout),
        marker: ctx.marker ?? `call/${this.#effects.token(8)}`,
        ...(ctx.started === undefined ? {} : { onStart: ctx.started }),
      },
      this.#effects,
      ctx.signal,
    );
    ctx.signal.throwIfAborted();
    if (result.kind === "value") return asReply(this.name, result.value);
    throw new RunnerError("failed", `${this.name}: ${this.#options.export} ${problemOf(result)}`);
  }
}

function problemOf(result: Exclude<ModuleFunctionResult, { kind: "value" }>): string {
  if (result.kind === "threw") return `threw: ${promptLine(result.message, 1000)}`;
  const { end, exitCode, message, stderrTail } = result.process;
  const tail = stderrTail.trim() === "" ? "" : `: ${promptLine(stderrTail.slice(-1000), 1000)}`;
  return `gave nothing: its process ${message ?? (end === "exited" ? `exited with ${exitCode}` : `ended (${end})`)}${tail}`;
}

const options = {
  type: "object",
  properties: {
    module: {
      type: "string",
      minLength: 1,
      "x-path": "file",
      "x-module": { export: "export" },
      description: "The module, relative to the spec; TypeScript too.",
    },
    export: {
      type: "string",
      minLength: 1,
      default: "default",
      "x-secret": false,
      description: "The exported function.",
    },
    timeout: { ...TIME_LIMIT, default: "10m", "x-scores": false, description: "Of one call." },
    ...environmentOptions,
    ...recordOption,
  },
  required: ["module"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** Runner `function`: a user's own function in place of a model. */
export const functionRunner = defineComponent({
  kind: "runner",
  type: "function",
  summary: "Asks an exported function of a module of yours, in a process of its own: (prompt, ctx) => text.",
  options,
  example: { module: "./my-model.ts", export: "answer", timeout: "10m" },
  create: (given, deps) => {
    const runner = new ModuleRunner(
      {
        name: deps.name,
        module: deps.resolvePath(given.module),
        export: given.export,
        timeout: given.timeout,
        env: given.env,
        passEnv: given.pass_env,
      },
      deps.effects,
    );
    return recorded(runner, given.record, deps);
  },
});
