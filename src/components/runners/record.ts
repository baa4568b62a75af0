import { dirname } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import type { ComponentDeps } from "../../kernel/define.ts";
import type { Files } from "../../kernel/effects.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { createRedactor, type Redactor } from "../../kernel/redact.ts";
import { keyOf, promptHash, type RecordedCall } from "./recording.ts";

/**
 * Passes calls on to another runner and appends each answered one to a file that a `replay` runner reads. Before the
 * first of them it makes sure that the file can be written, and makes the folder it is in, but none above: what is
 * answered is paid for. Throws `SpecError` where there is no place for the file, `StorageError` where it cannot be written.
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

  async setup(ctx: RunContext): Promise<void> {
    this.#makeReady();
    await this.inner.setup?.(ctx);
  }

  async teardown(ctx: RunContext): Promise<void> {
    await this.inner.teardown?.(ctx);
  }

  mostCost(promptTokens: number): number | null {
    return this.inner.mostCost?.(promptTokens) ?? null;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    this.#makeReady();
    const reply = await this.inner.run(request, ctx);
    const call: RecordedCall = {
      ...keyOf(request),
      promptHash: promptHash(request.prompt),
      prompt: this.#hide.text(request.prompt),
      response: this.#hide.text(reply.content),
      ...(reply.structured === undefined ? {} : { structured: this.#hide.json(reply.structured) }),
      ...(reply.unusable === undefined ? {} : { unusable: this.#hide.text(reply.unusable) }),
      ...(reply.usage === undefined ? {} : { usage: reply.usage }),
      ...(reply.model === undefined ? {} : { model: reply.model }),
    };
    this.#files.append(this.#file, `${JSON.stringify(call)}\n`);
    return reply;
  }

  #makeReady(): void {
    if (this.#isReady) return;
    const folder = dirname(this.#file);
    const above = dirname(folder);
    if (this.#files.realPath(folder) === null) {
      if (this.#files.realPath(above) === null) {
        throw new SpecError(
          `cannot record to ${this.#file}: there is no folder ${above}; make it or correct \`record\``,
        );
      }
      this.#files.makeDirectory(folder);
    }
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
