/** The last bytes of a stream. Memory is taken with the first byte and grows no further than the capacity. */
export class ByteRing {
  readonly #capacity: number;
  #bytes: Buffer = Buffer.alloc(0);
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
    if (this.#bytes.length === 0) this.#bytes = Buffer.allocUnsafeSlow(this.#capacity);
    this.#total += chunk.length;
    const kept = chunk.length > this.#capacity ? chunk.subarray(chunk.length - this.#capacity) : chunk;
    const room = this.#capacity - this.#end;
    this.#bytes.set(kept.subarray(0, room), this.#end);
    if (kept.length > room) this.#bytes.set(kept.subarray(room), 0);
    this.#end = (this.#end + kept.length) % this.#capacity;
  }

  /** A copy of what is held, oldest first. */
  read(): Buffer {
    if (this.#total < this.#capacity) return Buffer.from(this.#bytes.subarray(0, this.#end));
    return Buffer.concat([this.#bytes.subarray(this.#end), this.#bytes.subarray(0, this.#end)]);
  }
}
