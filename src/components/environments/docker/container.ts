import { NEVER, type ProcessResult, type ProcessUsage } from "../../../kernel/effects.ts";
import type { Ended, Handle, Job } from "../../../kernel/ports.ts";
import { defined, isJsonObject, type JsonObject, parseJson } from "../../../model/json.ts";
import { endedBy, signalOfCode } from "../../../platform/process/signal-code.ts";
import { type DockerClient, said } from "./client.ts";
import { ContainerMeter } from "./meter.ts";

/** Between SIGTERM and SIGKILL, in seconds, for a container whose time is over. */
export const GRACE_SECONDS = 5;
/** The image's program for process 1 says so when there is no such program. */
const NOT_STARTED = /^\[FATAL tini \(\d+\)\] exec (.*) failed: (.*)$/;

/**
 * One container, watched by a client that writes its output to the logs. The client's end says little: what became of
 * the command is asked of the daemon, and then the container is removed.
 */
export class Container implements Handle {
  readonly #name: string;
  readonly #job: Job;
  readonly #client: DockerClient;
  readonly #aborted: AbortSignal;
  readonly #watch = new AbortController();
  #watched: Promise<ProcessResult> | null = null;
  #usage: ProcessUsage = {};
  readonly #ref: JsonObject;

  constructor(ref: JsonObject & { readonly container: string }, job: Job, client: DockerClient, aborted: AbortSignal) {
    this.#name = ref.container;
    this.#ref = ref;
    this.#job = job;
    this.#client = client;
    this.#aborted = aborted;
  }

  /** Starts it by these words of the client's, after the end of the container of an earlier attempt. */
  run(args: readonly string[], earlier: string | null): void {
    // On the disk before it exists: whatever happens, it can be found.
    this.#job.known(this.#ref);
    this.#job.running();
    const gone = earlier === null ? Promise.resolve() : removeContainer(earlier, this.#client);
    this.#watched = gone.then(() => this.#attach(args, this.#job.env));
  }

  /** Goes on with one that was started before, from the first line that docker has kept of its output. */
  follow(startedAt: string): void {
    this.#job.running(Math.max(0, this.#client.effects.clock.now().getTime() - Date.parse(startedAt)));
    this.#watched = this.#attach(["logs", "--follow", "--", this.#name], this.#client.env);
  }

  async wait(): Promise<Ended> {
    const result = await this.#watched;
    const state = await this.#state();
    await removeContainer(this.#name, this.#client);
    if (!result) throw new Error("a container is waited for that was not started");
    const ended = { ...endOf(result, state), ...defined({ durationMs: state?.ranMs }), usage: this.#usage };
    return this.#wentDown() && ended.exitCode !== 0 ? { ...ended, ...WENT_DOWN } : ended;
  }

  /** Whether the machine has been started anew since it was started. */
  #wentDown(): boolean {
    const { bootId } = this.#ref;
    return typeof bootId === "string" && bootId !== this.#client.effects.processes.self.bootId;
  }

  async stop(): Promise<void> {
    // Should AURA be gone before the container is: the next one does not take for a result what this did, and ends it.
    this.#job.known({ ...this.#ref, ending: true });
    const how = this.#aborted.aborted ? ["kill"] : ["stop", "--time", String(GRACE_SECONDS)];
    await this.#client.call([...how, "--", this.#name], NEVER);
    this.#watch.abort(new Error("its container was stopped"));
  }

  #attach(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProcessResult> {
    const meter = new ContainerMeter(this.#name, this.#client);
    return this.#client.attach(this.#job, args, env, this.#watch.signal).finally(() => {
      this.#usage = meter.end();
    });
  }

  /** As the daemon has it; `null` when it knows of no such container, or does not answer. */
  async #state(): Promise<State | null> {
    const { ok, text } = await this.#client.call(["inspect", "--format", "{{json .State}}", "--", this.#name], NEVER);
    const state = ok ? parseJson(text) : null;
    if (!isJsonObject(state)) return null;
    const { Running, OOMKilled, ExitCode, StartedAt, FinishedAt } = state;
    const ranMs = Date.parse(String(FinishedAt)) - Date.parse(String(StartedAt));
    return {
      isRunning: Running === true,
      isOutOfMemory: OOMKilled === true,
      exitCode: typeof ExitCode === "number" ? ExitCode : null,
      wasStarted: typeof StartedAt === "string" && !StartedAt.startsWith("0001-"),
      ...(ranMs >= 0 ? { ranMs } : {}),
    };
  }
}

/** Not its own end: at a restart of its machine docker ends it, or finds it gone. */
const WENT_DOWN = { end: "lost", exitCode: null, signal: null, message: "its machine was restarted" } as const;

/** Ends it, if it is there and has not ended, and leaves nothing of it. */
export async function removeContainer(name: string, client: DockerClient): Promise<void> {
  await client.call(["rm", "--force", "--volumes", "--", name], NEVER);
}

/** What is known of a container in which a command was run. */
export interface State {
  readonly isRunning: boolean;
  readonly isOutOfMemory: boolean;
  readonly exitCode: number | null;
  readonly wasStarted: boolean;
  /** From its start to its end. */
  readonly ranMs?: number;
}

export function endOf(result: ProcessResult, state: State | null): Ended {
  const gone = { exitCode: null, signal: null };
  const { end, message } = result;
  if (end === "output-limit") return { ...gone, end, ...(message === undefined ? {} : { message }) };
  if (state === null || !state.wasStarted) return { ...gone, ...unstarted(result, state) };
  const { isOutOfMemory, exitCode } = state;
  if (isOutOfMemory) return { ...gone, end: "out-of-memory", message: "the container took more memory than its limit" };
  if (state.isRunning)
    return { ...gone, end: "lost", message: `what watched its container has ended: ${said(result)}` };
  const [, program, reason] = NOT_STARTED.exec(result.stderrTail.trim().split("\n").at(-1) ?? "") ?? [];
  if (program !== undefined && (exitCode === 126 || exitCode === 127))
    return { ...gone, end: "cannot-start", message: `cannot start ${program} in the container: ${reason}` };
  const signal = signalOfCode(exitCode);
  if (signal !== undefined) return { end: "signal", exitCode: null, signal, message: endedBy(signal) };
  return { end: "exited", exitCode, signal: null };
}

function unstarted(result: ProcessResult, state: State | null): Pick<Ended, "end" | "message"> {
  const words = said(result);
  if (state === null && result.exitCode !== 125)
    return { end: "lost", message: `nothing is known of its container any more: ${words}` };
  const lasts = state?.exitCode === 126 || state?.exitCode === 127;
  return { end: lasts ? "cannot-start" : "spawn-error", message: `the container could not be started: ${words}` };
}
