import type { Deadline, ProcessUsage } from "../../../kernel/effects.ts";
import { GroupMeter } from "../../../platform/process/group-meter.ts";
import type { DockerClient } from "./client.ts";

/** Between two looks: what a container uses after the last one is not seen, and of a shorter one nothing is. */
const LOOK_MS = 500;

/** What a container uses, from looks at its control group while it runs. */
export class ContainerMeter {
  readonly #name: string;
  readonly #client: DockerClient;
  readonly #over = new AbortController();
  #group: GroupMeter | null = null;
  #next: Deadline;

  constructor(name: string, client: DockerClient) {
    this.#name = name;
    this.#client = client;
    this.#next = this.#later();
  }

  /** Looks no more. */
  end(): ProcessUsage {
    this.#next[Symbol.dispose]();
    this.#over.abort();
    this.#group?.look();
    return this.#group?.usage() ?? {};
  }

  #later(): Deadline {
    const next = this.#client.effects.clock.deadline(LOOK_MS);
    next.signal.addEventListener("abort", () => void this.#look().catch(() => undefined), { once: true });
    return next;
  }

  async #look(): Promise<void> {
    this.#group ??= await this.#find();
    this.#group?.look();
    if (!this.#over.signal.aborted) this.#next = this.#later();
  }

  /** `null` as long as it has not been started. */
  async #find(): Promise<GroupMeter | null> {
    const format = "{{.State.Pid}} {{.Id}}";
    const { text } = await this.#client.call(["inspect", "--format", format, "--", this.#name], this.#over.signal);
    const [, pid, id] = /^([1-9]\d*) ([0-9a-f]{64})$/.exec(text) ?? [];
    if (pid === undefined || id === undefined) return null;
    return new GroupMeter(Number(pid), id, this.#client.effects.files);
  }
}
