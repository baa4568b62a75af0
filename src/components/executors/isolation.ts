import type { Starter, TrialWarning } from "../../kernel/ports.ts";
import type { RunSettings } from "../../model/settings.ts";

const NOT_ISOLATED: TrialWarning = {
  code: "not-isolated",
  message:
    "code that a model changed runs with all rights of this user: use executor bwrap (in slurm: `inside`), or run AURA where that is acceptable",
};

const READABLE: TrialWarning = {
  code: "inputs-readable",
  message:
    "trials run as this user and can read what only the evaluator is to see: use executor bwrap (in slurm: `inside`)",
};

/** What the settings hide that trials can read, started this way. */
export function unhidden({ hidden }: RunSettings, starter: Starter): readonly TrialWarning[] {
  return hidden.length > 0 && isOpen(starter) ? [READABLE] : [];
}

/** What a model's code may do, started this way. */
export function unconfined({ artifacts }: RunSettings, starter: Starter): readonly TrialWarning[] {
  return artifacts.length > 0 && isOpen(starter) ? [NOT_ISOLATED] : [];
}

function isOpen({ isolates = false, isOpen = !isolates }: Starter): boolean {
  return isOpen;
}
