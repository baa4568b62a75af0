import { MessageChannel, type MessagePort } from "node:worker_threads";

/** Buffers smaller than this are left to the garbage collector. */
const SMALLEST = 16 * 1024;

/**
 * Frees the memory of buffers as soon as they are done with. The garbage collector lets tens of megabytes of them pile
 * up in a flood of output, and every megabyte makes the next start of a process slower. Memory that is transferred to
 * a port which nobody reads is freed at once; the buffer is empty afterwards.
 */
export class MemoryRelease {
  #port: MessagePort | null = null;

  release(buffer: Buffer): void {
    const memory = buffer.buffer;
    // Small buffers share their memory with others.
    if (!(memory instanceof ArrayBuffer) || buffer.length < SMALLEST || buffer.length !== memory.byteLength) return;
    this.#port ??= closedPort();
    this.#port.postMessage(null, [memory]);
  }
}

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.close();
  return port1;
}
