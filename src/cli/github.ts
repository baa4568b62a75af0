import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { EXIT, isAuraError, messageOf } from "../kernel/errors.ts";
import type { FinishReason } from "../model/run.ts";
import { localObserver } from "../platform/observer.ts";
import { headline } from "../reporters/closing.ts";
import { jobSummary, refusalSummary } from "../reporters/job-summary.ts";
import { diagnosticWords } from "../spec/diagnostics.ts";
import { terminalLine, terminalText } from "../text/printable.ts";
import { specPlace } from "../workspace/manifest.ts";
import { inspectHypotheses, inspectSummary } from "../workspace/views/queries.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RunEnding } from "./outputs/events.ts";

/** How a run ended, as it is told. */
interface Words {
  readonly exitCode: number;
  readonly reason: FinishReason;
  readonly message: string;
}

/** Something to be said at a line of a file. */
interface Note {
  readonly file?: string | undefined;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** Exit codes of a run that is to go on later, and of a command that was refused one. */
const HELD: readonly number[] = [EXIT.paused, EXIT.hangup, EXIT.interrupted, EXIT.terminated];
const REFUSED: readonly number[] = [EXIT.usage, EXIT.locked, EXIT.damaged];

const MOST_ROWS = 10;

type Level = "error" | "warning";

/** The job of GitHub Actions that a command runs in. While it is open, nothing that is printed is a command to the job. */
export interface GithubJob extends Disposable {
  /** Shows notes beside the lines that they are about. */
  annotate(level: Level, notes: readonly Note[]): void;
  /** Says how a run ended: a note where it did not go well, and a table on the page of the job. */
  finish(end: RunEnding, workspace: Workspace | null): void;
}

/** Opens the job that the environment is of. */
export function githubJob({ GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY }: NodeJS.ProcessEnv): GithubJob {
  const write = (text: string): void => void process.stderr.write(text);
  // What trials and models print may look like a command, such as one that hides words or sets outputs.
  const token = randomUUID();
  write(`::stop-commands::${token}\n`);
  const annotate: GithubJob["annotate"] = (level, notes) => {
    const lines = notes.map((note) => `${annotation(level, note, GITHUB_WORKSPACE)}\n`);
    if (lines.length > 0) write(`::${token}::\n${lines.join("")}::stop-commands::${token}\n`);
  };
  return {
    annotate,
    finish(end, workspace) {
      const { exitCode, error, reason, message = "" } = end;
      // Whoever only looks at a run does not end it.
      if (reason === "dry-run" || reason === "explained") return;
      const words: Words = { exitCode, reason, message };
      if (error && error.diagnostics.length > 0) annotate("error", error.diagnostics);
      else if (exitCode !== EXIT.ok)
        annotate(HELD.includes(exitCode) ? "warning" : "error", [noteOn(words, workspace)]);
      if (!GITHUB_STEP_SUMMARY) return;
      try {
        const root = workspace?.hasRun() && !REFUSED.includes(exitCode) ? workspace.root : null;
        const notes = error && error.diagnostics.length > 0 ? error.diagnostics.map(diagnosticWords) : [message];
        appendFileSync(GITHUB_STEP_SUMMARY, root === null ? refusalSummary(exitCode, notes) : summaryOf(words, root));
      } catch (thrown) {
        write(`warning: the summary of the job cannot be written: ${terminalLine(messageOf(thrown))}\n`);
      }
    },
    [Symbol.dispose]: () => write(`::${token}::\n`),
  };
}

/** A command to the job that shows a note; places are from the root of what was checked out. */
function annotation(level: Level, note: Note, root = process.cwd()): string {
  const { file, line, column } = note;
  // What came with --set is in no file.
  const isPlaced = file !== undefined && (line !== undefined || isAbsolute(file));
  const place = isPlaced ? { file: relativeTo(root, resolve(file)), line, col: column } : {};
  const properties = Object.entries({ ...place, title: "AURA" })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escaped(String(value)).replaceAll(":", "%3A").replaceAll(",", "%2C")}`);
  return `::${level} ${properties.join(",")}::${escaped(terminalText(diagnosticWords(note)))}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function relativeTo(root: string, file: string): string {
  const inside = relative(root, file);
  return inside.startsWith("..") || isAbsolute(inside) ? file : inside;
}

function noteOn({ reason, exitCode, message }: Words, workspace: Workspace | null): Note {
  try {
    const manifest = workspace?.hasRun() ? workspace.readManifest() : null;
    if (!workspace || !manifest) return { message };
    const { name, specFile = manifest.moduleFile } = manifest;
    const file = specFile === undefined ? undefined : specPlace(workspace.root, specFile, workspace.effects.files);
    if (REFUSED.includes(exitCode)) return { file, message };
    return { file, message: [headline(name, reason), message].join("\n").trim() };
  } catch (thrown) {
    if (isAuraError(thrown)) return { message };
    throw thrown;
  }
}

function summaryOf({ reason, message }: Words, root: string): string {
  const observer = localObserver();
  const summary = inspectSummary(root, observer);
  const rows = inspectHypotheses(root, observer, { sort: "score" }).filter(({ counts }) => counts);
  return jobSummary(headline(summary.name, reason), { ...summary, message }, rows.slice(0, MOST_ROWS));
}
