import { resolve } from "node:path";
import { plainText } from "../kernel/display-text.ts";
import { EXIT } from "../kernel/errors.ts";
import { systemEffects } from "../platform/system.ts";
import { planRollback, type RollbackPlan, rollback as rollBack } from "../workspace/artifacts/index.ts";
import { inspectBest } from "../workspace/queries.ts";
import { guarded } from "./guarded.ts";
import { openStates } from "./states.ts";

export interface RollbackFlags {
  readonly to: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `aura rollback <workspace> --to …`: makes a recorded state the one that the run goes on from. */
export async function rollback(place: string, flags: RollbackFlags): Promise<number> {
  return guarded(async () => {
    const effects = systemEffects();
    const { workspace, store, records } = await openStates(resolve(place), effects);
    if (flags.dryRun) {
      tell(planRollback(store, records, flags.to), "would roll back to", flags);
      return EXIT.ok;
    }
    const lock = await workspace.lock();
    try {
      const plan = planRollback(store, records, flags.to);
      const record = rollBack(store, plan, effects.clock.now());
      // The records say it already; whoever reads run.json alone is told too.
      const best = inspectBest(workspace.root, effects);
      workspace.updateManifest({ best: best && { id: best.id, score: best.score } });
      tell(plan, record ? "rolled back to" : "already at", flags);
    } finally {
      lock.release();
    }
    return EXIT.ok;
  });
}

function tell(plan: RollbackPlan, verb: string, flags: RollbackFlags): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ dryRun: flags.dryRun === true, ...plan }, null, 2)}\n`);
    return;
  }
  const { target, previous, changed } = plan;
  const from = previous ? ` from ${previous.hypothesisId} (${previous.snapshot})` : "";
  const lines = [
    `${verb} ${target.hypothesisId} (${target.snapshot})${plan.isCurrent ? "" : from}`,
    ...changed.map((path) => `  ${plainText(path)}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
