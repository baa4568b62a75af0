import { dirname } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import type { ComponentDeps } from "../../kernel/define.ts";
import type { Files } from "../../kernel/effects.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { createRedactor, type Redactor } from "../../kernel/redact.ts";
import { ROLES, type Role, type Usage } from "../../model/call.ts";
import { parseHypothesisId } from "../../model/ids.ts";
import { defined, isJsonObject, type JsonValue, parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { sanitizeJson } from "../extract-json.ts";
import { readUsage } from "./llm.ts";

/** The option that every runner has. */
export const recordOption = {
  record: {
    type: "string",
    minLength: 1,
    "x-secret": false,
    "x-scores": false,
    description: "File to which every call is appended, for a `replay` runner. Relative to the spec.",
  },
} as const;

/** One recorded call: a line of a recording, as JSON. Lines written by hand may leave out `prompt` and `promptHash`. */
export interface RecordedCall {
  readonly role: Role;
  readonly iteration: number;
  /** Id of the hypothesis the call was about, where it was about one. */
  readonly hypothesis?: string;
  readonly part?: string;
  readonly ask: number;
  readonly promptHash?: string;
  readonly prompt?: string;
  readonly response: string;
  readonly structured?: JsonValue;
  /** Why the recorded runner could make nothing of the response. */
  readonly unusable?: string;
  readonly usage?: Usage;
  readonly model?: string;
}

/** Which question a call answers: what replaying goes by. Prompts and the order of calls do not matter. */
export type CallKey = Pick<RecordedCall, "role" | "iteration" | "hypothesis" | "part" | "ask">;

/** The question as one line, for people and for lookups: `researcher iteration 2 ask 1`. */
export function keyText(key: CallKey): string {
  const id = key.hypothesis === undefined ? null : parseHypothesisId(key.hypothesis);
  const about = id ? ` hypothesis i${id.iteration}-h${id.index}` : key.hypothesis ? ` ${key.hypothesis}` : "";
  const part = key.part === undefined ? "" : ` part ${key.part}`;
  return `${key.role} iteration ${key.iteration}${about}${part} ask ${key.ask}`;
}

export function keyOf(request: RunnerRequest): CallKey {
  return {
    role: request.role,
    iteration: request.iteration,
    ...defined({ hypothesis: request.hypothesisId, part: request.part }),
    ask: request.ask,
  };
}

/** The calls of a recording by `keyText`; of several for one question the last counts. Throws `SpecError` on a bad line. */
export function readRecording(text: string, file: string): ReadonlyMap<string, RecordedCall> {
  const calls = new Map<string, RecordedCall>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const call = readLine(line);
    if (typeof call === "string") throw new SpecError(`${file}:${index + 1}: ${call}`);
    calls.set(keyText(call), call);
  }
  return calls;
}

function readLine(line: string): RecordedCall | string {
  const data = sanitizeJson(parseJson(line));
  if (!isJsonObject(data)) return "not a line that holds a JSON object";
  const { role, iteration, response, structured } = data;
  const ask = data.ask ?? 1;
  const known = ROLES.find((candidate) => candidate === role);
  if (!known) return `"role" is not one of ${ROLES.join(", ")}`;
  if (!isCount(iteration, 0)) return '"iteration" is not a whole number';
  if (!isCount(ask, 1)) return '"ask" is not a whole number from 1';
  const answer =
    typeof response === "string" ? response : response === undefined ? undefined : JSON.stringify(response);
  if (answer === undefined) return 'there is no "response"';
  const text = (value: JsonValue | undefined) => (typeof value === "string" ? value : undefined);
  return {
    role: known,
    iteration,
    ask,
    response: answer,
    ...defined({
      hypothesis: text(data.hypothesis),
      part: text(data.part),
      promptHash: text(data.promptHash),
      prompt: text(data.prompt),
      structured,
      unusable: text(data.unusable),
      usage: readUsage(data.usage),
      model: text(data.model),
    }),
  };
}

function isCount(value: JsonValue | undefined, from: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= from;
}

/**
 * Passes calls on to another runner and appends each answered one to a file that a `replay` runner reads. Before the
 * first of them it makes sure that the file can be written: what is answered is paid for. Throws `StorageError` where
 * it cannot.
 */
export class RecordingRunner implements Runner {
  readonly name: string;
  readonly model?: string;
  /** The runner whose calls are recorded. */
  readonly inner: Runner;
  readonly #file: string;
  readonly #files: Files;
  readonly #hide: Redactor;
  #isReady = false;

  /** `hide` takes secrets out of what is recorded; a replay goes by the hash of the prompt as it was sent. */
  constructor(inner: Runner, file: string, files: Files, hide: Redactor = createRedactor([])) {
    this.#hide = hide;
    this.name = inner.name;
    if (inner.model !== undefined) this.model = inner.model;
    this.inner = inner;
    this.#file = file;
    this.#files = files;
  }

  /** The same recording of another runner, made from the recorded one. */
  around(make: (inner: Runner) => Runner): RecordingRunner {
    return new RecordingRunner(make(this.inner), this.#file, this.#files, this.#hide);
  }

  get passEnv(): readonly string[] {
    return this.inner.passEnv ?? [];
  }

  async setup(ctx: RunContext): Promise<void> {
    this.#makeReady();
    await this.inner.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    await this.inner.teardown?.(ctx);
  }

  mostTokens(promptTokens: number): number | null {
    return this.inner.mostTokens?.(promptTokens) ?? null;
  }

  mostCost(promptTokens: number): number | null {
    return this.inner.mostCost?.(promptTokens) ?? null;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    this.#makeReady();
    const reply = await this.inner.run(request, ctx);
    const { content: response, ...rest } = this.#hide.record(reply);
    const call: RecordedCall = {
      ...keyOf(request),
      promptHash: sha256Of(request.prompt),
      prompt: this.#hide.text(request.prompt),
      response,
      ...rest,
    };
    this.#files.append(this.#file, `${JSON.stringify(call)}\n`);
    return reply;
  }

  #makeReady(): void {
    if (this.#isReady) return;
    this.#files.makeDirectory(dirname(this.#file));
    this.#files.append(this.#file, "");
    this.#isReady = true;
  }
}

/** The runner as it is or, where its `record` option names a file, with every call recorded there. */
export function recorded(
  runner: Runner,
  file: string | undefined,
  deps: Pick<ComponentDeps, "effects" | "resolvePath" | "hide">,
): Runner {
  return file === undefined
    ? runner
    : new RecordingRunner(runner, deps.resolvePath(file), deps.effects.files, deps.hide);
}
