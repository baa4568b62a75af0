import type { AttemptResult, StageContext, TrialContext, TrialRequest } from "../../kernel/context.ts";
import type { ExecutionEnvironment, Executor } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { CheckSetting } from "../../model/settings.ts";
import { type Failure, type TrialResult, trialResult } from "../../model/trial.ts";
import { ScriptExecutor } from "../executors/command.ts";
import { failedOutcome } from "../executors/jobs.ts";
import { checkSeed } from "./repeats.ts";

/** How checks are run: like the trials, in their environment and under their isolation where they have one. */
export interface CheckParts {
  readonly environment: ExecutionEnvironment;
  readonly executor: Executor | undefined;
  readonly request: Pick<TrialRequest, "cwd" | "queues" | "adopts" | "devices">;
}

export interface ChecksRun {
  /** In order, up to the first that failed. */
  readonly results: readonly TrialResult[];
  readonly failure: Failure | null;
}

/** Runs the spec's checks one after another: each passes by exit code 0, and the first that does not ends them. */
export async function runChecks(hypothesis: Hypothesis, ctx: StageContext, parts: CheckParts): Promise<ChecksRun> {
  const results: TrialResult[] = [];
  for (const [index, check] of ctx.settings.checks.entries()) {
    const trial = await ctx.trials.run(
      { ...parts.request, hypothesis, kind: "check", index, seed: checkSeed(ctx, index), capture: false },
      (trialCtx) => runCheck(check, hypothesis, parts, trialCtx),
    );
    results.push(trialResult(trial));
    if (trial.outcome.status !== "completed") {
      const { message, ...rest } = trial.outcome.failure;
      return {
        results,
        failure: { ...rest, code: "check-failed", message: `check "${check.name}" failed: ${message}` },
      };
    }
  }
  return { results, failure: null };
}

async function runCheck(
  check: CheckSetting,
  hypothesis: Hypothesis,
  parts: CheckParts,
  ctx: TrialContext,
): Promise<AttemptResult> {
  const executor = parts.executor?.starter ? parts.executor : localExecutor(check);
  const environment = await parts.environment.prepare(hypothesis, ctx);
  try {
    const outcome = failedOutcome(await executor.run(hypothesis, environment, ctx));
    return { outcome: outcome ?? { status: "completed", output: {} }, steps: [] };
  } finally {
    await environment.remove?.();
  }
}

/** What runs a check where trials are functions. */
export function localExecutor({ command, shell, timeoutMs }: CheckSetting): Executor {
  return new ScriptExecutor(command, { shell, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}
