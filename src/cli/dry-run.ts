import { resolve } from "node:path";
import { EXIT } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { LoadedSpec } from "../spec/load.ts";
import { planRun } from "../spec/plan.ts";
import { formatPlan } from "../spec/plan-text.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { terminalLine } from "../text/printable.ts";
import type { Session } from "./session.ts";

/**
 * `aura run --dry-run`: the plan, the first prompt and the commands; with `--json` as an event `run.planned`. Calls no
 * model, starts no trial, writes nothing.
 */
export async function dryRun({ effects, frame }: Session, loaded: LoadedSpec, place: string): Promise<number> {
  const resolved = await resolveSpec(loaded, { effects, probe: false });
  const plan = planRun(resolved, resolve(place), effects);
  const hide = createRedactor(loaded.secrets);
  if (frame) {
    frame.tell("run.planned", { plan }, hide);
    frame.finish({ exitCode: EXIT.ok, reason: "dry-run", best: null });
  } else {
    process.stdout.write(`${hide.text(formatPlan(plan)).split("\n").map(terminalLine).join("\n")}\n`);
  }
  return EXIT.ok;
}
