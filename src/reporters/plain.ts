import type { Clock } from "../kernel/effects.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import { plainFields, plainLine } from "./plain-fields.ts";

export interface PlainReporterOptions {
  /** Gets each line without its line end. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** Events of the run so far, such as those of its journal, which the heartbeat counts too. */
  readonly history?: Iterable<AuraEvent>;
}

export interface PlainReporter {
  readonly sink: EventSink;
  /** Ends the heartbeat; the owner calls it when the run is over. Calling it again does nothing. */
  stop(): void;
}

const HEARTBEAT_MS = 60_000;

/**
 * A reporter for logs and pipes: one line an event and a heartbeat line every minute from the first event on.
 * The line of `experiment.finished` waits for the verdict, so that it tells the score.
 */
export function createPlainReporter(options: PlainReporterOptions): PlainReporter {
  const { write, clock, history = [] } = options;
  const stopped = new AbortController();
  const progress = new Progress();
  for (const event of history) progress.see(event);
  const unscored = new Map<string, Extract<AuraEvent, { type: "experiment.finished" }>>();
  let beating = false;

  const print = (event: AuraEvent, at: string, extra: Parameters<typeof plainFields>[1] = {}): void => {
    const described = plainFields(event, extra);
    if (described) write(plainLine(at, described.level, event.type, described.fields));
  };

  const beat = async (): Promise<void> => {
    for (;;) {
      try {
        await clock.sleep(HEARTBEAT_MS, stopped.signal);
      } catch {
        return;
      }
      if (stopped.signal.aborted) return;
      write(plainLine(clock.now().toISOString(), "info", "heartbeat", progress.fields()));
    }
  };

  const sink: EventSink = (event) => {
    progress.see(event);
    if (event.type === "experiment.finished") {
      unscored.set(event.experiment.hypothesisId, event);
    } else {
      if (event.type === "evaluation.scored") {
        const finished = unscored.get(event.evaluation.hypothesisId);
        unscored.delete(event.evaluation.hypothesisId);
        if (finished) print(finished, event.at, { score: event.evaluation.score, best: event.best?.score ?? null });
      } else if (event.type === "iteration.finished" || event.type === "run.finished") {
        for (const finished of unscored.values()) print(finished, event.at);
        unscored.clear();
      }
      print(event, event.at);
    }
    if (event.type === "run.finished") stopped.abort();
    else if (!beating) {
      beating = true;
      void beat();
    }
  };

  return { sink, stop: () => stopped.abort() };
}

/** What a heartbeat tells: enough to see from a log's end that the run lives and where it is. */
class Progress {
  #iteration: number | null = null;
  #hypotheses = 0;
  #scored = 0;
  #best: number | null = null;
  readonly #running = new Set<string>();
  readonly #calls = new Set<string>();

  see(event: AuraEvent): void {
    switch (event.type) {
      case "run.started":
        this.#hypotheses = event.run.totals.hypotheses;
        this.#best = event.run.best?.score ?? null;
        this.#running.clear();
        this.#calls.clear();
        return;
      case "iteration.started":
        this.#iteration = event.iteration;
        return;
      case "hypothesis.proposed":
        this.#hypotheses++;
        return;
      case "evaluation.scored":
        if (event.evaluation.score !== null) this.#scored++;
        this.#best = event.best?.score ?? this.#best;
        return;
      case "trial.started":
        this.#running.add(event.trialId);
        return;
      case "trial.finished":
        this.#running.delete(event.trialId);
        return;
      case "call.started":
        this.#calls.add(event.callId);
        return;
      case "call.finished":
      case "call.failed":
        this.#calls.delete(event.callId);
    }
  }

  fields() {
    return {
      iteration: this.#iteration,
      hypotheses: this.#hypotheses,
      scored: this.#scored,
      running: this.#running.size,
      calls: this.#calls.size,
      best: this.#best,
    };
  }
}
