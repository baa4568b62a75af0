import { send } from "./signals.ts";

/**
 * The process group of a child that was started as its leader. Signals go to the group and not to the leader, because
 * a leader that is ended alone leaves its own children running.
 */
export class ProcessGroup {
  readonly #id: number;
  #left: "leader" | "members" | "nobody" = "leader";

  constructor(leader: number) {
    this.#id = leader;
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#left !== "nobody") send(-this.#id, signal);
  }

  /**
   * To be called as the leader's end is seen. From then on its id may be given to another process, unless the group
   * still has members: only as long as these have been there, the group is signalled again.
   */
  leaderEnded(): void {
    this.#left = send(-this.#id, 0) ? "members" : "nobody";
  }

  /** Ends what the leader left behind. */
  killRest(): void {
    if (this.#left !== "members") return;
    this.signal("SIGKILL");
    this.#left = "nobody";
  }
}
