import { basename, dirname, join, relative, resolve } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { WorkspaceError } from "../kernel/errors.ts";
import { isJsonObject } from "../model/json.ts";
import { manifestSchema, type RunManifest, WORKSPACE_FORMAT } from "../model/run.ts";
import { manifestFile } from "./layout.ts";
import { checkRecord, Damage, damaged, readJson, type Source } from "./records.ts";

/** The run's manifest, `null` when the folder holds no run. Throws `WorkspaceError` ("damaged", or "unknown-format"). */
export function readManifest(source: Source): RunManifest | null {
  const path = manifestFile(source.root);
  try {
    const value = readJson(source.files, path);
    if (value === null) return null;
    assertKnownFormat(value, path);
    return checkRecord(value, manifestSchema);
  } catch (error) {
    if (error instanceof Damage) throw damaged(source, path, error.message, REMEDY);
    throw error;
  }
}

function assertKnownFormat(value: unknown, path: string): void {
  if (!isJsonObject(value)) throw new Damage("it is not a JSON object");
  const { format } = value;
  if (typeof format !== "number")
    throw new Damage(`its format is ${JSON.stringify(format) ?? "missing"}, not a number`);
  if (format === WORKSPACE_FORMAT) return;
  const message = `${path} has workspace format ${format}, and this AURA knows ${WORKSPACE_FORMAT}\nuse the AURA that wrote it`;
  throw new WorkspaceError("unknown-format", message, { file: path });
}

/** Unlike other records it cannot be had again by redoing a step: it says what the run is. */
const REMEDY = "restore it from a copy, or mend it by hand; the run's other records are not affected";

/** Absolute path of the file of a spec or a module, which a manifest names relative to the real place of its workspace. */
export function specPlace(root: string, specFile: string, files: Files): string {
  return resolve(files.realPath(root) ?? root, specFile);
}

/** What a manifest says of where that file is, so that `specPlace` finds it whatever the workspace is called by. */
export function relativeToWorkspace(root: string, specFile: string, files: Files): string {
  const folder = dirname(specFile);
  const real = join(files.realPath(folder) ?? folder, basename(specFile));
  return relative(files.realPath(root) ?? root, real);
}
