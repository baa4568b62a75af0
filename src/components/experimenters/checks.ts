import type { AttemptResult, StageContext, TrialContext } from "../../kernel/context.ts";
import type { ExecutionEnvironment, Executor } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { CheckSetting } from "../../model/settings.ts";
import { type Failure, type TrialResult, trialResult } from "../../model/trial.ts";
import { isCommandExecutor, ScriptExecutor } from "../executors/index.ts";
import { failedOutcome } from "./raw-outcome.ts";
import { checkSeed } from "./seeds.ts";

/** How checks are run: like the trials, in their environment and under their isolation where they have one. */
export interface CheckParts {
  readonly environment: ExecutionEnvironment;
  readonly executor: Executor | undefined;
  readonly cwd: "root" | "copy";
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
      { hypothesis, kind: "check", index, seed: checkSeed(ctx, index), cwd: parts.cwd, capture: false },
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
  const options = {
    shell: check.shell,
    cwd: parts.cwd,
    ...(check.timeoutMs === undefined ? {} : { timeoutMs: check.timeoutMs }),
  };
  const executor = isCommandExecutor(parts.executor)
    ? parts.executor.withCommand(check.command, options)
    : new ScriptExecutor(check.command, options);
  const environment = await parts.environment.prepare(hypothesis, ctx);
  const outcome = failedOutcome(await executor.run(hypothesis, environment, ctx));
  return { outcome: outcome ?? { status: "completed", output: {} }, steps: [] };
}
