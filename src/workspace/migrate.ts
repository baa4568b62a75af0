import { join } from "node:path";
import { WorkspaceError } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject, recordText } from "../model/json.ts";
import { WORKSPACE_FORMAT } from "../model/run.ts";
import { manifestFile, migrationsDir } from "./layout.ts";
import { Damage, readJson, type Source } from "./records.ts";

/** One step from a format to the next. */
interface Migration {
  /** The manifest as the next format has it. */
  manifest(old: JsonObject): JsonObject;
}

/** By the format they start from. A format stays in this table for good. */
const MIGRATIONS: ReadonlyMap<number, Migration> = new Map([
  [
    0,
    {
      // Before recorded overrides: nothing was overridden.
      manifest: (old: JsonObject): JsonObject => ({ ...old, format: 1, overrides: {} }),
    },
  ],
]);

/**
 * A manifest in the current format, whatever format it was written in; nothing is written. Throws `WorkspaceError`
 * ("newer-format") for one that a later AURA wrote, `Damage` when it does not say which format it is.
 */
export function inCurrentFormat(value: unknown, path: string): JsonObject {
  if (!isJsonObject(value)) throw new Damage("it is not a JSON object");
  let manifest = value;
  for (let format = formatOf(manifest); format !== WORKSPACE_FORMAT; format = formatOf(manifest)) {
    if (format > WORKSPACE_FORMAT) throw newerFormat(path, format);
    const migration = MIGRATIONS.get(format);
    if (!migration) throw new Damage(`there is no workspace format ${format}`);
    manifest = migration.manifest(manifest);
  }
  return manifest;
}

/**
 * Brings a workspace on disk to the current format, originals kept under `migrations/`. Only the holder of the lock may
 * call it. Killed anywhere it leaves the old or the new format, and can be run again. Returns whether it changed anything.
 */
export function migrateWorkspace(source: Source): boolean {
  const { root, files } = source;
  const path = manifestFile(root);
  const value = readJson(files, path);
  if (!isJsonObject(value) || formatOf(value) === WORKSPACE_FORMAT) return false;
  const manifest = inCurrentFormat(value, path);
  const kept = migrationsDir(root, formatOf(value));
  files.makeDirectory(kept);
  const original = files.readText(path);
  // An original that is already there is older than a migration that was cut short, so it stays.
  if (original !== null) files.createExclusive(join(kept, "run.json"), original);
  files.flush([join(kept, "run.json"), kept]);
  files.writeAtomic(path, recordText(manifest), { durable: true });
  return true;
}

function formatOf(manifest: JsonObject): number {
  const { format } = manifest;
  if (typeof format === "number" && Number.isSafeInteger(format) && format >= 0) return format;
  throw new Damage(`its format is ${JSON.stringify(format) ?? "missing"}, not a whole number`);
}

function newerFormat(path: string, format: number): WorkspaceError {
  const message = `${path} has workspace format ${format}, this AURA knows formats up to ${WORKSPACE_FORMAT}\nuse the newer AURA that wrote it`;
  return new WorkspaceError("newer-format", message, { file: path });
}
