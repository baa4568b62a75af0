/**
 * How AURA and its starter process talk, in both directions over one socket: frames of a header (length of the payload,
 * type, number of the child) and a payload.
 */
const HEADER_BYTES = 9;

export const TO_STARTER = { start: 1, letGo: 2 } as const;
export const FROM_STARTER = { started: 1, refused: 2, stdout: 3, stderr: 4, exited: 5, closed: 6, ready: 7 } as const;

/** Number of the descriptor in the starter process. */
export const STARTER_SOCKET = 3;

const NOTHING = Buffer.alloc(0);

/** The bytes of a frame. */
export function frame(type: number, child: number, payload: Buffer = NOTHING): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(child, 5);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

export function jsonPayload(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export interface FrameReaderOptions {
  /** Types whose payload is handed on as it comes, in pieces, instead of being put together first. */
  readonly streamed: ReadonlySet<number>;
  /** The payload, or a piece of it, is valid until the next `push`. */
  readonly onFrame: (type: number, child: number, payload: Buffer) => void;
}

/** Takes a stream of bytes apart into frames, however the bytes are cut. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #header = Buffer.allocUnsafe(HEADER_BYTES);
  #headerBytes = 0;
  #missing = 0;
  #parts: Buffer[] = [];

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#headerBytes < HEADER_BYTES) {
        at += this.#takeHeader(chunk.subarray(at));
        continue;
      }
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      this.#take(piece);
    }
  }

  #takeHeader(bytes: Buffer): number {
    const piece = bytes.subarray(0, HEADER_BYTES - this.#headerBytes);
    this.#header.set(piece, this.#headerBytes);
    this.#headerBytes += piece.length;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#missing = this.#header.readUInt32LE(0);
      if (this.#missing === 0) this.#deliver(NOTHING);
    }
    return piece.length;
  }

  #take(piece: Buffer): void {
    this.#missing -= piece.length;
    if (this.#options.streamed.has(this.#header.readUInt8(4))) {
      this.#deliver(piece);
      return;
    }
    if (this.#missing > 0) {
      // A copy: the bytes it is cut from are gone with the next chunk.
      this.#parts.push(Buffer.from(piece));
      return;
    }
    const whole = this.#parts.length === 0 ? piece : Buffer.concat([...this.#parts, piece]);
    this.#parts = [];
    this.#deliver(whole);
  }

  #deliver(payload: Buffer): void {
    const type = this.#header.readUInt8(4);
    const child = this.#header.readUInt32LE(5);
    if (this.#missing === 0) this.#headerBytes = 0;
    this.#options.onFrame(type, child, payload);
  }
}
