/** The last bytes of a stream. Memory is taken with the first byte and grows no further than the capacity. */
export class ByteRing {
  readonly #capacity: number;
  #bytes: Buffer | null = null;
  #end = 0;
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Bytes held now. */
  get length(): number {
    return Math.min(this.#total, this.#capacity);
  }

  push(chunk: Uint8Array): void {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#capacity);
    this.#total += chunk.length;
    const kept = chunk.length > this.#capacity ? chunk.subarray(chunk.length - this.#capacity) : chunk;
    const room = this.#capacity - this.#end;
    this.#bytes.set(kept.subarray(0, room), this.#end);
    if (kept.length > room) this.#bytes.set(kept.subarray(room), 0);
    this.#end = (this.#end + kept.length) % this.#capacity;
  }

  /** What is held, oldest first, in at most two parts that are valid until the next `push`. */
  parts(): readonly Buffer[] {
    if (this.#bytes === null) return [];
    const newest = this.#bytes.subarray(0, this.#end);
    return this.#total < this.#capacity ? [newest] : [this.#bytes.subarray(this.#end), newest];
  }

  /** A copy of what is held, oldest first. */
  read(): Buffer {
    return Buffer.concat(this.parts());
  }

  /** Empties the ring and hands over its memory, if it has taken any. */
  take(): Buffer | null {
    const bytes = this.#bytes;
    this.#bytes = null;
    this.#end = 0;
    this.#total = 0;
    return bytes;
  }
}
