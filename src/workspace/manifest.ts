import type { RunManifest } from "../model/run.ts";
import * as validators from "./generated/validate-records.js";
import { manifestFile } from "./layout.ts";
import { inCurrentFormat } from "./migrate.ts";
import { checkRecord, Damage, damaged, readJson, type Source } from "./records.ts";

/**
 * The run's manifest, `null` when the folder holds no run; one of an older format is read as if it had been migrated.
 * Throws `WorkspaceError` ("damaged", or "newer-format").
 */
export function readManifest(source: Source): RunManifest | null {
  const path = manifestFile(source.root);
  try {
    const value = readJson(source.files, path);
    return value === null ? null : checkRecord(inCurrentFormat(value, path), validators.manifest);
  } catch (error) {
    if (error instanceof Damage) throw damaged(source, path, error.message, REMEDY);
    throw error;
  }
}

/** Unlike other records it cannot be had again by redoing a step: it says what the run is. */
const REMEDY = "restore it from a copy, or mend it by hand; the run's other records are not affected";
