import { resolve } from "node:path";
import type { RollbackPlan } from "../model/iteration.ts";
import { systemEffects } from "../platform/system.ts";
import { terminalLine } from "../text/printable.ts";
import { planRollback, rollback as rollBack } from "../workspace/states/index.ts";
import { inspectBest } from "../workspace/views/queries.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";
import { openStates } from "./states.ts";
import { sayWaiting } from "./waiting.ts";

interface RollbackFlags {
  readonly to: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `aura rollback <workspace> --to …`: makes a recorded state the one that the run goes on from. */
export async function rollback(place: string, flags: RollbackFlags): Promise<number> {
  return guarded(flags, async () => {
    const effects = systemEffects();
    const { workspace, store, records } = await openStates(resolve(place), effects);
    if (flags.dryRun) return answer(planRollback(store, records, flags.to), "would roll back to", true);
    using _ = await workspace.lock({ onWait: sayWaiting(workspace) });
    const plan = planRollback(store, records, flags.to);
    const record = rollBack(store, plan, effects.clock.now());
    // The records say it already; whoever reads run.json alone is told too.
    const best = inspectBest(workspace.root, effects);
    workspace.updateManifest({ best: best && { id: best.id, score: best.score } });
    return answer(plan, record ? "rolled back to" : "already at", false, best);
  });
}

function answer(
  plan: RollbackPlan,
  verb: string,
  dryRun: boolean,
  best: Best | null = null,
): Answer<OutputOf<"rollback-output">> {
  return { document: () => ({ dryRun, ...plan }), text: () => text(plan, verb, best) };
}

type Best = NonNullable<ReturnType<typeof inspectBest>>;

function text({ target, previous, changed, isCurrent }: RollbackPlan, verb: string, best: Best | null): string {
  const moved = previous !== null && previous.hypothesisId !== target.hypothesisId;
  const from = moved ? ` from ${previous.hypothesisId} (${previous.snapshot})` : "";
  const lines = [
    `${verb} ${target.hypothesisId} (${target.snapshot})${isCurrent ? "" : from}`,
    ...changed.map((path) => `  ${terminalLine(path)}`),
    ...(best && best.id !== target.hypothesisId ? [`the best that counts is ${best.id} (${best.score})`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
