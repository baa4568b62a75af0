import { NEVER } from "../kernel/effects.ts";
import { EXIT } from "../kernel/errors.ts";
import type { RunManifest } from "../model/run.ts";
import type { RunSettings } from "../model/settings.ts";
import { changedFilesMessage } from "../pipeline/changed-files.ts";
import { changeLines, changesSince, moduleChanges, refuseScoring } from "../pipeline/changes.ts";
import { recordInputs } from "../pipeline/inputs.ts";
import type { JudgedChange, RecordedSpec } from "../pipeline/options.ts";
import { chooseFailed, type ExplainedStep, explainResume } from "../pipeline/resume.ts";
import { terminalLine } from "../text/printable.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { requirement } from "./flags.ts";
import { bestOfRun, type Session } from "./session.ts";

/** A run that is to be explained: as it would go on now. */
interface Explained {
  readonly workspace: Workspace;
  readonly manifest: RunManifest;
  readonly settings: RunSettings;
  /** Absent for a pipeline written in code. */
  readonly spec?: RecordedSpec;
}

/** Says what a resume of this run would do; with `--json` as an event `resume.explained`. Changes nothing. */
export async function explainRun(session: Session, explained: Explained): Promise<number> {
  const { effects, flags, frame, finish } = session;
  const { workspace, manifest, settings, spec } = explained;
  const { root } = workspace;
  requirement(flags.require, settings.metric);
  const { retryFailed = false } = flags;
  const scope = { files: effects.files, workspace: root };
  const inputs = await recordInputs(settings.inputs, scope, () => effects.clock.turn());
  const judged = [...changesSince(manifest, spec, inputs, settings), ...moduleChanges(manifest, workspace)];
  refuseScoring(judged, root, manifest, spec);
  const files = await changedFilesMessage(workspace, manifest, settings, spec, NEVER);
  if (files !== null) process.stderr.write(`warning: ${terminalLine(files)}\n`);
  const steps = explainResume(workspace, retryFailed ? chooseFailed(workspace, retryFailed) : []);
  if (frame) {
    frame.tell("resume.explained", { changes: judged.map(({ scores: _, file: __, ...change }) => change), steps });
    finish({ exitCode: EXIT.ok, reason: "explained", best: bestOfRun(workspace) });
    return EXIT.ok;
  }
  process.stdout.write(`${text(steps, judged)}\n`);
  return EXIT.ok;
}

function text(steps: readonly ExplainedStep[], changes: readonly JudgedChange[]): string {
  const width = steps.reduce((longest, { step }) => Math.max(longest, step.length), 0);
  const count = (action: ExplainedStep["action"]): number => steps.filter((step) => step.action === action).length;
  return [
    ...(changes.length > 0 ? [`changed, from the next proposals on:\n${changeLines(changes)}`, ""] : []),
    ...steps.map(({ step, action, why }) => `${action.padEnd(5)}  ${step.padEnd(width)}  ${terminalLine(why)}`),
    "",
    `${count("reuse")} to reuse, ${count("adopt")} to adopt, ${count("rerun")} to run`,
    "then: the next iteration, unless a stop condition holds",
  ].join("\n");
}
