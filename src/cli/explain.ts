import { EXIT } from "../kernel/errors.ts";
import { changeLines, changesSince, refuseScoring } from "../pipeline/changes.ts";
import { type ExplainedStep, explainResume } from "../pipeline/explain.ts";
import { recordInputs } from "../pipeline/inputs.ts";
import type { JudgedChange } from "../pipeline/options.ts";
import { chooseFailed } from "../pipeline/retry-failed.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { terminalLine } from "../text/printable.ts";
import { prepare } from "./prepare-resume.ts";
import { requirement } from "./require.ts";
import type { Session } from "./session.ts";

/**
 * `aura resume --explain`: what the same command without it would reuse, adopt, run again or leave, and why; with
 * `--json` as an event `resume.explained`. Refuses what that would refuse, with the same exit code. Changes nothing.
 */
export async function explain(session: Session, root: string): Promise<number> {
  const { effects, flags, frame } = session;
  const { workspace, manifest, loaded } = await prepare(session, root, null);
  const { settings, spec } = await resolveSpec(loaded, { effects });
  requirement(flags.require, settings.metric);
  const { retryFailed = false } = flags;
  const scope = { files: effects.files, workspace: root };
  const inputs = await recordInputs(settings.inputs, scope, () => effects.clock.turn());
  const judged = changesSince(manifest, spec, inputs, settings);
  refuseScoring(judged, root, spec);
  const steps = explainResume(workspace, retryFailed ? chooseFailed(workspace, retryFailed) : []);
  if (frame) {
    frame.tell("resume.explained", { changes: judged.map(({ scores: _, ...change }) => change), steps });
    frame.finish({ exitCode: EXIT.ok, reason: "explained", best: manifest.best });
    return EXIT.ok;
  }
  process.stdout.write(`${text(steps, judged)}\n`);
  return EXIT.ok;
}

function text(steps: readonly ExplainedStep[], changes: readonly JudgedChange[]): string {
  const width = steps.reduce((longest, { step }) => Math.max(longest, step.length), 0);
  const count = (action: ExplainedStep["action"]): number => steps.filter((step) => step.action === action).length;
  return [
    ...(changes.length > 0 ? [`changed, from the next iteration on:\n${changeLines(changes)}`, ""] : []),
    ...steps.map(({ step, action, why }) => `${action.padEnd(5)}  ${step.padEnd(width)}  ${terminalLine(why)}`),
    "",
    `${count("reuse")} to reuse, ${count("adopt")} to adopt, ${count("rerun")} to run`,
    "then: the next iteration, unless a stop condition holds",
  ].join("\n");
}
