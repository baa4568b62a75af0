import { basename } from "node:path";
import { SpecError } from "../kernel/errors.ts";
import { type JsonObject, type JsonValue, jsonDifferences } from "../model/json.ts";
import type { InputRecord, RunManifest, RunOrigin, SourceRecord } from "../model/run.ts";
import { LEAST_DELTA } from "../model/score.ts";
import type { RunSettings } from "../model/settings.ts";
import { shown } from "../text/printable.ts";
import { shellPath, shellWord } from "../text/shell.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { JudgedChange, RecordedSpec } from "./options.ts";

/** All that is another than what the run last went by: in its spec, in what that names, in its inputs. */
export function changesSince(
  previous: RunManifest,
  spec: RecordedSpec | undefined,
  inputs: readonly InputRecord[],
  settings: RunSettings,
): readonly JudgedChange[] {
  return [
    ...(spec === undefined ? changesOfCode(previous.spec, specOfCode(settings)) : spec.changes(previous)),
    ...inputs.flatMap((input) => {
      const before = previous.inputs.find(({ path }) => path === input.path);
      if (!before || before.sha256 === input.sha256) return [];
      return [{ path: `input ${input.path}`, before: identity(before), after: identity(input), scores: true }];
    }),
  ];
}

/** The module that makes a run's pipeline, by its hash; nothing for a run that no module makes. */
export function moduleSource({ module, effects }: Pick<Workspace, "module" | "effects">): readonly SourceRecord[] {
  const hash = module === null ? null : effects.files.hash(module);
  return module === null || hash === null ? [] : [{ path: MODULE, name: basename(module), hash }];
}

/** That the module has changed. In what, only it knows: its author sees to it that scores stay comparable. */
export function moduleChanges(previous: RunManifest, workspace: Workspace): readonly JudgedChange[] {
  const before = previous.sources?.find(({ path }) => path === MODULE);
  const [now] = moduleSource(workspace);
  if (!before || !now || before.hash === now.hash) return [];
  const shownSource = ({ name, hash }: SourceRecord): string => `${name} (${hash.slice(0, 12)})`;
  return [{ path: MODULE, before: shownSource(before), after: shownSource(now), scores: false }];
}

const MODULE = "module";

/** Whether nothing is another that the scores of an earlier run depended on. */
export function isScoredAlike(...compared: Parameters<typeof changesSince>): boolean {
  return !changesSince(...compared).some(({ scores }) => scores);
}

/** A run as far as commands need it that begin another one. */
type Begun = Pick<RunManifest, "best" | "from">;
type SpecPlace = Pick<RecordedSpec, "file" | "overrides">;

/**
 * Throws `SpecError` when scores depend on any of the changes: one run has one way of scoring. It shows what has changed
 * and how to go on in another run.
 */
export function refuseScoring(
  changes: readonly JudgedChange[],
  place: string,
  run: Begun,
  spec: SpecPlace | undefined,
): void {
  if (!changes.some(({ scores }) => scores)) return;
  const started = `the run in ${place} was started with something else that its scores depend on (marked !)`;
  throw new SpecError(`${started}:\n\n${changeLines(changes)}\n\nput it back, or ${waysOn(place, run, spec)}`);
}

/** How to go on in another run, with the command to type. */
export function waysOn(place: string, run: Begun, spec: SpecPlace | undefined): string {
  if (spec === undefined) return "start another run in a workspace of its own";
  if (run.best === null) return `start anew, as nothing has a score yet:\n\n  ${commandAnew(spec, run)}`;
  const command = commandAnew(spec, { from: { workspace: place } });
  return `go on elsewhere, from the best of this run:\n\n  ${command}`;
}

/** The command that starts a run such as one of this origin beside it; `shown` makes a path what a user would type. */
export function commandAnew(
  { file, overrides }: SpecPlace,
  { from }: { readonly from?: Pick<RunOrigin, "workspace" | "state"> },
  shown = (path: string): string => path,
): string {
  const state = from?.state === undefined ? "" : `@${from.state.hypothesisId}`;
  const beside = from === undefined ? "--new" : `--from ${shellPath(`${shown(from.workspace)}${state}`)}`;
  return `aura run ${shellPath(shown(file))}${setWords(overrides)} ${beside}`;
}

/** Text that YAML takes for text also without quotes. */
const PLAIN_TEXT = /^(?!(?:true|false|null)$)(?:[a-z_]|\.{0,2}\/)(?:[\w./ -]*[\w./-])?$/i;

/** Overrides as they are typed, a space before each. */
export function setWords(overrides: JsonObject): string {
  const sets = Object.entries(overrides).map(([path, value]) => {
    const isPlain = typeof value === "string" && PLAIN_TEXT.test(value);
    return ` --set ${shellWord(`${path}=${isPlain ? value : JSON.stringify(value)}`)}`;
  });
  return sets.join("");
}

/** Changes for people, one line each; those that scores depend on are marked. */
export function changeLines(changes: readonly JudgedChange[]): string {
  const width = Math.max(0, ...changes.map(({ path }) => path.length));
  const lines = changes.map(({ path, before, after, scores }) => {
    return `${scores ? "!" : " "} ${path.padEnd(width)}  ${shownOrNone(before)} -> ${shownOrNone(after)}`;
  });
  return lines.join("\n");
}

/** An input as people tell it from another of the same name. */
function identity({ size, modifiedAt, sha256, how }: InputRecord): string {
  return `${size} bytes, ${how === "sampled" ? `of ${modifiedAt}, samples` : "sha256"} ${sha256.slice(0, 12)}`;
}

/** Of a pipeline written in code what readers of its workspace need to compare scores, as a spec would say it. */
export function specOfCode({ metric, rollback, seed, artifacts, files }: RunSettings): JsonObject {
  const { name, direction, minDelta, baseline } = metric;
  const isSaid = minDelta.kind !== LEAST_DELTA.kind || minDelta.value !== LEAST_DELTA.value;
  const min_delta = minDelta.kind === "relative" ? `${minDelta.value * 100}%` : minDelta.value;
  return {
    metric: { name, direction, ...(isSaid ? { min_delta } : {}), ...(baseline === undefined ? {} : { baseline }) },
    seed,
    artifacts,
    files,
    rollback,
  };
}

const FREE_IN_CODE: ReadonlySet<string> = new Set(["metric.min_delta", "metric.baseline", "rollback"]);

/** What its parts do, a program has to know itself: only its settings can be compared. */
function changesOfCode(before: JsonObject, after: JsonObject): readonly JudgedChange[] {
  return jsonDifferences(before, after).map(({ path, ...values }) => {
    const name = path.join(".");
    return { path: name, ...values, scores: !FREE_IN_CODE.has(name) };
  });
}

function shownOrNone(value: JsonValue | undefined): string {
  return value === undefined ? "(none)" : shown(value);
}
