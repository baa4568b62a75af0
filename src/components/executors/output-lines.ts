import type { OutputLines } from "../../kernel/ports.ts";
import { couldBeMetric } from "../metric-line.ts";
import { oncePerTurn } from "./once-per-turn.ts";

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
    if (couldBeMetric(text)) this.#metrics.add(text, this.#observedAt(), order);
    else this.#others.add(text.slice(0, LONGEST_OTHER), this.#observedAt(), order);
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

/** A ring that forgets from its old end. Its parts are written over, so that a line of a flood costs no object. */
class Newest {
  readonly #bounds: OutputBounds;
  readonly #texts: string[] = [];
  readonly #times: string[] = [];
  readonly #orders: number[] = [];
  #first = 0;
  #count = 0;
  #bytes = 0;
  dropped = false;

  constructor(bounds: OutputBounds) {
    this.#bounds = bounds;
  }

  add(text: string, observedAt: string, order: number): void {
    if (this.#count === this.#bounds.lines) this.#forget();
    const at = (this.#first + this.#count) % this.#bounds.lines;
    this.#texts[at] = text;
    this.#times[at] = observedAt;
    this.#orders[at] = order;
    this.#count += 1;
    this.#bytes += text.length;
    while (this.#bytes > this.#bounds.bytes) this.#forget();
  }

  kept(): readonly KeptLine[] {
    return Array.from({ length: this.#count }, (_, index) => {
      const at = (this.#first + index) % this.#bounds.lines;
      return { text: this.#texts[at] ?? "", observedAt: this.#times[at] ?? "", order: this.#orders[at] ?? 0 };
    });
  }

  #forget(): void {
    this.#bytes -= this.#texts[this.#first]?.length ?? 0;
    this.#texts[this.#first] = "";
    this.#first = (this.#first + 1) % this.#bounds.lines;
    this.#count -= 1;
    this.dropped = true;
  }
}
