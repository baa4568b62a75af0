import { resolve } from "node:path";
import type { Effects, Files } from "../kernel/effects.ts";
import type { Registry } from "../kernel/registry.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { checkBuilt } from "./build.ts";
import { checkCommands, declaredInSpec, placedCommands, placedSpace } from "./commands.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { missingExports } from "./modules.ts";
import { missingFiles, pathFindings, readBeforeEdits, specPaths, unreadArtifacts, untrackable } from "./paths.ts";
import { isWithin, placeKey, type SpecPath } from "./places.ts";
import { metricOf } from "./settings.ts";
import { knownComponents, type Site, sitesOf } from "./sites.ts";
import type { Spec } from "./spec-schema.ts";
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
  const places = new Map(told.map(({ path }) => [placeKey(path), path]));
  const fresh = (findings: readonly Finding[]): readonly Finding[] => {
    const unknown = findings.filter(({ path }) => !places.has(placeKey(path)));
    for (const { path } of unknown) places.set(placeKey(path), path);
    return unknown;
  };
  const isFaulty = (path: SpecPath) => [...places.values()].some((place) => isWithin(place, path));

  const undirected = withoutDirection(value.metric);
  const structural = fresh(checkStructure(value, registry));
  const sites = sitesOf(value, registry);
  const commands = checkCommands(placedCommands(sites), placedSpace(sites), declaredInSpec(sites));
  const paths = specPaths(dir, value.root);
  const artifacts = unreadArtifacts(value, around.tracked ?? []);
  const missing = files ? missingFiles(value, sites, paths, files, artifacts) : [];
  const untracked = files ? untrackable(artifacts, paths.root, files) : [];
  const meaning = fresh([...contradictions(value, sites), ...commands.errors]);
  const exported = files ? missingExports(sites, (path) => resolve(dir, path), files) : [];
  const onDisk = fresh([...missing, ...untracked, ...exported]);
  const metric = isSound(value.metric, isFaulty(["metric"])) ? metricOf(value.metric) : STAND_IN;
  const built = effects ? checkBuilt({ spec: value, dir, registry, metric, effects }, sites, isFaulty) : null;
  const building = fresh(built?.errors ?? []);
  const unedited = readBeforeEdits(value, sites, paths);
  const odd = [...undirected, ...commands.warnings, ...unknownCost(value, sites), ...unedited];
  const warnings = [...odd, ...(built?.warnings ?? [])];
  return { errors: [...structural, ...meaning, ...onDisk, ...building], warnings };
}

/** The metric that components are built with when the spec's is faulty, so that their own problems are told too. */
const STAND_IN = metricOf({ name: "score", direction: "maximize" });

/** Whether the schema has found nothing wrong with the metric. */
function isSound(metric: unknown, faulty: boolean): metric is Spec["metric"] {
  return !faulty && isJsonObject(metric);
}

/**
 * What in a spec contradicts itself though each part of it is valid. Parts that are not what the schema asks for are
 * passed over: they have been told already.
 */
function contradictions(spec: JsonObject, sites: readonly Site[]): readonly Finding[] {
  return [...metricFindings(spec.metric), ...pathFindings(spec), ...withoutArtifacts(spec, sites)];
}

function metricFindings(metric: JsonValue | undefined): readonly Finding[] {
  if (!isJsonObject(metric)) return [];
  const { direction, baseline, target } = metric;
  if (typeof baseline !== "number" || typeof target !== "number") return [];
  const down = direction === "minimize";
  if (down ? target < baseline : target > baseline) return [];
  const side = down ? "below" : "above";
  const message = `the target has to be ${side} the baseline ${baseline}, since the direction is ${down ? "minimize" : "maximize"}`;
  return [finding(["metric", "target"], message)];
}

/** Words in the names of what is better the lower it is. */
const LOWER =
  /(?:^|[^a-z])(?:loss(?:es)?|errors?|rmse|mse|mae|mape|perplexity|ppl|latency|runtime|regret|wer|cer)(?:$|[^a-z])/;

/** A metric that by its name is to be minimized, where its direction is left to the default. */
function withoutDirection(metric: JsonValue | undefined): readonly Finding[] {
  if (!isJsonObject(metric) || metric.direction !== undefined || typeof metric.name !== "string") return [];
  const words = metric.name.replace(/([a-z])(?=[A-Z])/g, "$1_").toLowerCase();
  if (!LOWER.test(words)) return [];
  const message = `${metric.name} is maximized, as no direction is given: add \`direction: minimize\` if lower is better, or else \`direction: maximize\``;
  return [finding(["metric", "name"], message)];
}

/** Options that are about tracked artifacts, where the spec tracks none. */
function withoutArtifacts(spec: JsonObject, sites: readonly Site[]): readonly Finding[] {
  if (Array.isArray(spec.artifacts) && spec.artifacts.length > 0) return [];
  return sites
    .filter(({ schema, value }) => schema?.["x-artifacts"] !== undefined && schema["x-artifacts"] === value)
    .map(({ path }) => finding(path, "this needs tracked files, and none are under `artifacts`"));
}

const FEW = 3;

/** A limit on costs that runners never tell. One whose schema says nothing about costs may tell them itself. */
function unknownCost(spec: JsonObject, sites: readonly Site[]): readonly Finding[] {
  if (!isJsonObject(spec.stop) || spec.stop.cost_usd === undefined) return [];
  const runners = knownComponents(sites).filter(({ kind }) => kind === "runner");
  const ways = runners.map(({ definition, config }) =>
    Object.entries(definition.options.properties).flatMap(([option, schema]) => {
      const { "x-cost": telling, "x-unless": unless = "" } = schema;
      if (telling === undefined) return [];
      const given = config[unless] === undefined ? config[option] : undefined;
      const tells = telling === true ? given !== undefined : telling.some((value) => value === given);
      // Another model is no advice.
      const how = telling === true ? [`\`${option}\``] : telling.length > FEW ? [] : [`\`${option}: ${telling[0]}\``];
      return [{ tells, how }];
    }),
  );
  const blind = ways.filter((each) => each.length > 0 && !each.some(({ tells }) => tells));
  if (blind.length === 0) return [];
  const how = [...new Set(blind.flat().flatMap((way) => way.how))].join(" or ");
  const message =
    blind.length === ways.length
      ? `no runner has ${how}, so no cost is known and this limit is never reached`
      : `${blind.length} of ${ways.length} runners have no ${how}, so what they cost is not known and does not count for this limit`;
  return [finding(["stop", "cost_usd"], message)];
}
