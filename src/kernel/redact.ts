import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** Secret values shorter than this could not be told apart from ordinary text. */
export const SECRET_LENGTH = 6;

/** Fields with AURA's own words, which no value of a variable may change: a record without them cannot be read. */
const OWN_WORDS: ReadonlySet<string> = new Set(
  "id hypothesisId trialId model state status code signal captured evidence replaces retracts base parents operator startedAt endedAt".split(
    " ",
  ),
);
/** Fields that hold data of others, keys and all. */
const DATA: ReadonlySet<string> = new Set("spec metadata output data summary details metrics structured".split(" "));

/**
 * Takes secret values out of text and data. What comes into a run from models and trials goes through it before it is
 * used, so that what is recorded and what is in memory never differ: a resumed run sees what an undisturbed one saw.
 */
export interface Redactor {
  /** The texts that are taken out, longest first; empty when there is nothing to hide. */
  readonly forms: readonly string[];
  text(text: string): string;
  /** Texts and keys of data; numbers and the like are left alone. */
  json(value: JsonValue): JsonValue;
  object(value: JsonObject): JsonObject;
  /** What a stage, a trial or a model answered: ids, states, codes and the names of its fields stay as they are. */
  record<T>(answer: T): T;
  /** The same error, its words without secrets: its class and code are what callers go by. */
  error(thrown: unknown): unknown;
}

/** A redactor of these values: as they are, as they are written inside JSON, and line by line. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = formsOf(secrets);
  const pattern = forms.length === 0 ? null : new RegExp(forms.map(escaped).join("|"), "g");
  const text = (given: string): string => (pattern === null ? given : given.replace(pattern, REDACTED));
  const object = (given: JsonObject): JsonObject =>
    pattern === null
      ? given
      : Object.fromEntries(Object.entries(given).map(([key, value]) => [text(key), json(value)] as const));
  const json = (given: JsonValue): JsonValue => {
    if (pattern === null) return given;
    if (typeof given === "string") return text(given);
    if (Array.isArray(given)) return given.map(json);
    return isJsonObject(given) ? object(given) : given;
  };
  function record<T>(answer: T, field?: string): T;
  function record(answer: unknown, field = ""): unknown {
    if (pattern === null || OWN_WORDS.has(field)) return answer;
    if (typeof answer === "string") return text(answer);
    if (Array.isArray(answer)) return answer.map((one) => record(one, field));
    if (!isJsonObject(answer)) return answer;
    if (DATA.has(field)) return object(answer);
    return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, record(value, key)]));
  }
  const error = (thrown: unknown): unknown => {
    if (pattern === null || !(thrown instanceof Error)) return thrown;
    thrown.message = text(thrown.message);
    if (thrown.stack !== undefined) thrown.stack = text(thrown.stack);
    return thrown;
  };
  return { forms, text, json, object, record, error };
}

function formsOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => {
    const lines = secret.split(/\r?\n/);
    return [secret, ...lines].flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
  });
  const telling = forms.filter((form) => form.length >= SECRET_LENGTH && !REDACTED.includes(form));
  return [...new Set(telling)].sort((a, b) => b.length - a.length);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

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
