import { isAbsolute, join, resolve } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { Effects, ProcessResult } from "../../kernel/effects.ts";
import { RunnerError, SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { assertArgument, assertOptions, type InCode, inSchema, objectOf, TEXT } from "../../kernel/given-options.ts";
import type { ProbeContext, Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { createRedactor } from "../../kernel/redact.ts";
import { WAITING } from "../../kernel/runner.ts";
import type { Usage } from "../../model/call.ts";
import { defined } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { GaveUp, withBackoff } from "../../platform/backoff.ts";
import { isProgramText } from "../../platform/command/argv.ts";
import { usedTogether } from "../../platform/llm-reply.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { makeScratch } from "../../platform/scratch.ts";
import { systemEffects } from "../../platform/system.ts";
import { DURATION, TIME_LIMIT } from "../../schema/dialect.ts";
import { promptLine, promptText } from "../../text/printable.ts";
import {
  type EnvironmentSources,
  environmentOptions,
  isSecretName,
  runnerEnvironment,
  withheldMessage,
} from "../process-environment.ts";
import { AGENT_FORMS, AGENTS } from "./agents.ts";
import { askedToWait, failureInOutput, type OutputFormat, problemIn, readCommandOutput } from "./command-output.ts";
import { asReply } from "./llm.ts";
import { recorded, recordOption } from "./recording.ts";

type CommandEffects = Pick<Effects, "files" | "processes" | "variables" | "token" | "clock">;

const GRACE_MS = 5000;
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;
/** Linux refuses a longer single argument. */
const LONGEST_ARGUMENT_BYTES = 128 * 1024 - 1;
const PROMPT = "{prompt}";
const PROMPT_FILE = "{prompt_file}";

const OPTIONS = {
  preset: {
    enum: AGENTS,
    "x-secret": false,
    "x-cost": ["claude"],
    description:
      "An agent's command line in its documented form, with its own keys let through; it says what `input`, `output` and `path` are.",
  },
  argv: {
    type: "array",
    items: { type: "string" },
    "x-expected": 'a list of words, such as ["python3", "model.py"]',
    description: "The program and its arguments; no shell is involved. With `preset`, further words, such as a model.",
  },
  input: {
    enum: ["stdin", "argument", "file"],
    default: "stdin",
    description:
      "How the prompt is given. `{prompt}` or `{prompt_file}` in argv says where; by default it is the last word.",
  },
  output: {
    enum: ["text", "json", "jsonl"],
    default: "text",
    "x-cost": ["json", "jsonl"],
    description: "What the command writes to stdout.",
  },
  path: {
    type: "string",
    minLength: 1,
    "x-secret": false,
    description: "Where the reply is in JSON output, such as `result`.",
  },
  timeout: { ...TIME_LIMIT, default: "10m", "x-scores": false, description: "Of one call." },
  max_wait: {
    ...DURATION,
    default: "5m",
    "x-scores": false,
    description:
      "How long it is tried again while it fails and says that its provider is busy (429, a rate or usage limit).",
  },
  ...environmentOptions,
} as const;

type Asking = Omit<InCode<typeof OPTIONS>, "argv" | "output" | "env" | "passEnv">;

export interface CommandRunnerOptions extends Asking, Pick<EnvironmentSources, "env" | "passEnv"> {
  /** Default `text`. */
  readonly outputFormat?: OutputFormat;
  /** Name in records. Default `command`. */
  readonly name?: string;
  /** Default: the run's own, or the machine's. */
  readonly effects?: CommandEffects;
}

/**
 * Answers prompts with a command, such as an agent CLI, run in the project. `argv` goes to the system as it is, never
 * through a shell; `{prompt}` (with `input: argument`) and `{prompt_file}` (with `input: file`) in a word are filled in,
 * else the prompt or its file is the last word. A command that fails is a `RunnerError` `failed` with the end of its
 * output; one that says that its provider is busy is run again for up to `maxWait`, then `unavailable`; `setup` throws `ToolMissingError` when there is no such program.
 * With `preset`, `argv` holds further words for an agent whose form is known.
 */
export class CommandRunner implements Runner {
  readonly name: string;
  readonly passEnv: readonly string[];
  /** The command, by whether it may change its copy of the project. */
  readonly #words: (edits: boolean) => readonly [string, ...string[]];
  /** Variables of the preset's keys. */
  readonly #keys: readonly string[];
  readonly #options: CommandRunnerOptions;
  #effects: CommandEffects | null;
  #keyVariables: readonly string[] = [];
  /** The project, once a run is set up. */
  #root: string | null = null;
  /** Told once, by the first call. */
  #notes: readonly (readonly [code: string, message: string])[] = [];

  constructor(argv: readonly string[], options: CommandRunnerOptions = {}) {
    const { argv: words, output: outputFormat, ...same } = inSchema(OPTIONS);
    assertArgument("CommandRunner", "argv", argv, words);
    assertOptions("CommandRunner", options, { ...same, outputFormat, name: TEXT, effects: objectOf() });
    const form = options.preset === undefined ? null : AGENT_FORMS[options.preset];
    const [file, ...args] = argv;
    if (form === null && (file === undefined || file === ""))
      throw new SpecError("a command runner needs a program: argv is empty");
    const problem = form === null && options.input === "argument" ? programProblem(argv) : null;
    if (problem !== null) throw new SpecError(`argv of a command runner: ${problem}`);
    this.#words = (edits) => (form === null ? [file ?? "", ...args] : [...form.words(edits), ...argv]);
    this.#options =
      form === null
        ? options
        : { ...options, input: form.input, outputFormat: form.output, ...defined({ path: form.path }) };
    this.#keys = form?.keys ?? [];
    this.passEnv = [...this.#keys, ...(options.passEnv ?? [])];
    this.name = options.name ?? "command";
    this.#effects = options.effects ?? null;
  }

  async setup(ctx: RunContext): Promise<void> {
    this.#effects ??= ctx.effects;
    this.#keyVariables = ctx.keyVariables ?? [];
    this.#root = ctx.settings.root;
    const withheld = withheldMessage(`runner ${this.name} is`, this.#sources(ctx.effects));
    const given = this.#keys.filter((name) => ctx.effects.variables.get(name) !== undefined);
    this.#notes = [
      ...(withheld === null ? [] : [["variables-withheld", withheld] as const]),
      ...(given.length === 0
        ? []
        : [
            [
              "variables-passed",
              `runner ${this.name} is given ${given.join(", ")}, the keys of ${this.#options.preset}`,
            ] as const,
          ]),
    ];
    await this.probe(ctx);
  }

  async probe(ctx: ProbeContext): Promise<void> {
    const [file] = this.#words(false);
    const path = this.#options.env?.PATH ?? ctx.effects.variables.get("PATH");
    const found = findProgram(file, ctx.settings.root, path);
    if (found?.executable) return;
    const why = found
      ? `${file} may not be executed; chmod +x it, or name its interpreter in argv`
      : `there is no program ${file}; install it or correct argv`;
    throw new ToolMissingError(file, `runner ${this.name}: ${why}`);
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    ctx.signal.throwIfAborted();
    for (const [code, message] of this.#notes) ctx.warn(code, message);
    this.#notes = [];
    const effects = this.#effects ?? systemEffects();
    const lost: { usage?: Usage | undefined } = {};
    try {
      const reply = await this.#waitOut(request, ctx, effects, lost);
      const usage = usedTogether(lost.usage, reply.usage);
      return this.#redactor(effects).record(usage === undefined ? reply : { ...reply, usage });
    } catch (thrown) {
      if (!(thrown instanceof GaveUp)) throw thrown;
      const { tries, waited, failure, cause } = thrown;
      const reply = cause instanceof RunnerError && cause.reply !== undefined ? { reply: cause.reply } : {};
      const message = `${this.name} is unavailable after ${waited}: ${failure.reason}`;
      throw new RunnerError("unavailable", message, { attempts: tries, usage: lost.usage, ...reply });
    }
  }

  #redactor({ variables }: CommandEffects) {
    return createRedactor(this.passEnv.filter(isSecretName).flatMap((name) => variables.get(name) ?? []));
  }

  /** Runs the command until what it is busy with has passed; what it used meanwhile counts as lost. */
  #waitOut(request: RunnerRequest, ctx: RunnerContext, effects: CommandEffects, lost: { usage?: Usage | undefined }) {
    const passing = (thrown: unknown) => {
      if (!(thrown instanceof RunnerError) || thrown.problem !== "unavailable") return null;
      const durationMs = Math.round(effects.clock.monotonic() - from);
      ctx.tried?.({ startedAt, durationMs, reason: thrown.message, ...defined({ usage: thrown.usage }) });
      lost.usage = usedTogether(lost.usage, thrown.usage);
      return { reason: thrown.message, ...askedToWait(thrown.message) };
    };
    let [startedAt, from] = ["", 0];
    const once = () => {
      [startedAt, from] = [effects.clock.now().toISOString(), effects.clock.monotonic()];
      return this.#runOnce(request, ctx, effects);
    };
    return withBackoff(once, passing, {
      effects,
      maxWait: this.#options.maxWait ?? OPTIONS.max_wait.default,
      signal: ctx.signal,
      stopping: ctx.stopping,
      onWait: (waiting) => ctx.warn(WAITING, waiting),
    });
  }

  async #runOnce(request: RunnerRequest, ctx: RunnerContext, effects: CommandEffects): Promise<RunnerReply> {
    const marker = ctx.marker ?? `call/${effects.token(8)}`;
    const scratch = makeScratch(marker, effects);
    try {
      const result = await this.#start(request, ctx, effects, { marker, scratch });
      ctx.signal.throwIfAborted();
      const stdout = effects.files.readText(join(scratch, "stdout")) ?? "";
      this.#refuseFailure(result, stdout, this.#leftOut(request, effects));
      const { outputFormat = "text", path } = this.#options;
      return asReply(this.name, readCommandOutput(stdout, outputFormat, path, this.name));
    } finally {
      effects.files.remove(scratch);
    }
  }

  #start(
    request: RunnerRequest,
    ctx: RunnerContext,
    effects: CommandEffects,
    { marker, scratch }: { readonly marker: string; readonly scratch: string },
  ): Promise<ProcessResult> {
    const { input = "stdin", timeout = OPTIONS.timeout.default } = this.#options;
    const [file, ...args] = this.#words(request.editsCopy === true);
    if (input === "file") effects.files.writeAtomic(join(scratch, "prompt.md"), request.prompt, { mode: 0o600 });
    return effects.processes.run(
      {
        file,
        args: this.#args(args, request.prompt, join(scratch, "prompt.md")),
        cwd: request.cwd,
        env: runnerEnvironment(request, this.#sources(effects)),
        ...(input === "stdin" ? { stdin: request.prompt } : {}),
        timeoutMs: parseDuration(timeout),
        graceMs: GRACE_MS,
        outputLimitBytes: OUTPUT_LIMIT_BYTES,
        logs: { stdout: join(scratch, "stdout"), stderr: join(scratch, "stderr") },
        marker,
        ...(ctx.started === undefined ? {} : { onStart: ctx.started }),
      },
      ctx.signal,
    );
  }

  #sources({ variables }: CommandEffects) {
    return { variables, keyVariables: this.#keyVariables, env: this.#options.env, passEnv: this.passEnv };
  }

  #args(args: readonly string[], prompt: string, file: string): readonly string[] {
    const { input = "stdin" } = this.#options;
    if (input === "stdin") return args;
    if (input === "file") return fill(args, PROMPT_FILE, file);
    if (Buffer.byteLength(prompt) > LONGEST_ARGUMENT_BYTES || prompt.includes("\u0000")) {
      throw new RunnerError(
        "failed",
        `${this.name}: the prompt does not fit into an argument; use input: stdin or file`,
      );
    }
    // A prompt is never an option, whatever it begins with.
    return fill(args, PROMPT, prompt.startsWith("-") ? ` ${prompt}` : prompt);
  }

  /** What of the project the command names and its copy lacks, in words; empty where it lacks nothing. */
  #leftOut({ editsCopy, cwd }: RunnerRequest, { files }: CommandEffects): string {
    const root = this.#root;
    if (root === null || editsCopy !== true) return "";
    const word = this.#words(true).find(
      (one) => !isAbsolute(one) && files.stat(join(root, one)) !== null && files.stat(join(cwd, one)) === null,
    );
    if (word === undefined) return "";
    return `; ${word} is in the project, but not in the copy that it works in: \`git add\` it, name it under \`files\`, or write its absolute path`;
  }

  #refuseFailure(result: ProcessResult, stdout: string, leftOut: string): void {
    if (result.end === "exited" && result.exitCode === 0) return;
    const tail = promptLine(
      (result.stderrTail.trim() === "" ? result.stdoutTail : result.stderrTail).slice(-1000),
      1000,
    );
    const what =
      result.end === "exited"
        ? `exited with ${result.exitCode}`
        : `ended: ${result.message ?? `${result.end}${result.signal === null ? "" : ` (${result.signal})`}`}`;
    const { outputFormat = "text" } = this.#options;
    const { said, usage } = failureInOutput(stdout, outputFormat);
    const words = said ?? tail;
    const all = outputFormat === "text" ? words : `${tail} ${result.stdoutTail}`;
    throw new RunnerError(
      result.end === "exited" ? problemIn(words, all) : "failed",
      `${this.name}: ${this.#words(false)[0]} ${what}${words === "" ? "" : `: ${words}`}${leftOut}`,
      // One that ran out of time was at work, whatever came of it.
      { usage, ...(stdout.trim() === "" && result.end !== "timeout" ? {} : { reply: promptText(stdout) }) },
    );
  }
}

/** Why a prompt may not stand where it would: what models and trials wrote is in it. `null` where it may. */
function programProblem(argv: readonly string[]): string | null {
  const words = fill(argv, PROMPT, PROMPT);
  const isProgram = ([start = "", ...rest]: readonly string[], index: number) =>
    rest.length > 0 && isProgramText(start, words[index - 1]);
  return words.map((word) => word.split(PROMPT)).some(isProgram)
    ? `the prompt would become part of a program's text, and models write into prompts; let the program read it from stdin, from a file (input: file), or from "$1", with ${PROMPT} as a word behind the text`
    : null;
}

function fill(args: readonly string[], placeholder: string, value: string): readonly string[] {
  if (!args.some((arg) => arg.includes(placeholder))) return [...args, value];
  return args.map((arg) => arg.split(placeholder).join(value));
}

/**
 * A call to a command, for `LLMRunner` and wherever a function from a prompt to text is taken. It runs in the folder that
 * the question names, else in the current one. Where an agent is to change files, `CommandRunner` is the runner for it.
 */
export function commandLlm(argv: readonly string[], options: CommandRunnerOptions = {}) {
  const runner = new CommandRunner(argv, options);
  return (prompt: string, ctx: { readonly signal: AbortSignal } & Partial<RunnerRequest & RunnerContext>) =>
    runner.run(
      { role: "researcher", iteration: 0, ask: 1, cwd: resolve("."), ...ctx, prompt },
      { warn: () => {}, ...ctx },
    );
}

/** Runner `command`: an agent CLI or any other program. */
export const commandRunner = defineComponent({
  kind: "runner",
  type: "command",
  summary: "Asks a command, such as an agent CLI: the prompt on stdin, the reply from stdout.",
  options: {
    type: "object",
    properties: { ...OPTIONS, ...recordOption },
    additionalProperties: false,
  },
  example: {
    argv: ["claude", "-p", "--output-format", "json"],
    input: "stdin",
    output: "json",
    timeout: "10m",
    max_wait: "5m",
  },
  check: ({ preset, argv = [], input }) => {
    if (preset !== undefined) return [];
    const needed = `expected the program and its arguments, or a preset: ${AGENTS.join(", ")}`;
    const message = (argv[0] ?? "") === "" ? needed : input === "argument" ? programProblem(argv) : null;
    return message === null ? [] : [{ path: "argv", message }];
  },
  create: (given, deps) => {
    const runner = new CommandRunner(given.argv ?? [], {
      name: deps.name,
      effects: deps.effects,
      input: given.input,
      outputFormat: given.output,
      timeout: given.timeout,
      maxWait: given.max_wait,
      ...defined({ path: given.path, preset: given.preset }),
      env: given.env,
      passEnv: given.pass_env,
    });
    return recorded(runner, given.record, deps);
  },
});
