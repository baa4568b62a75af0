import type { Clock, Deadline } from "../kernel/effects.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Emit } from "../kernel/events.ts";
import type { RequestKind } from "../workspace/requests.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Spending } from "./spending.ts";

/** Milliseconds between two looks at what is asked of a run. */
const LOOK_MS = 250;

interface RequestDeps {
  readonly workspace: Pick<Workspace, "takeRequests">;
  readonly clock: Clock;
  readonly spending: Pick<Spending, "pause" | "continue">;
  readonly emit: Emit;
  /** Says in the manifest that the run is paused, or that it goes on. */
  readonly notePause: (isPaused: boolean) => void;
  /** Has the run start nothing more and end as a pause. */
  readonly stop: () => void;
}

/** Hears what is asked of a run from elsewhere while it goes on, until disposed. */
export class Requests implements Disposable {
  readonly #deps: RequestDeps;
  #next: Deadline | null = null;
  #isPaused = false;

  constructor(deps: RequestDeps) {
    this.#deps = deps;
    this.#look();
  }

  /** Waits while the run is paused, unless it is to stop. */
  async going(stopping: AbortSignal): Promise<void> {
    // Only a sleep keeps the process alive.
    while (this.#isPaused && !stopping.aborted) await this.#deps.clock.sleep(LOOK_MS, stopping).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#next?.[Symbol.dispose]();
  }

  /** Runs from a timer, where there is nobody to throw to. */
  #look(): void {
    const { workspace, clock, emit } = this.#deps;
    try {
      for (const { kind, text } of workspace.takeRequests()) {
        this.#obey(kind);
        emit({ type: "request.heard", kind, ...(kind === "note" ? { text } : {}) });
      }
    } catch (thrown) {
      emit({
        type: "warning",
        code: "requests-unheard",
        message: `requests are not heard any more: ${messageOf(thrown)}`,
      });
      return;
    }
    this.#next = clock.deadline(LOOK_MS);
    this.#next.signal.addEventListener("abort", () => this.#look(), { once: true });
  }

  #obey(kind: RequestKind): void {
    if (kind === "stop") this.#deps.stop();
    if (kind === "pause" || kind === "continue") {
      this.#isPaused = kind === "pause";
      this.#deps.spending[kind]();
      this.#deps.notePause(this.#isPaused);
    }
  }
}
