import type { RunContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import type { Files } from "../../kernel/effects.ts";
import { RunFailedError, SpecError } from "../../kernel/errors.ts";
import { assertOptions, inSchema, objectOf, required, TEXT } from "../../kernel/given-options.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { systemEffects } from "../../platform/system.ts";
import { listed, promptLine } from "../../text/printable.ts";
import { keyOf, keyText, type RecordedCall, readRecording, recorded, recordOption } from "./recording.ts";

export interface ReplayRunnerOptions {
  /** The recording: a file of JSON lines, as `record` writes it. */
  readonly file: string;
  /** A prompt that differs from the recorded one is an error, not a warning. Default false. */
  readonly strict?: boolean;
  /** Name in records. Default `replay`. */
  readonly name?: string;
  /** Default: the machine's. */
  readonly files?: Files;
}

const OPTIONS = {
  file: { type: "string", minLength: 1, "x-path": "file", description: "The recording, relative to the spec." },
  strict: { type: "boolean", default: false, description: "A changed prompt is an error instead of a warning." },
} as const;
/** What makes a recording, before what is to be recorded. */
const RECORDING = "with `record: FILE` on a runner of a spec, record";

/**
 * Answers each question with the reply recorded for it: the same role, iteration, hypothesis, part and ask, whatever
 * the order of calls. `setup` throws `SpecError` when the recording is missing, damaged or empty; a question it has no
 * answer to ends the run with a `RunFailedError`, since asking again cannot bring one.
 */
export class ReplayRunner implements Runner {
  readonly name: string;
  readonly #options: ReplayRunnerOptions;
  #calls: ReadonlyMap<string, RecordedCall> | null = null;

  constructor(options: ReplayRunnerOptions) {
    const { file, strict } = inSchema(OPTIONS);
    assertOptions("ReplayRunner", options, { file: required(file), strict, name: TEXT, files: objectOf() });
    this.name = options.name ?? "replay";
    this.#options = options;
  }

  async setup(_ctx: RunContext): Promise<void> {
    this.load();
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    ctx.signal.throwIfAborted();
    const calls = this.load();
    const key = keyText(keyOf(request));
    const call = calls.get(key);
    if (!call) {
      throw new RunFailedError(
        `${this.#options.file} has no reply for: ${key}; it has: ${listed([...calls.keys()], MAX_KEYS)}\n` +
          `a recording answers only what was asked then: name a model in its place; or, ${RECORDING} the whole run again; or stop it sooner (stop.iterations)`,
      );
    }
    this.#comparePrompts(call, request, key, ctx);
    return {
      content: call.response,
      ...defined({ structured: call.structured, unusable: call.unusable, usage: call.usage, model: call.model }),
    };
  }

  /** The recording, read once. Throws `SpecError` when it is missing, damaged or empty. */
  load(): ReadonlyMap<string, RecordedCall> {
    if (this.#calls) return this.#calls;
    const { file, files = systemEffects().files } = this.#options;
    const text = files.readText(file);
    if (text === null) throw new SpecError(`there is no recording ${file}; ${RECORDING} one`);
    const calls = readRecording(text, file);
    if (calls.size === 0) throw new SpecError(`the recording ${file} is empty; ${RECORDING} one`);
    this.#calls = calls;
    return calls;
  }

  #comparePrompts(call: RecordedCall, request: RunnerRequest, key: string, ctx: RunnerContext): void {
    // The recorded prompt may have had secrets in it that are not recorded.
    const recordedHash = call.promptHash ?? (call.prompt === undefined ? undefined : sha256Of(call.prompt));
    if (recordedHash === undefined || recordedHash === sha256Of(request.prompt)) return;
    const difference = call.prompt === undefined ? "" : `; ${firstDifference(call.prompt, request.prompt)}`;
    const message = `the prompt differs from the recorded one for: ${key}${difference}`;
    if (this.#options.strict) {
      throw new RunFailedError(`${message}\n${RECORDING} the run again, or replay it without \`strict\``);
    }
    ctx.warn("replay-prompt-changed", message);
  }
}

/** Runner `replay`: a recording in place of a model. */
export const replayRunner = defineComponent({
  kind: "runner",
  type: "replay",
  summary: "Answers from a recording of earlier calls, by role, iteration, hypothesis and ask: no key, no network.",
  options: {
    type: "object",
    properties: { ...OPTIONS, ...recordOption },
    required: ["file"],
    additionalProperties: false,
  },
  example: { file: "replay.jsonl", strict: false },
  create: ({ file, strict, record }, deps) => {
    const { files } = deps.effects;
    const runner = new ReplayRunner({ file: deps.resolvePath(file), strict, name: deps.name, files });
    runner.load();
    return recorded(runner, record, deps);
  },
});

const MAX_KEYS = 12;

const MAX_WIDTH = 160;
/** How much of what two lines share stands before what differs in them. */
const MAX_SHARED = 40;

/** The first line in which two prompts differ, as a `-` and a `+` line: of long ones, the part that differs. */
function firstDifference(before: string, after: string): string {
  const old = before.split("\n");
  const now = after.split("\n");
  const found = now.findIndex((line, index) => line !== old[index]);
  const at = found < 0 ? now.length : found;
  const [was, is] = [[...(old[at] ?? "")], [...(now[at] ?? "")]];
  const column = was.findIndex((character, index) => character !== is[index]);
  const from = Math.max(0, (column < 0 ? was.length : column) - MAX_SHARED);
  const [gone, come] = [was, is].map((line) => {
    return `${from > 0 ? "…" : ""}${promptLine(line.slice(from).join(""), MAX_WIDTH)}`;
  });
  return `line ${at + 1}:\n- ${gone}\n+ ${come}`;
}
