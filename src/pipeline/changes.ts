import { SpecError } from "../kernel/errors.ts";
import type { InputRecord, RunManifest, SourceRecord } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import type { RecordedSpec } from "./options.ts";
import { isSameScope, scopeOf, takenBefore } from "./project-scope.ts";

/** What a user says about going on with a run that has changed. */
interface Consent {
  readonly acceptChange?: boolean;
  readonly retryFailed?: true | readonly string[];
}

/** The score generation that a run goes on in, and what opens it if it is a new one. */
export interface OpenedGeneration {
  readonly generation: number;
  readonly changes: readonly string[];
}

/**
 * The generation a resume goes on in. Throws `SpecError` when something that scores depend on has changed and the change
 * is not accepted, or when failed hypotheses of the generation before are to run again in spite of it.
 */
export function openGeneration(
  previous: RunManifest,
  spec: RecordedSpec | undefined,
  inputs: readonly InputRecord[],
  settings: RunSettings,
  { acceptChange, retryFailed }: Consent,
): OpenedGeneration {
  const changes = [...changesSince(previous, spec, inputs), ...changedScope(previous, spec, settings)];
  if (changes.length === 0) return { generation: previous.generation, changes };
  if (!acceptChange) {
    throw new SpecError(
      `the run was started with something else: ${changes.join("; ")}. Put it back, or accept the change with --accept-spec-change (scores before and after are then kept apart)`,
    );
  }
  if (retryFailed) {
    throw new SpecError(
      `--retry-failed and --accept-spec-change do not go together here: ${changes.join("; ")}, and failed hypotheses that run again after such a change could not be compared with what they stood beside. Leave --retry-failed away, or put the change back`,
    );
  }
  // A root that cannot be changed is told before anything is written.
  takenBefore(previous, spec, settings);
  return { generation: previous.generation + 1, changes };
}

/** What a pipeline in code takes in of the project now; of a spec its hash tells. */
function changedScope(
  { project }: RunManifest,
  spec: RecordedSpec | undefined,
  settings: RunSettings,
): readonly string[] {
  const before = project?.scope;
  if (spec !== undefined || before === undefined) return [];
  if (isSameScope(before, { ...scopeOf(settings), inputs: before.inputs })) return [];
  return ["other files of the project are tracked, or copied for trials"];
}

function changesSince(
  previous: RunManifest,
  spec: RecordedSpec | undefined,
  inputs: readonly InputRecord[],
): readonly string[] {
  const sources = spec?.sources?.(previous.runId) ?? [];
  return [
    ...(spec && previous.specHash !== spec.hash ? ["the spec has changed in what scores depend on"] : []),
    ...changedSources(previous, sources).map(({ path, what }) => `${path}: ${what}`),
    ...inputs.flatMap((input) => {
      const before = previous.inputs.find(({ path }) => path === input.path);
      if (!before || before.sha256 === input.sha256) return [];
      return [`input ${input.path} has other contents (${identity(before)} -> ${identity(input)})`];
    }),
  ];
}

/** An input as people tell it from another of the same name. */
export function identity({ size, sha256 }: InputRecord): string {
  return `${size} bytes, sha256 ${sha256.slice(0, 12)}`;
}

/** What a spec takes from elsewhere and that is not as it was, with the place in the spec that names it. */
export function changedSources(
  previous: Pick<RunManifest, "sources">,
  now: readonly SourceRecord[],
): readonly { readonly path: string; readonly what: string }[] {
  return now.flatMap(({ path, name, hash }) => {
    const before = previous.sources?.find((source) => source.path === path && source.name === name);
    if (!before || before.hash === hash) return [];
    return [{ path, what: name.startsWith("${") ? `the value of ${name} is another` : `${name} has other contents` }];
  });
}
