import { resolve } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { unbuildable } from "./build.ts";
import { checkCommands, placedCommands, placedSpace } from "./commands.ts";
import { knownComponents } from "./components.ts";
import type { Finding } from "./diagnostics.ts";
import { missingExports } from "./module-exports.ts";
import { specPaths } from "./paths.ts";
import { placeKey, type SpecPath } from "./places.ts";
import { unreadArtifacts, untrackable } from "./project-paths.ts";
import { contradictions, missingFiles, oddities } from "./semantics.ts";
import { metricOf } from "./settings.ts";
import { type Spec, specSchema } from "./spec-schema.ts";
import { checkStructure } from "./structure.ts";

/** What a spec is checked against. */
export interface Surroundings {
  readonly registry: Registry;
  /** To tell whether files exist. */
  readonly files?: Files;
  /** Artifacts that a run has read already, in normal form: what has become of them since is no mistake. Default: none. */
  readonly tracked?: readonly string[];
  /** To build the components once, for what only shows then. */
  readonly effects?: Effects;
}

/**
 * Everything that is wrong with a spec's value, as far as it is not `told` already: a place is told of once, by the
 * first check that finds something there. Fills defaults in place.
 */
export function checkValue(
  value: JsonObject,
  dir: string,
  around: Surroundings,
  told: readonly Pick<Finding, "path">[],
): { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const { registry, files, effects } = around;
  const places = new Set(told.map(({ path }) => placeKey(path)));
  const fresh = (findings: readonly Finding[]): readonly Finding[] => {
    const unknown = findings.filter(({ path }) => !places.has(placeKey(path)));
    for (const { path } of unknown) places.add(placeKey(path));
    return unknown;
  };
  const isFaulty = (path: SpecPath) => [...places].some((place) => isWithin(place, placeKey(path)));

  const structural = fresh(checkStructure(value, registry));
  const components = knownComponents(specSchema, value, registry);
  const commands = checkCommands(placedCommands(value, components), placedSpace(components));
  const root = typeof value.root === "string" ? value.root : undefined;
  const paths = specPaths(dir, root);
  const artifacts = unreadArtifacts(value, around.tracked ?? []);
  const missing = files ? missingFiles(value, components, paths, files, artifacts) : [];
  const untracked = files ? untrackable(artifacts, paths.root, files) : [];
  const meaning = fresh([...contradictions(value), ...commands.errors]);
  const exported = files ? missingExports(components, (path) => resolve(dir, path), files) : [];
  const onDisk = fresh([...missing, ...untracked, ...exported]);
  const metric = isSound(value.metric, isFaulty(["metric"])) ? metricOf(value.metric) : STAND_IN;
  const building = effects ? fresh(unbuildable({ spec: value, dir, registry, metric, effects }, isFaulty)) : [];
  const warnings = [...commands.warnings, ...oddities(value, components)];
  return { errors: [...structural, ...meaning, ...onDisk, ...building], warnings };
}

/** The metric that components are built with when the spec's is faulty, so that their own problems are told too. */
const STAND_IN = metricOf({ name: "score", direction: "maximize" });

/** Whether the schema has found nothing wrong with the metric. */
function isSound(metric: unknown, faulty: boolean): metric is Spec["metric"] {
  return !faulty && isJsonObject(metric);
}

function isWithin(place: string, outer: string): boolean {
  return place === outer || place.startsWith(`${outer}\n`);
}
