import type { Files } from "../kernel/effects.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import { artifactsDir, indexFile, iterationsDir, journalFile, manifestFile, snapshotsDir, specFile } from "./layout.ts";

/** What a run writes before its first call is answered or its first trial starts, the manifest last. */
function firstFiles(root: string): readonly string[] {
  return [iterationsDir, snapshotsDir, artifactsDir, indexFile, journalFile, specFile, manifestFile].map((of) =>
    of(root),
  );
}

/** What may lie beside it without being part of a run's results. */
const HARMLESS: ReadonlySet<string> = new Set(["lock.json", "requests"]);

/**
 * Whether a folder holds a run that an error ended before anything came of it: no reply, no hypothesis, no trial,
 * nothing the user added. Such a run is in nobody's way, and another may take its place.
 */
export function isUnspent(root: string, files: Files): boolean {
  const manifest = parsed(files.readText(manifestFile(root)));
  if (!isJsonObject(manifest) || manifest.status !== "failed" || manifest.reason !== "error") return false;
  const { totals } = manifest;
  if (!isJsonObject(totals)) return false;
  if ([totals.hypotheses, totals.trials, totals.calls].some((count) => count !== 0)) return false;
  const known = new Set(firstFiles(root));
  const others = (files.list(root) ?? []).filter(({ name }) => !known.has(`${root}/${name}`) && !HARMLESS.has(name));
  if (others.some(({ name }) => !name.startsWith("."))) return false;
  return (files.list(iterationsDir(root)) ?? []).every(({ name }) => isEmpty(`${iterationsDir(root)}/${name}`, files));
}

/** Removes what such a run has left, so that another can begin; cut short, it leaves what can be removed again. */
export function removeUnspent(root: string, remove: (path: string) => void): void {
  for (const path of firstFiles(root)) remove(path);
}

/** An iteration in which a question was asked at most, and not answered. */
function isEmpty(folder: string, files: Files): boolean {
  return (files.list(folder) ?? []).every(({ name }) => {
    if (name === "iteration.json") return true;
    return (
      name === "calls" && (files.list(`${folder}/calls`) ?? []).every((call) => isUnanswered(folder, call.name, files))
    );
  });
}

function isUnanswered(folder: string, name: string, files: Files): boolean {
  const call = parsed(files.readText(`${folder}/calls/${name}`));
  return isJsonObject(call) && call.state === "failed" && call.usage === undefined;
}

function parsed(text: string | null): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text ?? "null");
    return value;
  } catch {
    return null;
  }
}
