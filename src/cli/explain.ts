import { EXIT } from "../kernel/errors.ts";
import { openGeneration } from "../pipeline/changes.ts";
import { type ExplainedStep, explainResume } from "../pipeline/explain.ts";
import { recordInputs } from "../pipeline/inputs.ts";
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
  const { acceptSpecChange: acceptChange = false, retryFailed = false } = flags;
  const consent = { acceptChange, ...(retryFailed ? { retryFailed } : {}) };
  const scope = { files: effects.files, workspace: root };
  const inputs = await recordInputs(settings.inputs, manifest.inputs, scope, () => effects.clock.turn());
  const { generation, changes } = openGeneration(manifest, spec, inputs, settings, consent);
  const again = retryFailed ? chooseFailed(workspace, retryFailed, generation) : [];
  const steps = explainResume(workspace, { generation, again, tracked: settings.artifacts.length > 0 });
  if (frame) {
    frame.tell("resume.explained", { generation, changes, steps });
    const best = generation === manifest.generation ? manifest.best : null;
    frame.finish({ exitCode: EXIT.ok, reason: "explained", best });
    return EXIT.ok;
  }
  process.stdout.write(`${text(steps, generation, changes)}\n`);
  return EXIT.ok;
}

function text(steps: readonly ExplainedStep[], generation: number, changes: readonly string[]): string {
  const width = steps.reduce((longest, { step }) => Math.max(longest, step.length), 0);
  const count = (action: ExplainedStep["action"]): number => steps.filter((step) => step.action === action).length;
  const closed = count("close") > 0 ? `, ${count("close")} to close` : "";
  return [
    ...(changes.length > 0 ? [`score generation ${generation} begins: ${terminalLine(changes.join("; "))}`, ""] : []),
    ...steps.map(({ step, action, why }) => `${action.padEnd(5)}  ${step.padEnd(width)}  ${terminalLine(why)}`),
    "",
    `${count("reuse")} to reuse, ${count("adopt")} to adopt, ${count("rerun")} to run${closed}`,
    "then: the next iteration, unless a stop condition holds",
  ].join("\n");
}
