import { resolve } from "node:path";
import { plainText } from "../kernel/display-text.ts";
import type { Effects } from "../kernel/effects.ts";
import { EXIT } from "../kernel/errors.ts";
import type { LoadedSpec } from "../spec/load.ts";
import { planRun } from "../spec/plan.ts";
import { formatPlan } from "../spec/plan-text.ts";
import { resolveSpec } from "../spec/resolve.ts";

/** `aura run --dry-run`: the plan, the first prompt and the commands. Calls no model, starts no trial, writes nothing. */
export async function dryRun(loaded: LoadedSpec, place: string, effects: Effects): Promise<number> {
  const resolved = await resolveSpec(loaded, { effects, probe: false });
  const plan = formatPlan(planRun(resolved, resolve(place), effects));
  process.stdout.write(`${plan.split("\n").map(plainText).join("\n")}\n`);
  return EXIT.ok;
}
