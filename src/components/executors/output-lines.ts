import type { OutputLines } from "../../kernel/ports.ts";
import { couldBeMetric } from "../metric-line.ts";

interface KeptLine {
  readonly text: string;
  readonly observedAt: string;
  readonly order: number;
}

export interface OutputBounds {
  readonly lines: number;
  readonly bytes: number;
}

/** Lines that could carry a metric. */
const METRICS: OutputBounds = { lines: 20_000, bytes: 8 * 1024 * 1024 };
/** All other lines, for readers with patterns of their own. */
const OTHERS: OutputBounds = { lines: 2000, bytes: 1024 * 1024 };

/** Keeps the newest lines of a trial's stdout for collectors, bounded in number and size whatever the trial writes. */
export class LineKeeper {
  readonly #metrics: Newest;
  readonly #others: Newest;
  #order = 0;

  constructor(metrics: OutputBounds = METRICS, others: OutputBounds = OTHERS) {
    this.#metrics = new Newest(metrics);
    this.#others = new Newest(others);
  }

  add(text: string, observedAt: () => string): void {
    const into = couldBeMetric(text) ? this.#metrics : this.#others;
    into.add({ text, observedAt: observedAt(), order: this.#order++ });
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

/** A queue that forgets from its old end. */
class Newest {
  readonly #bounds: OutputBounds;
  #lines: KeptLine[] = [];
  #first = 0;
  #bytes = 0;
  dropped = false;

  constructor(bounds: OutputBounds) {
    this.#bounds = bounds;
  }

  add(line: KeptLine): void {
    this.#lines.push(line);
    this.#bytes += line.text.length;
    while (this.#lines.length - this.#first > this.#bounds.lines || this.#bytes > this.#bounds.bytes) {
      this.#bytes -= this.#lines[this.#first]?.text.length ?? 0;
      this.#first += 1;
      this.dropped = true;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  kept(): readonly KeptLine[] {
    return this.#lines.slice(this.#first);
  }
}
