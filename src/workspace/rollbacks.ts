import { join } from "node:path";
import type { CountingRollback } from "../kernel/archive.ts";
import { isJsonObject } from "../model/json.ts";
import { canonicalHypothesisId, rollbacksDir } from "./layout.ts";
import { compareNatural } from "./listing.ts";
import { Damage, damaged, readJson, type Source } from "./records.ts";

/** A rollback as later steps need it. Its record, `rollbacks/<n>.json`, may say more. */
export interface AppliedRollback extends CountingRollback {
  /** Snapshot of the tracked artifacts that was restored. */
  readonly snapshot: string;
}

/** The rollbacks of a run, oldest first. Throws `WorkspaceError` ("damaged") for one that cannot be read. */
export function readRollbacks(source: Source): readonly AppliedRollback[] {
  return listRollbacks(source).flatMap((path) => readRollback(source, path) ?? []);
}

/** Absolute paths of the records of rollbacks, oldest first. */
export function listRollbacks({ root, files }: Source): readonly string[] {
  const folder = rollbacksDir(root);
  const names = (files.list(folder) ?? []).map(({ name }) => name).filter((name) => /^\d+\.json$/.test(name));
  return names.sort(compareNatural).map((name) => join(folder, name));
}

export function readRollback(source: Source, path: string): AppliedRollback | null {
  try {
    const value = readJson(source.files, path);
    return value === null ? null : parseRollback(value);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw damaged(source, path, error.message, "restore it, or delete it to have that rollback count no more");
  }
}

function parseRollback(value: unknown): AppliedRollback {
  const { afterIteration, hypothesisId, snapshot } = isJsonObject(value) ? value : {};
  if (typeof afterIteration !== "number" || !Number.isSafeInteger(afterIteration)) {
    throw new Damage("its afterIteration is not a whole number");
  }
  if (typeof hypothesisId !== "string" || canonicalHypothesisId(hypothesisId) !== hypothesisId) {
    throw new Damage("its hypothesisId is not an id");
  }
  if (typeof snapshot !== "string" || !/^[0-9a-f]{8,64}$/.test(snapshot)) throw new Damage("its snapshot is not an id");
  return { afterIteration, hypothesisId, snapshot };
}
