import { resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { parseDuration } from "../model/units.ts";
import type { KnownComponent } from "./components.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { nearFile } from "./near-files.ts";
import type { SpecPaths } from "./paths.ts";
import { type PlacedPath, pathFindings, placedPaths } from "./project-paths.ts";

/**
 * What in a spec contradicts itself though each part of it is valid. Parts that are not what the schema asks for are
 * passed over: they have been told already.
 */
export function contradictions(spec: JsonObject): readonly Finding[] {
  return [
    ...metricFindings(spec.metric),
    ...reservedMetric(spec),
    ...constraintFindings(spec.constraints),
    ...pathFindings(spec),
    ...withoutArtifacts(spec),
  ];
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

/** Keys of a summary that hold what AURA adds. */
const ADDED_TO_SUMMARIES: readonly unknown[] = ["trials", "spread"];

/** A score that would be read from what AURA adds to a summary. */
function reservedMetric({ metric, evaluator }: JsonObject): readonly Finding[] {
  const own = isJsonObject(evaluator) ? evaluator : {};
  if (own.type !== undefined && own.type !== "metric") return [];
  const [name, path] =
    own.metric !== undefined
      ? [own.metric, ["evaluator", "metric"]]
      : [isJsonObject(metric) ? metric.name : undefined, ["metric", "name"]];
  if (!ADDED_TO_SUMMARIES.includes(name)) return [];
  return [finding(path, `a summary holds what AURA counts under "${name}"; give the metric another name`)];
}

function constraintFindings(constraints: JsonValue | undefined): readonly Finding[] {
  const budget = isJsonObject(constraints) ? constraints.time_budget : undefined;
  if (budget === undefined || isDuration(budget)) return [];
  const message = "expected a duration like 90s, 30m or 2h, or a number of seconds, above zero";
  return [finding(["constraints", "time_budget"], message)];
}

function isDuration(value: JsonValue): boolean {
  if (typeof value !== "string" && typeof value !== "number") return false;
  try {
    return parseDuration(value) > 0;
  } catch {
    return false;
  }
}

/** Options that are about tracked artifacts, where the spec tracks none. */
function withoutArtifacts(spec: JsonObject): readonly Finding[] {
  if (Array.isArray(spec.artifacts) && spec.artifacts.length > 0) return [];
  const { experimenter, researcher } = spec;
  const captures = isJsonObject(experimenter) && experimenter.capture === true;
  const inPlace = isJsonObject(researcher) && researcher.edits === "in_place";
  return [
    ...(captures
      ? [finding(["experimenter", "capture"], "there is nothing to capture: it needs tracked files, under `artifacts`")]
      : []),
    ...(inPlace
      ? [
          finding(
            ["researcher", "edits"],
            "there is nothing to edit in place: it needs tracked files, under `artifacts`",
          ),
        ]
      : []),
  ];
}

/** What in a spec will not do what it seems to say. */
export function oddities(spec: JsonObject, components: readonly KnownComponent[]): readonly Finding[] {
  if (!isJsonObject(spec.stop) || spec.stop.cost_usd === undefined) return [];
  const runners = components.filter(({ kind }) => kind === "runner");
  if (runners.length === 0 || runners.some(mayTellCost)) return [];
  const isCommand = runners.some(({ definition }) => definition.type === "command");
  const missing = `no runner has a \`price\`${isCommand ? " or reports its cost, as a command can with `output: json`" : ""}`;
  return [finding(["stop", "cost_usd"], `${missing}, so no cost is known and this limit is never reached`)];
}

/** A runner that knows no price may still say itself what it used; a command can, where it answers in JSON. */
function mayTellCost({ definition, config }: KnownComponent): boolean {
  if (config.price !== undefined) return true;
  if (definition.type === "command") return config.output === "json" || config.output === "jsonl";
  return !Object.hasOwn(definition.options.properties, "price");
}

/**
 * Files and folders that a spec names and that are not there, or are the other of the two; `artifacts`: those of its
 * artifacts that have to be there.
 */
export function missingFiles(
  spec: JsonObject,
  components: readonly KnownComponent[],
  paths: SpecPaths,
  files: Files,
  artifacts: readonly PlacedPath[],
): readonly Finding[] {
  const absent = ({ path, value }: PlacedPath, base: string, what: Wanted): readonly Finding[] => {
    if (value === "") return [];
    const absolute = resolve(base, value);
    const real = files.realPath(absolute);
    if (real === null) return [finding(path, `there is no ${what} ${absolute}`, nearFile(value, absolute, files))];
    const isFolder = files.stat(real)?.kind === "directory";
    if (what === "file" && isFolder) return [finding(path, `${absolute} is a folder; a file is wanted here`)];
    return what === "folder" && !isFolder ? [finding(path, `${absolute} is no folder; a folder is wanted here`)] : [];
  };
  const options = components.flatMap(fileOptions).flatMap((option) => absent(option, paths.dir, "file"));
  if (typeof spec.root === "string") {
    const noRoot = absent({ path: ["root"], value: spec.root }, paths.dir, "folder");
    if (noRoot.length > 0) return [...noRoot, ...options];
  }
  const project = [...placedPaths(spec, "inputs"), ...artifacts];
  return [...project.flatMap((placed) => absent(placed, paths.root, "file or folder")), ...options];
}

type Wanted = "file" | "folder" | "file or folder";

/** Options that name a file which is read, relative to the spec. */
function fileOptions({ kind, path, definition, config }: KnownComponent): readonly PlacedPath[] {
  const keys = ["prompt_file", "module", ...(kind === "runner" && definition.type === "replay" ? ["file"] : [])];
  return keys.flatMap((key) => {
    const value = config[key];
    const isOption = Object.hasOwn(definition.options.properties, key);
    return isOption && typeof value === "string" ? [{ path: [...path, key], value }] : [];
  });
}
