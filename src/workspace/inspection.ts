import type { Files } from "../kernel/effects.ts";
import type { HypothesisId, TrialId } from "../model/ids.ts";
import type { RunManifest } from "../model/run.ts";
import { terminalLine } from "../text/printable.ts";
import { iterationOf, logFiles } from "./layout.ts";
import { listRecords } from "./listing.ts";
import { notFound } from "./locate.ts";
import { type LockObserver, peekLock } from "./lock-state.ts";
import { readManifest } from "./manifest.ts";
import { readTrial, type Source } from "./records.ts";

/** What read-only questions about a workspace need: no lock, no write permission, nothing heavy. */
export type Observer = LockObserver;

/** The manifest of the run to look at. Throws `WorkspaceError` ("not-found") when there is none. */
export function manifestOf(root: string, files: Files): RunManifest {
  const manifest = readManifest({ root, files });
  if (!manifest) throw notFound(root, files);
  return manifest;
}

/** What the manifest says the run is doing, unless the process that was doing it is dead. */
export function statusNow(root: string, manifest: RunManifest, observer: Observer): RunManifest["status"] {
  if (manifest.status !== "running" && manifest.status !== "created") return manifest.status;
  const { state } = peekLock(root, observer);
  return state === "held" || state === "foreign" ? manifest.status : "interrupted";
}

/** The end of one log: where it is, how large, and its last lines. */
interface LogView {
  readonly path: string;
  readonly bytes: number;
  /** At most the last 4 KiB, control characters but line ends and tabs removed. */
  readonly tail: string;
}

/** The logs of one attempt at a trial; `null` for a stream that was not written to. */
export interface AttemptLogs {
  readonly trialId: TrialId;
  readonly attempt: number;
  readonly stdout: LogView | null;
  readonly stderr: LogView | null;
}

const TAIL_BYTES = 4096;
/** Logs are kept shorter than this; what is larger is nothing AURA wrote. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** The logs of every attempt at a trial that its record knows. */
export function logsOfTrial(source: Source, id: TrialId): readonly AttemptLogs[] {
  const attempts = readTrial(source, id)?.attempts ?? [];
  return attempts.map(({ attempt }) => {
    const { stdout, stderr } = logFiles(source.root, id, attempt);
    return { trialId: id, attempt, stdout: logView(stdout, source.files), stderr: logView(stderr, source.files) };
  });
}

/** Ids of the trials and checks of a hypothesis, in order. */
export function trialsOf({ root, files }: Source, id: HypothesisId): readonly TrialId[] {
  return listRecords(root, files, iterationOf(id), "trials").filter(
    (trial) => /^(.+)-[tc]\d+$/.exec(trial)?.[1] === id,
  );
}

/** A trial can put a link where its log was; it is not followed. */
function logView(path: string, files: Files): LogView | null {
  const stat = files.stat(path);
  if (stat?.kind !== "file" || stat.nlink > 1) return null;
  const bytes = stat.size > MAX_LOG_BYTES ? null : files.readBytes(path);
  const end = bytes ? bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)) : new Uint8Array();
  const tail = new TextDecoder().decode(end).split("\n").map(terminalLine).join("\n");
  return { path, bytes: stat.size, tail };
}
