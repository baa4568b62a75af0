import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { vi } from "vitest";
import { isJsonObject } from "../../src/model/json.ts";
import { REPOSITORY } from "./documents.ts";

/** What was written while something ran, and what that answered. */
export interface Said<T> {
  readonly answer: T;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a part of the command line in this process, and keeps what it writes. */
export async function saidBy<T>(action: () => Promise<T>): Promise<Said<T>> {
  const said = { stdout: "", stderr: "" };
  const kept = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      said[name] += String(chunk);
      return true;
    }),
  );
  try {
    return { answer: await action(), ...said };
  } finally {
    for (const spy of kept) spy.mockRestore();
  }
}

const validators = new Map<string, ValidateFunction>();

/** A published schema, as any draft-07 validator takes it. */
export function publishedSchema(name: string): object {
  const schema: unknown = JSON.parse(readFileSync(join(REPOSITORY, "schemas", `${name}.schema.json`), "utf8"));
  return isJsonObject(schema) ? schema : {};
}

/** What a published schema has against a document; empty when it fits. */
export function misfits(name: string, document: unknown): readonly string[] {
  const known = validators.get(name);
  const validator = known ?? new Ajv({ strict: false, allErrors: true }).compile(publishedSchema(name));
  validators.set(name, validator);
  if (validator(document)) return [];
  return (validator.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  });
}

/** A way to spoil a document, in words, and the document spoilt. */
export type Spoilt = readonly [how: string, document: unknown];

/**
 * Every document that is another with one key fewer, one more, or a value of another type, at any depth. Not looked
 * into are places of which `isOpen` says, by their path, that anything may be there.
 */
export function spoilt(document: unknown, isOpen: (path: string) => boolean, path = ""): readonly Spoilt[] {
  if (isOpen(path)) return [];
  if (Array.isArray(document)) {
    return document
      .slice(0, 2)
      .flatMap((item: unknown, at) =>
        spoilt(item, isOpen, `${path}/*`).map(([how, other]) => [how, document.with(at, other)] as const),
      );
  }
  if (!isJsonObject(document)) return [[`${path} is of another type`, { another: "type" }]];
  const entries = Object.entries(document);
  const without = (key: string) => Object.fromEntries(entries.filter(([name]) => name !== key));
  return [
    [`${path} has a key more`, { ...document, surplus: 1 }],
    ...entries.map(([key]) => [`${path} is without ${key}`, without(key)] as const),
    ...entries.flatMap(([key, value]) =>
      spoilt(value, isOpen, `${path}/${key}`).map(([how, other]) => [how, { ...document, [key]: other }] as const),
    ),
  ];
}
