import type { TrialContext } from "../../kernel/context.ts";
import type { OutputLines } from "../../kernel/ports.ts";
import { couldBeMetric } from "../metric-line.ts";

export interface OutputBounds {
  readonly lines: number;
  readonly bytes: number;
}

/** Lines that could carry a metric. */
const METRICS: OutputBounds = { lines: 20_000, bytes: 8 * 1024 * 1024 };
/** All other lines, for readers with patterns of their own. */
const OTHERS: OutputBounds = { lines: 2000, bytes: 1024 * 1024 };

/** Characters kept of a line that is no metric. */
const LONGEST_OTHER = 64 * 1024;

/** Characters of a stream's end that a record shows. */
export const LONGEST_TAIL = 4096;
const LINES_IN_TAIL = 200;

/** Keeps the newest lines of a trial's stdout for collectors, bounded in number and size whatever the trial writes. */
export class LineKeeper {
  readonly #metrics: Newest;
  readonly #others: Newest;
  readonly #observedAt: () => string;
  #order = 0;

  constructor(observedAt: () => string, metrics: OutputBounds = METRICS, others: OutputBounds = OTHERS) {
    this.#observedAt = oncePerTurn(observedAt);
    this.#metrics = new Newest(metrics);
    this.#others = new Newest(others);
  }

  add(text: string): void {
    const order = this.#order++;
    if (couldBeMetric(text)) this.#metrics.add({ text, observedAt: this.#observedAt(), order });
    else this.#others.add({ text: text.slice(0, LONGEST_OTHER), observedAt: this.#observedAt(), order });
  }

  /** What was kept, in the order it came. */
  lines(): OutputLines {
    const stdout = [...this.#metrics.kept(), ...this.#others.kept()].sort((a, b) => a.order - b.order);
    return {
      stdout: stdout.map(({ text, observedAt }) => ({ text, observedAt })),
      truncated: this.#metrics.dropped || this.#others.dropped,
    };
  }
}

interface KeptLine {
  readonly text: string;
  readonly observedAt: string;
  readonly order: number;
}

/** Keeps the newest lines: up to twice as many as it may, so that it forgets many at once. */
class Newest {
  readonly #bounds: OutputBounds;
  #lines: KeptLine[] = [];
  #bytes = 0;
  dropped = false;

  constructor(bounds: OutputBounds) {
    this.#bounds = bounds;
  }

  add(line: KeptLine): void {
    this.#lines.push(line);
    this.#bytes += line.text.length;
    if (this.#lines.length > 2 * this.#bounds.lines || this.#bytes > 2 * this.#bounds.bytes) this.#forget();
  }

  kept(): readonly KeptLine[] {
    this.#forget();
    return this.#lines;
  }

  #forget(): void {
    const { lines, bytes } = this.#bounds;
    let from = 0;
    for (; this.#lines.length - from > lines || this.#bytes > bytes; from++)
      this.#bytes -= this.#lines[from]?.text.length ?? 0;
    if (from > 0) this.dropped = true;
    this.#lines = this.#lines.slice(from);
  }
}

/** The last lines of a stream, as far as a record shows them. */
class TailKeeper {
  #lines: string[] = [];

  add(line: string): void {
    if (this.#lines.push(line.slice(-LONGEST_TAIL)) > 2 * LINES_IN_TAIL)
      this.#lines = this.#lines.slice(-LINES_IN_TAIL);
  }

  text(): string {
    return tail(this.#lines.map((line) => `${line}\n`).join(""));
  }
}

/** The output of an attempt as it comes: told to watchers, its lines kept for collectors and its end for records. */
export class Output {
  readonly #keeper: LineKeeper;
  readonly #tell: ReturnType<typeof outputEvents>;
  /** Whoever watches a local process keeps the ends itself. */
  readonly #tails: { readonly stdout: TailKeeper; readonly stderr: TailKeeper } | null;

  constructor(ctx: TrialContext, withTails = false) {
    this.#keeper = new LineKeeper(() => ctx.effects.clock.now().toISOString());
    this.#tell = outputEvents(ctx);
    this.#tails = withTails ? { stdout: new TailKeeper(), stderr: new TailKeeper() } : null;
  }

  add(stream: "stdout" | "stderr", line: string): void {
    if (stream === "stdout") this.#keeper.add(line);
    this.#tails?.[stream].add(line);
    this.#tell(stream, line);
  }

  lines(): OutputLines {
    return this.#keeper.lines();
  }

  tail(stream: "stdout" | "stderr"): string {
    return this.#tails?.[stream].text() ?? "";
  }
}

/** The end of a text that goes into a record as log. */
export function tail(text: string): string {
  const clean = text.replace(/[^\P{Cc}\n\t]/gu, "");
  return clean.length <= LONGEST_TAIL ? clean : clean.slice(-LONGEST_TAIL);
}

const LINES_PER_SECOND = 50;
const LONGEST_LINE = 2000;

/** Tells observers of a trial's output, at most 50 lines a second: all of it is in the log, this is for watching. */
export function outputEvents(
  ctx: Pick<TrialContext, "emit" | "trialId" | "effects">,
): (stream: "stdout" | "stderr", line: string) => void {
  const monotonic = oncePerTurn(() => ctx.effects.clock.monotonic());
  let windowStart = Number.NEGATIVE_INFINITY;
  let emitted = 0;
  return (stream, line) => {
    const now = monotonic();
    if (now - windowStart >= 1000) {
      windowStart = now;
      emitted = 0;
    }
    if (emitted >= LINES_PER_SECOND) return;
    emitted += 1;
    ctx.emit({ type: "trial.output", trialId: ctx.trialId, stream, line: line.slice(0, LONGEST_LINE) });
  };
}

/**
 * Reads something at most once in a turn of the event loop. All lines of a chunk of output come in one turn, and there
 * may be thousands: to read the clock for each would cost more than the rest of what is done with them.
 */
function oncePerTurn<T>(read: () => T): () => T {
  let known: { readonly value: T } | null = null;
  return () => {
    if (known !== null) return known.value;
    known = { value: read() };
    void Promise.resolve().then(() => {
      known = null;
    });
    return known.value;
  };
}
