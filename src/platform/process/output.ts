import type { ProcessRequest } from "../../kernel/effects.ts";
import { StreamRedaction } from "../../kernel/redact.ts";
import { LineSplitter, plainTail } from "./lines.ts";
import { ByteRing, OutputLog } from "./output-log.ts";

const TAIL_BYTES = 4 * 1024;

/** Where the output of a stream goes. */
interface StreamTargets {
  readonly logPath?: string;
  /** What the log is not to hold. */
  readonly secrets?: readonly string[];
  readonly onLine?: (line: string) => void;
}

/** What becomes of one stream of a process: its log, its lines, its tail and its count. Memory does not grow with it. */
class StreamOutput {
  readonly #targets: StreamTargets;
  // Made with the first byte: most streams of most trials stay empty.
  #log: OutputLog | null = null;
  #redaction: StreamRedaction | null = null;
  #lines: LineSplitter | null = null;
  #tail: ByteRing | null = null;
  #bytes = 0;

  constructor(targets: StreamTargets) {
    this.#targets = targets;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get tail(): string {
    return this.#tail === null ? "" : plainTail(this.#tail.read(), TAIL_BYTES);
  }

  /** Counting only: what is written when nobody keeps it any more. */
  count(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#tail ??= new ByteRing(TAIL_BYTES);
    this.#tail.push(chunk);
  }

  write(chunk: Buffer): void {
    const { logPath, secrets = [], onLine } = this.#targets;
    if (logPath !== undefined) this.#log ??= new OutputLog(logPath);
    if (onLine !== undefined) this.#lines ??= new LineSplitter(onLine);
    if (secrets.length > 0) this.#redaction ??= new StreamRedaction(secrets);
    this.#log?.write(this.#redaction?.push(chunk) ?? chunk);
    this.#lines?.push(chunk);
  }

  finish(): void {
    this.#lines?.finish();
    if (this.#redaction !== null) this.#log?.write(this.#redaction.finish());
    this.#log?.finish();
  }

  abandon(): void {
    this.#log?.abandon();
  }
}

/** What a run does about its process's output. */
export interface OutputEvents {
  /** More came than the limit allows; the rest is read, so that the process is not blocked while it is ended, and dropped. */
  readonly overLimit: () => void;
  /** The output can no longer be kept: its log cannot be written, or the reader of its lines threw. */
  readonly broken: () => void;
}

/** Both output streams of a process. */
export class ProcessOutput {
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly #limit: number;
  readonly #events: OutputEvents;
  #failure: { readonly thrown: unknown } | null = null;
  #overLimit = false;

  constructor(request: ProcessRequest, events: OutputEvents) {
    this.stdout = new StreamOutput(targetsOf(request, "stdout"));
    this.stderr = new StreamOutput(targetsOf(request, "stderr"));
    this.#limit = request.outputLimitBytes ?? Number.POSITIVE_INFINITY;
    this.#events = events;
  }

  take(stream: "stdout" | "stderr", chunk: Buffer): void {
    const output = this[stream];
    output.count(chunk);
    if (this.#overLimit) return;
    this.#guard(() => output.write(chunk));
    if (this.stdout.bytes + this.stderr.bytes <= this.#limit) return;
    this.#overLimit = true;
    this.#events.overLimit();
  }

  /** Writes what is held back. Throws what broke the output, a `StorageError` of its logs first of all. */
  finish(): void {
    this.#guard(() => this.stdout.finish());
    this.#guard(() => this.stderr.finish());
    if (this.#failure === null) return;
    this.stdout.abandon();
    this.stderr.abandon();
    throw this.#failure.thrown;
  }

  /** The first failure stops the keeping of output for good and is what `finish` throws. */
  #guard(action: () => void): void {
    if (this.#failure !== null) return;
    try {
      action();
    } catch (thrown) {
      this.#failure = { thrown };
      this.#events.broken();
    }
  }
}

function targetsOf({ logs, secrets, onLine }: ProcessRequest, stream: "stdout" | "stderr"): StreamTargets {
  return {
    ...(logs === undefined ? {} : { logPath: logs[stream] }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(onLine === undefined ? {} : { onLine: (line) => onLine(stream, line) }),
  };
}
