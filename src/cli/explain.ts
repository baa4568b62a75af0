import { plainText } from "../kernel/display-text.ts";
import { EXIT } from "../kernel/errors.ts";
import { type ExplainedStep, explainResume } from "../pipeline/explain.ts";
import { Workspace } from "../workspace/workspace.ts";
import type { Session } from "./session.ts";

/**
 * `aura resume --explain`: what a resume would reuse, adopt or run again, and why; with `--json` as an event
 * `resume.explained`. Changes nothing.
 */
export async function explain({ effects, frame }: Session, root: string): Promise<number> {
  const workspace = await Workspace.open(root, { effects });
  const steps = explainResume(workspace);
  if (frame) {
    frame.tell("resume.explained", { steps });
    frame.finish({ exitCode: EXIT.ok, reason: "explained", best: workspace.readManifest()?.best ?? null });
    return EXIT.ok;
  }
  const width = Math.max(0, ...steps.map(({ step }) => step.length));
  const count = (action: ExplainedStep["action"]): number => steps.filter((step) => step.action === action).length;
  const lines = steps.map(({ step, action, why }) => `${action.padEnd(5)}  ${step.padEnd(width)}  ${plainText(why)}`);
  lines.push(
    "",
    `${count("reuse")} to reuse, ${count("adopt")} to adopt, ${count("rerun")} to run`,
    "then: the next iteration, unless a stop condition holds",
  );
  process.stdout.write(`${lines.join("\n")}\n`);
  return EXIT.ok;
}
