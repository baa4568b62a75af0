import { scryptSync } from "node:crypto";
import { resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import type { SourceRecord } from "../model/run.ts";
import { sha256Of } from "../platform/files/hash.ts";
import { isModulePath, knownComponents } from "./components.ts";
import type { LoadedSpec } from "./load.ts";
import type { SpecPath } from "./places.ts";
import { isPublicVariable } from "./secrets.ts";
import { specSchema } from "./spec-schema.ts";

/**
 * Tells what a spec takes from elsewhere, by hash: the prompt files and modules it names, and the
 * values of `${VAR}`. Left out is what is different each time and has no part in the run: variables that say something
 * about the machine, addresses of servers, and credentials by their name.
 */
export function specSources(loaded: LoadedSpec, files: Files): (runId: string) => readonly SourceRecord[] {
  const named = namedFiles(loaded).map(({ path, name }): SourceRecord => {
    const hash = files.hash(resolve(loaded.dir, name)) ?? sha256Of("");
    return { path: path.join("."), name, hash };
  });
  const values = loaded.variables.filter(
    ({ path, name }) => !isAddress(path) && !isPublicVariable(name) && !CREDENTIAL.test(name),
  );
  const known = new Map<string, string>();
  return (runId) => {
    const hashed = values.map(({ path, name, value }): SourceRecord => {
      const key = JSON.stringify([runId, name, value]);
      const hash = known.get(key) ?? hashOfValue(value, `${runId} ${name}`);
      known.set(key, hash);
      return { path: path.join("."), name: `\${${name}}`, hash };
    });
    return [...named, ...hashed];
  };
}

/** Where a server is reached is a matter of the machine: the model behind it has a name of its own. */
function isAddress(path: SpecPath): boolean {
  return path.at(-1) === "base_url";
}

const CREDENTIAL = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;

/**
 * Enough to see that a value has changed, and next to nothing about what it is: the hash is slow to try, differs from
 * run to run, and is so short that it fits countless other values.
 */
function hashOfValue(value: string, salt: string): string {
  return scryptSync(value, salt, 4).toString("hex");
}

function namedFiles({ spec, registry }: LoadedSpec): readonly { readonly path: SpecPath; readonly name: string }[] {
  return knownComponents(specSchema, spec, registry).flatMap(({ path, definition, config }) => {
    const { type } = config;
    const options = ["prompt_file", "module"].flatMap((key) => {
      const name = Object.hasOwn(definition.options.properties, key) ? config[key] : undefined;
      return typeof name === "string" ? [{ path: [...path, key], name }] : [];
    });
    return isModulePath(type) ? [{ path: [...path, "type"], name: type }, ...options] : options;
  });
}
