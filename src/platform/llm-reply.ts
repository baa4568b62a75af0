import type { Usage } from "../model/call.ts";
import { UnreadableReply } from "./llm-failures.ts";

/** Far beyond what any model writes; a server that goes on is broken. */
const MAX_REPLY_CHARACTERS = 16 * 1024 * 1024;

/** A whole reply of a server. */
export interface RawReply {
  readonly content: string;
  readonly usage: Usage;
  readonly model: string;
  /** The reply ended because it was too long. */
  readonly cut: boolean;
}

/** Puts a reply together from the events of a stream, or from one message. Trusts neither to be well formed. */
export class ReplyEvents {
  readonly #text: string[] = [];
  #model: string | undefined;
  #input = 0;
  #output = 0;
  #cacheRead = 0;
  #stopReason: string | null = null;
  #complete = false;
  #length = 0;

  add(event: unknown): void {
    const data = fields(event);
    if (data.type === "message_start") this.#about(fields(data.message));
    if (data.type === "content_block_delta") this.#write(fields(data.delta));
    if (data.type === "content_block_start") this.#write(fields(data.content_block));
    if (data.type === "message_delta") {
      this.#about({ ...fields(data.delta), usage: data.usage });
    }
    if (data.type === "message_stop") this.#complete = true;
  }

  message(message: unknown): void {
    const data = fields(message);
    if (!Array.isArray(data.content)) throw new UnreadableReply("the server's reply is not a message");
    this.#about(data);
    for (const block of data.content) this.#write(fields(block));
    this.#complete = true;
  }

  reply(model: string): RawReply {
    if (!this.#complete) throw new UnreadableReply("the server's reply ended before it was complete");
    const usage = this.usage() ?? { inputTokens: 0, outputTokens: 0 };
    return { content: this.text(), usage, model: this.#model ?? model, cut: this.#stopReason === "max_tokens" };
  }

  /** What has come so far, be it all or not. */
  text(): string {
    return this.#text.join("");
  }

  /** What has been used as far as the server has told; `undefined` when it has told nothing. */
  usage(): Usage | undefined {
    if (this.#input + this.#output + this.#cacheRead === 0) return undefined;
    return {
      inputTokens: this.#input,
      outputTokens: this.#output,
      ...(this.#cacheRead > 0 ? { cacheReadTokens: this.#cacheRead } : {}),
    };
  }

  #write(block: Readonly<Record<string, unknown>>): void {
    if ((block.type !== "text" && block.type !== "text_delta") || typeof block.text !== "string") return;
    this.#length += block.text.length;
    if (this.#length > MAX_REPLY_CHARACTERS) throw new UnreadableReply("the server's reply does not end");
    this.#text.push(block.text);
  }

  #about(message: Readonly<Record<string, unknown>>): void {
    if (typeof message.model === "string") this.#model = message.model;
    if (typeof message.stop_reason === "string") this.#stopReason = message.stop_reason;
    const usage = fields(message.usage);
    this.#input = count(usage.input_tokens, this.#input);
    this.#output = count(usage.output_tokens, this.#output);
    this.#cacheRead = count(usage.cache_read_input_tokens, this.#cacheRead);
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function count(value: unknown, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : fallback;
}

/** What two requests used together. */
export function usedTogether(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (!a || !b) return a ?? b;
  const cacheReadTokens = (a.cacheReadTokens ?? 0) + (b.cacheReadTokens ?? 0);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(cacheReadTokens > 0 ? { cacheReadTokens } : {}),
  };
}
