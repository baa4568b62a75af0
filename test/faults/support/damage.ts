import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAuraError, WorkspaceError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { inspectEvents, inspectShow } from "../../../src/workspace/views/details.ts";
import {
  inspectBest,
  inspectCalls,
  inspectHypotheses,
  inspectInsights,
  inspectSummary,
} from "../../../src/workspace/views/queries.ts";
import { readTree } from "./tree.ts";

/** Every question to a workspace and its answer as JSON, or the error that it ends in. */
export function everyAnswer(workspace: string): ReadonlyMap<string, string | Error> {
  const observer = systemEffects();
  const ids = ["i00001-h001", "i00002-h000-t00"];
  const questions: Readonly<Record<string, () => unknown>> = {
    summary: () => inspectSummary(workspace, observer),
    hypotheses: () => inspectHypotheses(workspace, observer),
    best: () => inspectBest(workspace, observer),
    insights: () => inspectInsights(workspace, observer),
    calls: () => inspectCalls(workspace, observer),
    ...Object.fromEntries(ids.map((id) => [`show ${id}`, () => inspectShow(workspace, id, observer)])),
  };
  return new Map(Object.entries(questions).map(([name, ask]) => [name, answer(ask)]));
}

/** The event log's lines; it is a view itself, so what it says is held against nothing. */
export function events(workspace: string): string | Error {
  return answer(() => [...inspectEvents(workspace, systemEffects())]);
}

function answer(ask: () => unknown): string | Error {
  try {
    return JSON.stringify(ask());
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

/** Whether an error is exit 4 with the name of the file in its message. */
export function names(thrown: unknown, file: string): boolean {
  if (!isAuraError(thrown) || thrown.exitCode !== 4) return false;
  return thrown.message.includes(file) || (thrown instanceof WorkspaceError && (thrown.file ?? "").includes(file));
}

/** One file of each sort that a workspace holds, relative to it. */
export function oneOfEachSort(workspace: string): ReadonlyMap<string, string> {
  const sorts = new Map<string, string>();
  for (const path of readTree(workspace, (each) => !/\.a\d+(\.std(out|err)\.log)?$/.test(each)).keys()) {
    const sort = SORTS.find(([, pattern]) => pattern.test(path))?.[0];
    if (sort !== undefined) sorts.set(sort, path);
  }
  return sorts;
}

const SORTS: readonly (readonly [string, RegExp])[] = [
  ["manifest", /^run\.json$/],
  ["journal", /^journal\.jsonl$/],
  ["iteration", /\/iteration\.json$/],
  ["hypothesis", /\/hypotheses\/.*1\.json$/],
  ["experiment", /\/experiments\/.*1\.json$/],
  ["evaluation", /\/evaluations\/.*1\.json$/],
  ["trial", /\/trials\/.*-t00\.json$/],
  ["call", /\/calls\/.*\.json$/],
  ["insights", /\/insights\.json$/],
  ["snapshot", /^snapshots\/[0-9a-f]{16}\.json$/],
  ["object", /^snapshots\/objects\//],
  ["artifact", /^artifacts\/code\.txt$/],
];

/** Sorts of files that are views: whatever is done to them changes nothing. */
export const VIEWS: ReadonlySet<string> = new Set(["journal", "artifact"]);

/** A file cut at this byte. */
export function cutAt(file: string, at: number): Uint8Array {
  return readFileSync(file).subarray(0, at);
}

/** A file with one bit of one byte turned over. */
export function flippedAt(file: string, at: number): Uint8Array {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 7));
  return bytes;
}

export function sizeOf(workspace: string, path: string): number {
  return readFileSync(join(workspace, path)).length;
}
