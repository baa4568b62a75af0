import { REDACTED } from "../../kernel/redact.ts";

const NOTHING = new Uint8Array();

/** Takes texts out of a stream of bytes, also where one comes in two chunks. Holds back less than the longest text. */
export class StreamRedaction {
  readonly #forms: readonly Buffer[];
  readonly #longest: number;
  #held: Uint8Array = NOTHING;

  /** `forms`: longest first, none empty. */
  constructor(forms: readonly string[]) {
    this.#forms = forms.map((form) => Buffer.from(form));
    this.#longest = Math.max(1, ...this.#forms.map(({ length }) => length));
  }

  /** What can be passed on of the stream so far. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.concat([this.#held, chunk]);
    return this.#pass(bytes, (done) => Math.max(done, bytes.length - this.#longest + 1));
  }

  /** The rest. */
  finish(): Uint8Array {
    const bytes = Buffer.from(this.#held);
    return this.#pass(bytes, () => bytes.length);
  }

  #pass(bytes: Buffer, until: (done: number) => number): Uint8Array {
    const parts: Uint8Array[] = [];
    let done = 0;
    for (let match = this.#next(bytes, 0); match !== null; match = this.#next(bytes, done)) {
      parts.push(bytes.subarray(done, match.at), Buffer.from(REDACTED));
      done = match.at + match.length;
    }
    const end = until(done);
    parts.push(bytes.subarray(done, end));
    // A copy: the chunk's memory is given back.
    this.#held = Uint8Array.from(bytes.subarray(end));
    return Buffer.concat(parts);
  }

  #next(bytes: Buffer, from: number): { readonly at: number; readonly length: number } | null {
    let first: { readonly at: number; readonly length: number } | null = null;
    for (const form of this.#forms) {
      const at = bytes.indexOf(form, from);
      if (at !== -1 && (first === null || at < first.at)) first = { at, length: form.length };
    }
    return first;
  }
}
