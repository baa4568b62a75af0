import type { Usage } from "../model/call.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";

/** Far beyond what any model writes; a server that goes on is broken. */
const MAX_REPLY_CHARACTERS = 8 * 1024 * 1024;

/** A reply that has no end in sight: sending the request again would bring another. */
export class EndlessReply extends Error {}

/** Why a reply stopped. */
export type ReplyEnd = "whole" | "cut" | "refused";

/** Puts a reply together as it comes in. Trusts nothing of it to be well formed. */
export class IncomingReply {
  readonly #text: string[] = [];
  #length = 0;
  #usage: Usage | undefined;
  #model: string | undefined;
  #end: ReplyEnd = "whole";
  #isComplete = false;

  write(text: JsonValue | undefined): void {
    if (typeof text !== "string") return;
    this.#length += text.length;
    if (this.#length > MAX_REPLY_CHARACTERS)
      throw new EndlessReply(`the reply is longer than ${MAX_REPLY_CHARACTERS} characters`);
    this.#text.push(text);
  }

  /** The name by which the server calls the model that answers. */
  from(model: JsonValue | undefined): void {
    if (typeof model === "string") this.#model = model;
  }

  used(usage: Usage): void {
    if (usage.inputTokens + usage.outputTokens > 0) this.#usage = usage;
  }

  ends(end: ReplyEnd): void {
    this.#end = end;
  }

  complete(): void {
    this.#isComplete = true;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get end(): ReplyEnd {
    return this.#end;
  }

  get model(): string | undefined {
    return this.#model;
  }

  /** What has been used as far as the server has told; `undefined` when it has told nothing. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Characters that have come so far, those that were too many included. */
  get length(): number {
    return this.#length;
  }

  /** What has come so far, be it all or not. */
  get text(): string {
    return this.#text.join("").toWellFormed();
  }
}

/** Data of a server as an object; empty when it is none. */
export function fields(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** A count or a cost in data that others wrote; one beyond all that can be summed is none. */
export function amount(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** What two requests used together. */
export function usedTogether(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (!a || !b) return a ?? b;
  const sum = (one: number | undefined, other: number | undefined) =>
    one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...defined({
      cacheReadTokens: sum(a.cacheReadTokens, b.cacheReadTokens),
      cacheWriteTokens: sum(a.cacheWriteTokens, b.cacheWriteTokens),
      estimated: a.estimated || b.estimated || undefined,
    }),
  };
}
