import { relative, resolve } from "node:path";
import { EXIT } from "../kernel/errors.ts";
import { systemEffects } from "../platform/system.ts";
import { terminalLine } from "../text/printable.ts";
import { shellPath } from "../text/shell.ts";
import { acquireLock } from "../workspace/lock/lock.ts";
import { applyRepair, planRepair, type RepairPlan } from "../workspace/repair.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";
import { sayWaiting } from "./waiting.ts";

/** `aura repair <workspace>`: shows what is damaged and what mending it would do; does it with `--apply`. */
export async function repair(
  place: string,
  flags: { readonly apply?: boolean; readonly json?: boolean },
): Promise<number> {
  return guarded(flags, async (): Promise<Answer<OutputOf<"repair-output">>> => {
    const effects = systemEffects();
    const root = resolve(place);
    const plan = planRepair(root, effects.files);
    const byHand = plan.steps.some(({ action }) => action === "by-hand");
    let movedTo: string | null = null;
    if (flags.apply && plan.steps.length > 0) {
      using lock = await acquireLock(root, effects, { onWait: sayWaiting({ root }) });
      movedTo = applyRepair(planRepair(root, effects.files), effects.files, lock);
    }
    const applied = flags.apply === true;
    return {
      document: () => ({ applied, movedTo, steps: plan.steps }),
      text: () => `${[...plan.steps.flatMap(stepLines), closing(plan, applied, movedTo, place)].join("\n")}\n`,
      exitCode: byHand ? EXIT.damaged : EXIT.ok,
    };
  });
}

function stepLines({ action, file, reason, consequence }: RepairPlan["steps"][number]): readonly string[] {
  return [
    `${action.padEnd(9)}  ${terminalLine(file)}: ${terminalLine(reason)}`,
    `           then: ${terminalLine(consequence)}`,
  ];
}

function closing({ steps }: RepairPlan, applied: boolean, movedTo: string | null, place: string): string {
  if (steps.length === 0) return "nothing is damaged";
  if (steps.every(({ action }) => action.startsWith("by-"))) return "nothing of this is for --apply to do";
  if (!applied) return `nothing was changed; do it with: aura repair ${shellPath(place)} --apply`;
  return movedTo === null ? "done" : `done; the damaged files are in ${relative(process.cwd(), movedTo)}`;
}
