import type { AnyDefinition, Kind } from "../kernel/define.ts";
import type { Files } from "../kernel/effects.ts";
import { isAuraError, messageOf } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { isModulePath } from "./components.ts";
import { asDefinition } from "./definition-check.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { nearFile } from "./paths.ts";
import { sitesOf } from "./sites.ts";

/** Imports a module by absolute path and gives its exports. */
export type ModuleLoader = (path: string) => Promise<Readonly<Record<string, unknown>>>;

/** Components whose options may hold further modules are looked into this often. */
const MAX_ROUNDS = 8;

/**
 * Loads the users' own modules a spec names (`type: ./my-evaluator.ts`) and gives a registry that has them under their
 * path as written. What cannot be loaded or is not a component is told in `findings`.
 */
export async function loadUserModules(
  spec: JsonObject,
  registry: Registry,
  resolvePath: (path: string) => string,
  load: ModuleLoader,
  files: Files,
): Promise<{ readonly registry: Registry; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const tried = new Set<string>();
  let known = registry;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const triedBefore = tried.size;
    for (const { place, path: at, value, definition } of sitesOf(spec, known)) {
      const type = isJsonObject(value) ? value.type : undefined;
      if (!place || definition || !isModulePath(type) || tried.has(`${place.kind} ${type}`)) continue;
      tried.add(`${place.kind} ${type}`);
      const path = resolvePath(type);
      const loaded = await loadDefinition(place.kind, type, path, load);
      const meant = files.realPath(path) === null ? nearFile(type, path, files, "module") : {};
      if (typeof loaded === "string") findings.push(finding([...at, "type"], loaded, meant));
      else known = known.with(loaded);
    }
    if (tried.size === triedBefore) break;
  }
  return { registry: known, findings };
}

/** The definition, or what is wrong. */
async function loadDefinition(
  kind: Kind,
  type: string,
  path: string,
  load: ModuleLoader,
): Promise<AnyDefinition | string> {
  try {
    const { default: exported } = await load(path);
    return asDefinition(exported, kind, type);
  } catch (thrown) {
    if (!isAuraError(thrown)) return `${type} never finishes loading: ${messageOf(thrown)}`;
    return thrown.message.split("\n")[0] ?? `${type} cannot be loaded`;
  }
}
