import { join } from "node:path";
import { type RollbackRecord, rollbackSchema } from "../model/iteration.ts";
import { canonicalHypothesisId, rollbacksDir } from "./layout.ts";
import { compareNatural } from "./listing.ts";
import { readRecord, type Source } from "./records.ts";

/** A rollback as later steps need it. */
export type AppliedRollback = Pick<RollbackRecord, "afterIteration" | "hypothesisId" | "snapshot">;

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

export function readRollback(source: Source, path: string): RollbackRecord | null {
  const strayId = ({ hypothesisId }: RollbackRecord): string | null =>
    canonicalHypothesisId(hypothesisId) === hypothesisId ? null : "its hypothesisId is not an id";
  return readRecord(
    source,
    path,
    rollbackSchema,
    strayId,
    "restore it, or delete it to have that rollback count no more",
  );
}
