import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** Secret values shorter than this could not be told apart from ordinary text. */
export const SECRET_LENGTH = 6;

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
  return { forms, text, json, object };
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
