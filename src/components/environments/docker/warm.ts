import { join } from "node:path";
import { type Files, NEVER } from "../../../kernel/effects.ts";
import type { Command, Ended, Handle, Job, TrialPlace } from "../../../kernel/ports.ts";
import type { RunContext } from "../../../kernel/run-context.ts";
import type { JsonObject } from "../../../model/json.ts";
import type { DockerClient, DockerReply } from "./client.ts";
import { endOf, GRACE_SECONDS, removeContainer } from "./container.ts";

/** Of which run a warm container is, in which folder. */
export const RUN_LABEL = "aura.warm";
/** Where docker puts the program that `--init` names. Here it says in its own words when there is no such program. */
const INIT = ["/sbin/docker-init", "-s", "--"];
/** Does nothing, and goes on when all are asked to end, so that a trial has its time to do so. */
const IDLE = ["sh", "-c", 'trap "" TERM; exec tail -f /dev/null'];
/** Permissions of an owner. */
const OWNER = 0o700;
/** Processes of a container in which no trial is: docker's init, and what does nothing. */
const IDLE_PROCESSES = 2;
/**
 * Empties what the next trial would find, and tells what is there then: what is mounted in it, and what it does not
 * remove. No file system that is mounted there is gone into.
 */
const CLEAN = `find /tmp /dev/shm -xdev ! -type d -exec rm -f {} + 2>/dev/null
find /tmp /dev/shm -xdev -depth -type d -exec rmdir {} + 2>/dev/null
find /tmp /dev /dev/shm /dev/mqueue -xdev; cat /proc/sysvipc/*`;
/** What the image has to have for all this. */
export const WARM_PROGRAMS = ["sh", "tail", "find", "rm", "rmdir", "cat"];

/** The container of a slot of the run: its name, and the folder that holds what is in the folder of the trial which it runs. */
export interface WarmPlace {
  readonly container: string;
  readonly folder: string;
}

/** The words of the client's for a command in a warm container, where the trial's folder has another path. */
export function execCommand(
  { file, args, env, cwd }: Command,
  { trialDir }: Pick<TrialPlace, "trialDir">,
  { container, folder }: WarmPlace,
  variables: (env: Command["env"]) => readonly string[],
): Pick<Command, "args" | "env"> {
  const seen = (text: string): string => text.replaceAll(trialDir, folder);
  const seenEnv = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, seen(value)]));
  const words = ["exec", "--workdir", seen(cwd), ...variables(seenEnv), container, ...INIT, seen(file)];
  return { args: [...words, ...args.map(seen)], env: seenEnv };
}

/** One container for each slot of a run, in which trials are started one after the other. */
export class WarmContainers {
  readonly #client: DockerClient;
  readonly #mark: string;
  readonly #root: string;
  readonly #slots = new Map<string, WarmContainer>();

  constructor(client: DockerClient, { mark, workspace }: Pick<RunContext, "mark" | "workspace">) {
    this.#client = client;
    this.#mark = mark;
    this.#root = warmFolder(workspace.root);
  }

  /** Ends those that a killed AURA left, and the trials in them. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { text } = await this.#client.call(["ps", "-aq", "--filter", `label=${RUN_LABEL}=${this.#mark}`], signal);
    for (const id of text.split("\n").filter((line) => line !== "")) await removeContainer(id, this.#client);
    this.#client.effects.files.remove(this.#root);
  }

  /** Starts a trial; `words` are what its container is made by, without the command. */
  start(job: Job, ref: JsonObject, words: readonly string[], place: WarmPlace, aborted: AbortSignal): Handle {
    const slot = this.#slots.get(place.container) ?? new WarmContainer(place, this.#client);
    this.#slots.set(place.container, slot);
    job.known({ ...ref, container: place.container, warm: true });
    return new WarmTrial(job, slot, ["--label", `${RUN_LABEL}=${this.#mark}`, ...words], this.#client, aborted);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.end()));
    this.#client.effects.files.remove(this.#root);
  }
}

export function warmFolder(workspace: string): string {
  return join(workspace, "warm");
}

class WarmContainer {
  readonly #place: WarmPlace;
  readonly #client: DockerClient;
  readonly #files: Files;
  /** What it was made by; `null` while there is none. */
  #madeBy: string | null = null;
  /** What is in it before any trial has been. */
  #fresh = "";
  #cleaned: Promise<void> = Promise.resolve();

  constructor(place: WarmPlace, client: DockerClient) {
    this.#place = place;
    this.#client = client;
    this.#files = client.effects.files;
  }

  /** Sees that it is there, as these words make it, and clean. Answers with what went wrong. */
  async open(words: readonly string[], signal: AbortSignal): Promise<string | null> {
    await this.#cleaned;
    const { container, folder } = this.#place;
    const key = JSON.stringify(words);
    if (this.#madeBy === key) return null;
    await this.end();
    this.#files.remove(folder);
    this.#files.makeDirectory(folder, 0o700);
    const made = await this.#client.call(["run", "--detach", "--name", container, ...words, ...IDLE], signal);
    const fresh = made.ok ? await this.#clean(signal) : made;
    if (!fresh.ok) return fresh.said;
    this.#madeBy = key;
    this.#fresh = fresh.text;
    return null;
  }

  /** Moves what is in the folder of a trial to where the container shows it, and back. */
  enter(trialDir: string): void {
    this.#move(trialDir, this.#place.folder);
  }

  leave(trialDir: string): void {
    this.#move(this.#place.folder, trialDir);
  }

  #move(from: string, to: string): void {
    for (const { name } of this.#files.list(from) ?? []) {
      const { kind, mode = 0 } = this.#files.stat(join(from, name)) ?? {};
      // A folder that its owner may not write to may not be moved elsewhere.
      const isLocked = kind === "directory" && (mode & OWNER) !== OWNER;
      if (isLocked) this.#files.chmod(join(from, name), mode | OWNER);
      this.#files.rename(join(from, name), join(to, name));
      if (isLocked) this.#files.chmod(join(to, name), mode);
    }
  }

  /** Whether nothing of a trial runs in it. The daemon is asked: what is in there may lie. */
  async isIdle(): Promise<boolean> {
    const { ok, text } = await this.#client.call(["top", this.#place.container, "-eo", "pid"], NEVER);
    return ok && text.split("\n").length === 1 + IDLE_PROCESSES;
  }

  async isOutOfMemory(since: Date): Promise<boolean> {
    const until = this.#client.effects.clock.now().toISOString();
    const filters = ["--filter", `container=${this.#place.container}`, "--filter", "event=oom"];
    const span = ["--since", since.toISOString(), "--until", until];
    const { text } = await this.#client.call(["events", ...span, ...filters], NEVER);
    return text !== "";
  }

  /** Asks all in it to end. */
  async ask(): Promise<void> {
    await this.#client.call(["exec", this.#place.container, "sh", "-c", "kill -TERM -1"], NEVER);
  }

  /** Cleans it for the next trial, which waits for it. One in which something is left is ended. */
  clean(): void {
    this.#cleaned = this.#clean(NEVER).then(({ text }) => (text === this.#fresh ? undefined : this.end()));
  }

  #clean(signal: AbortSignal): Promise<DockerReply> {
    return this.#client.call(["exec", this.#place.container, "sh", "-c", CLEAN], signal);
  }

  async end(): Promise<void> {
    this.#madeBy = null;
    await removeContainer(this.#place.container, this.#client);
  }
}

/** A trial in a warm container. The container goes with it, unless it has ended by itself and left nothing running. */
class WarmTrial implements Handle {
  readonly #job: Job;
  readonly #slot: WarmContainer;
  readonly #client: DockerClient;
  readonly #aborted: AbortSignal;
  readonly #watch = new AbortController();
  readonly #ended: Promise<Ended>;

  constructor(job: Job, slot: WarmContainer, words: readonly string[], client: DockerClient, aborted: AbortSignal) {
    this.#job = job;
    this.#slot = slot;
    this.#client = client;
    this.#aborted = aborted;
    this.#ended = this.#run(words);
  }

  wait(): Promise<Ended> {
    return this.#ended;
  }

  async stop(): Promise<void> {
    if (!this.#aborted.aborted) {
      await this.#slot.ask();
      const { clock } = this.#client.effects;
      await Promise.race([this.#ended, clock.sleep(GRACE_SECONDS * 1000, this.#aborted).catch(() => undefined)]);
    }
    await this.#slot.end();
    this.#watch.abort(new Error("its container was stopped"));
  }

  async #run(words: readonly string[]): Promise<Ended> {
    const gone = { exitCode: null, signal: null };
    const problem = await this.#slot.open(words, this.#watch.signal);
    if (problem !== null)
      return { ...gone, end: "spawn-error", message: `the container could not be started: ${problem}` };
    const { trialDir, limits } = this.#job.place;
    this.#slot.enter(trialDir);
    try {
      this.#job.running();
      const since = this.#client.effects.clock.now();
      const result = await this.#client.attach(this.#job, this.#job.args, this.#job.env, this.#watch.signal);
      const isOutOfMemory = limits?.memoryBytes !== undefined && (await this.#slot.isOutOfMemory(since));
      const isIdle = result.end === "exited" && (await this.#slot.isIdle());
      if (isIdle && !isOutOfMemory) this.#slot.clean();
      else await this.#slot.end();
      const { end, exitCode } = result;
      return endOf(result, { isRunning: end !== "exited", isOutOfMemory, exitCode, wasStarted: true });
    } finally {
      this.#slot.leave(trialDir);
    }
  }
}
