import { join } from "node:path";
import type { RunContext, ScoringTerms, StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { ProcessResult } from "../../kernel/effects.ts";
import { messageOf, ToolMissingError } from "../../kernel/errors.ts";
import { assertArgument, assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { Evaluator, ProbeContext } from "../../kernel/ports.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Experiment } from "../../model/experiment.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { defined, type JsonValue, parseJson } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { CommandError, type CommandTemplate, compileCommand, parameterVariables } from "../../platform/command.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { makeScratch } from "../../platform/scratch.ts";
import { type ObjectSchema, TIME_LIMIT } from "../../schema/dialect.ts";
import { lastLines, promptLine } from "../../text/printable.ts";
import { processOptionProperties } from "../executors/process-options.ts";
import { sanitizeJson } from "../extract-json.ts";
import { jsonObjectIn } from "../metric-line.ts";
import { runData } from "../module-function.ts";
import { environmentOptions, ownEnvironment, withheldMessage } from "../process-environment.ts";
import { evaluationOf, failureReason, noScore } from "./answer.ts";

const TIMEOUT = "10m";
const GRACE_MS = 5000;
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;
/** What of AURA's own values its command may use. */
const NAMES = ["aura.id", "aura.trial_dir", "aura.root", "aura.workspace", "aura.inputs"];

const OPTIONS = {
  type: "object",
  properties: {
    command: {
      ...processOptionProperties.command,
      description:
        "What prints the score: a number, or `{score, passed?, reason?, feedback?, metrics?, details?}` as JSON, last on stdout. " +
        "It runs in the project and is told of the hypothesis and its experiment as JSON on stdin; `{aura.trial_dir}` is the " +
        "folder of the first trial, with what it wrote to `$AURA_TRIAL_DIR` and, under `project/`, what `keep_files` names of its " +
        "copy of the project, the rest of which is gone; `{aura.inputs...}` are its own inputs, `{name}` is a parameter.",
    },
    shell: { type: "boolean", default: false, description: "Run the command as it is by `sh -c`." },
    inputs: {
      type: "array",
      items: { type: "string", minLength: 1, "x-path": "any" },
      default: [],
      description:
        "What only the evaluator may see, such as the right answers: not in a trial's copy, not in sandboxes, in no prompt. " +
        "A plain `script` trial runs as you and can read them.",
    },
    timeout: { ...TIME_LIMIT, default: TIMEOUT, "x-scores": false, description: "Ends it without a score." },
    exclusive: {
      type: "boolean",
      default: false,
      description: "Score while no trial, check or other evaluator's command of the run runs.",
    },
    ...environmentOptions,
  },
  required: ["command"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type CommandEvaluatorOptions = Omit<InCode<typeof OPTIONS.properties>, "command">;

/**
 * Scores by a command in a process of its own: `new CommandEvaluator("python score.py {aura.trial_dir}", { inputs: ["answers.csv"] })`.
 * It prints a number or an object with a `score`. A command that fails, or prints neither, gives no score, and the reason
 * says why. `setup` throws `ToolMissingError` for a program that is not there.
 */
export class CommandEvaluator implements Evaluator {
  readonly inputs: readonly string[];
  readonly passEnv: readonly string[];
  readonly #source: string | readonly string[];
  readonly #template: CommandTemplate;
  readonly #options: CommandEvaluatorOptions;
  #withheld: string | null = null;

  constructor(command: string | readonly string[], options: CommandEvaluatorOptions = {}) {
    const { command: expected, ...others } = inSchema(OPTIONS.properties);
    assertArgument("CommandEvaluator", "command", command, expected);
    assertOptions("CommandEvaluator", options, others);
    this.#source = command;
    this.#template = compiled(command, options.shell);
    this.#options = options;
    this.inputs = options.inputs ?? [];
    this.passEnv = options.passEnv ?? [];
  }

  /** Neither its words nor its inputs: they are for no prompt. */
  get terms(): ScoringTerms {
    return { scorer: "a program apart from the trial, which reads what that left" };
  }

  async setup(ctx: RunContext): Promise<void> {
    this.#template.check(ctx.declared ?? {});
    this.#withheld = withheldMessage("the evaluator is", this.#sources(ctx));
    await this.probe(ctx);
  }

  async probe(ctx: ProbeContext): Promise<void> {
    const program = typeof this.#source === "string" ? this.#source.trim().split(/\s+/)[0] : this.#source[0];
    if (this.#options.shell || program === undefined || /[{}'"\\]/.test(program)) return;
    const path = this.#options.env?.PATH ?? ctx.effects.variables.get("PATH");
    if (findProgram(program, ctx.settings.root, path)?.executable) return;
    throw new ToolMissingError(
      program,
      `the evaluator's command needs ${program}, which is not there or may not be executed`,
    );
  }

  async evaluate(hypothesis: Hypothesis, experiment: Experiment, ctx: StageContext): Promise<Evaluation> {
    if (experiment.status === "failed") return noScore(experiment, failureReason(experiment));
    if (this.#withheld !== null) ctx.emit({ type: "warning", code: "variables-withheld", message: this.#withheld });
    this.#withheld = null;
    const { effects, mark, signal } = ctx;
    const marker = `${mark}evaluator/${effects.token(8)}`;
    const scratch = makeScratch(marker, effects);
    try {
      const start = () => this.#start(hypothesis, experiment, ctx, { marker, scratch });
      const result = await ctx.trials.beside(start, { alone: this.#options.exclusive ?? false });
      signal.throwIfAborted();
      const stdout = effects.files.readText(join(scratch, "stdout")) ?? "";
      const answer = result.end === "exited" && result.exitCode === 0 ? answerIn(stdout) : undefined;
      if (answer !== undefined) return evaluationOf(answer, experiment, ctx);
      return failed(experiment, result, foundNothing(experiment, ctx));
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      return noScore(experiment, `the evaluator's command cannot be made: ${messageOf(thrown)}`);
    } finally {
      effects.files.remove(scratch);
    }
  }

  async #start(
    hypothesis: Hypothesis,
    experiment: Experiment,
    ctx: StageContext,
    { marker, scratch }: { readonly marker: string; readonly scratch: string },
  ): Promise<ProcessResult> {
    const { settings, effects, workspace, declared } = ctx;
    const trialDirs = experiment.trials.map(({ id }) => {
      const attempts = workspace.readTrial(id)?.attempts ?? [];
      const folder = workspace.trialDir(id, attempts.at(-1)?.attempt ?? 1);
      if (effects.files.stat(folder) !== null) return folder;
      // A trial that left nothing has no folder; whoever looks into it is to find nothing there.
      const empty = join(scratch, "empty");
      effects.files.makeDirectory(empty);
      return empty;
    });
    const aura = {
      id: hypothesis.id,
      trial_dir: trialDirs[0] ?? null,
      root: settings.root,
      workspace: workspace.root,
      inputs: [...this.inputs],
    };
    const { file, args } = this.#template.render({ spec: hypothesis.spec, aura, ...defined({ declared }) });
    const told = { AURA_ID: hypothesis.id, ...(trialDirs[0] === undefined ? {} : { AURA_TRIAL_DIR: trialDirs[0] }) };
    const env = ownEnvironment({ ...this.#sources(ctx), aura: { ...told, ...parameterVariables(hypothesis.spec) } });
    return effects.processes.run(
      {
        file,
        args,
        cwd: settings.root,
        env,
        stdin: JSON.stringify({
          hypothesis,
          experiment,
          trialDirs,
          artifacts: artifactsOf(experiment, ctx),
          ...runData(ctx),
        }),
        timeoutMs: parseDuration(this.#options.timeout ?? TIMEOUT),
        graceMs: GRACE_MS,
        outputLimitBytes: OUTPUT_LIMIT_BYTES,
        logs: { stdout: join(scratch, "stdout"), stderr: join(scratch, "stderr") },
        marker,
      },
      ctx.signal,
    );
  }

  #sources({ effects: { variables }, keyVariables }: RunContext) {
    return { variables, keyVariables, env: this.#options.env, passEnv: this.passEnv };
  }
}

function compiled(command: string | readonly string[], shell = false): CommandTemplate {
  const template = compileCommand(command, { shell });
  const unknown = template.uses.find(({ name }) => name.startsWith("aura.") && !NAMES.includes(name));
  if (unknown)
    throw new CommandError(
      `an evaluator's command has no ${unknown.written}; it has ${NAMES.map((name) => `{${name}}`).join(", ")}`,
    );
  return template;
}

/** The last JSON object with a score, or a last line that is nothing but a number. */
function answerIn(stdout: string): JsonValue | undefined {
  const whole = jsonObjectIn(stdout.trim());
  if (whole !== null && Object.hasOwn(whole, "score")) return sanitizeJson(whole);
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  const objects = lines.map((line) => jsonObjectIn(line.trim())).filter((one) => one !== null);
  const object = objects.findLast((one) => Object.hasOwn(one, "score"));
  if (object) return sanitizeJson(object);
  const number = parseJson(lines.at(-1)?.trim() ?? "");
  return typeof number === "number" ? number : undefined;
}

/** No score; the reason has the last line that the command printed, the details the lines before it. */
function failed(experiment: Experiment, result: ProcessResult, hadNothing: boolean): Evaluation {
  const { end, exitCode, message, stdoutTail, stderrTail } = result;
  const what =
    end !== "exited" ? `ended: ${message ?? end}` : exitCode === 0 ? "printed no score" : `exited with ${exitCode}`;
  const why = hadNothing ? ", and the trial had left nothing in $AURA_TRIAL_DIR" : "";
  const streams = exitCode === 0 ? [stdoutTail, stderrTail] : [stderrTail, stdoutTail];
  const logTail = streams.find((text) => text.trim() !== "") ?? "";
  const [last = ""] = lastLines(logTail, 1);
  return noScore(experiment, `the evaluator's command ${what}${why}${quoted(last)}`, last === "" ? {} : { logTail });
}

/** Whether a trial that ran a command has left nothing in its folder. */
function foundNothing({ trials }: Experiment, { workspace, effects: { files } }: StageContext): boolean {
  return trials.some(({ id }) => {
    const { command, attempt = 1 } = workspace.readTrial(id)?.attempts.at(-1) ?? {};
    return command !== undefined && files.stat(workspace.trialDir(id, attempt)) === null;
  });
}

function quoted(text: string): string {
  const line = promptLine(text.slice(-1000), 1000);
  return line === "" ? "" : `: ${line}`;
}

const MOST_ARTIFACTS = 1024 * 1024;

/** Text files among the artifacts as this hypothesis had them, up to 1 MiB in all. */
function artifactsOf({ state }: Experiment, { artifacts }: StageContext): readonly object[] {
  if (!artifacts || state === undefined) return [];
  let room = MOST_ARTIFACTS;
  return artifacts.files(state).filter(({ content, size }) => {
    if (content === null || size > room) return false;
    room -= size;
    return true;
  });
}

/** Evaluator `command`: a program of the user's that scores. */
export const commandEvaluator = defineComponent({
  kind: "evaluator",
  type: "command",
  summary: "The score is what a command prints, which runs in a process of its own and may know what trials may not.",
  options: OPTIONS,
  example: {
    command: "python score.py {aura.trial_dir}",
    inputs: ["answers.csv"],
    shell: false,
    timeout: "5m",
    exclusive: false,
  },
  check: ({ command, shell }) => {
    try {
      compiled(command, shell);
      return [];
    } catch (error) {
      if (error instanceof CommandError) return [{ path: "command", message: messageOf(error) }];
      throw error;
    }
  },
  create: ({ command, pass_env: passEnv, env, inputs, ...others }, deps) =>
    new CommandEvaluator(command, {
      ...others,
      inputs: inputs.map((path) => deps.resolvePath(path)),
      ...defined({ env, passEnv }),
    }),
});
