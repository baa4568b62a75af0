import type { History, StageContext } from "../kernel/context.ts";
import { RunnerError, type RunnerProblem } from "../kernel/errors.ts";
import type { Proposal, Proposals, Researcher } from "../kernel/ports.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import { hypothesisId, parseHypothesisId } from "../model/ids.ts";
import type { CarriedState, RefusedProposal } from "../model/iteration.ts";
import { defined } from "../model/json.ts";
import type { Failure } from "../model/trial.ts";
import type { RunHistory } from "./history.ts";
import type { ArtifactStates } from "./project.ts";
import { answerOf, PROPOSALS } from "./stages.ts";

/** Proposals refused for one reason that are recorded each by itself. */
const TOLD_OF_A_REASON = 10;

/** A batch as it enters the loop: hypotheses with ids, and what was turned away. */
export interface Batch {
  readonly hypotheses: readonly Hypothesis[];
  readonly refused: readonly RefusedProposal[];
  readonly failure?: Failure;
  readonly exhausted?: boolean;
}

/** What tells a repeat. */
interface Known {
  readonly history: RunHistory;
  readonly artifacts: ArtifactStates | null;
}

/** How many hypotheses are asked for, and how many are taken. */
interface Wanted {
  readonly count: number;
  readonly most: number;
}

/**
 * Asks the researcher for `count` hypotheses. Repeats of earlier ones are dropped and the rest is cut to `most`, each with
 * its reason. A reply that cannot be used is a `failure` of the iteration, not an error.
 */
export async function propose(
  researcher: Researcher,
  ctx: StageContext,
  { count, most }: Wanted,
  base: CarriedState | undefined,
  known: Known,
): Promise<Batch> {
  let answer: Proposals;
  try {
    const asked = { stage: "researcher", about: `iteration ${ctx.iteration}`, signal: ctx.signal };
    answer = await answerOf(asked, PROPOSALS, () => researcher.hypothesize({ ...ctx, count }));
  } catch (thrown) {
    const failure = replyFailure(thrown, ctx);
    if (!failure) throw thrown;
    return { hypotheses: [], refused: [], failure };
  }
  const batch = admit(answer, ctx, most, base, known);
  if (batch.hypotheses.length > 0 || batch.exhausted) return batch;
  const failure = answer.failure ?? {
    code: "no-proposal",
    message: batch.refused[0]
      ? `no proposal could be used; the first was refused: ${batch.refused[0].reason}`
      : "the researcher proposed nothing",
  };
  return { ...batch, failure };
}

function admit(
  answer: Proposals,
  ctx: StageContext,
  most: number,
  carried: CarriedState | undefined,
  { history, artifacts }: Known,
): Batch {
  const refused: RefusedProposal[] = [...(answer.refused ?? [])];
  const hypotheses: Hypothesis[] = [];
  answer.proposals.forEach((proposal, place) => {
    const label = proposal.label ?? `#${place + 1}`;
    if (hypotheses.length >= most) {
      refused.push({ label, reason: `more than the ${most} asked for` });
      return;
    }
    const base = proposal.base === undefined ? carried : shownState(proposal.base, ctx.history);
    if (typeof base === "string") {
      refused.push({ label, reason: base });
      return;
    }
    const problem = ctx.proposalProblem?.(proposal.edits ?? [], proposal.base);
    if (problem) {
      const { reason, edit } = problem;
      refused.push({ label, reason, ...(edit === undefined ? {} : { edit }) });
      return;
    }
    const hypothesis = withId(proposal, hypothesisId(ctx.iteration, hypotheses.length), base);
    const state = proposedState(hypothesis, carried, artifacts);
    const earlier = history.repeatOf(hypothesis, state);
    if (earlier !== undefined) {
      refused.push({ label, reason: `repeats ${earlier}` });
      return;
    }
    history.remember(hypothesis, state);
    hypotheses.push(hypothesis);
  });
  return { hypotheses, refused: counted(refused), ...(answer.exhausted ? { exhausted: true } : {}) };
}

/** The id of the state that a hypothesis is to run with; `null` when there is none. */
export function proposedState(
  hypothesis: Hypothesis,
  carried: CarriedState | undefined,
  artifacts: ArtifactStates | null,
): string | null {
  const base = hypothesis.base ?? carried;
  return base === undefined || artifacts === null ? null : artifacts.idOfState(hypothesis, base);
}

/** Refusals one by one as long as they are few for a reason, and the rest of them as one that says how many. */
function counted(refused: readonly RefusedProposal[]): readonly RefusedProposal[] {
  const byReason = new Map<string, RefusedProposal[]>();
  for (const one of refused) {
    const same = byReason.get(one.reason);
    if (same) same.push(one);
    else byReason.set(one.reason, [one]);
  }
  return [...byReason.values()].flatMap((same) => {
    const left = same.length - TOLD_OF_A_REASON;
    const [first] = same;
    if (left <= 1 || !first) return same;
    return [...same.slice(0, TOLD_OF_A_REASON), { label: `and ${left} more`, reason: first.reason }];
  });
}

/** The state of a finished hypothesis that the proposer has seen; what is wrong when it names another. */
export function shownState(name: string, history: History): CarriedState | string {
  const parsed = parseHypothesisId(name);
  const id = parsed && hypothesisId(parsed.iteration, parsed.index);
  const state = history.entries.find((entry) => entry.id === id)?.state;
  return id === null || state === undefined
    ? `its base ${JSON.stringify(name)} is none of the hypotheses in the history that have a state`
    : { snapshot: state, hypothesisId: id };
}

function withId(proposal: Proposal, id: string, base: CarriedState | undefined): Hypothesis {
  const { label, spec, edits, rationale, metadata } = proposal;
  return {
    id,
    ...(label === undefined ? {} : { label }),
    spec,
    ...defined({ edits, rationale, metadata }),
    ...(base === undefined ? {} : { base, parents: [base.hypothesisId] }),
  };
}

const REPLY_FAILURES: Readonly<Partial<Record<RunnerProblem, string>>> = {
  failed: "runner-failed",
  "unusable-reply": "unusable-reply",
  budget: "budget-spent",
};

/** A reply that came but was of no use ends this iteration; a provider that cannot be reached ends the run. */
function replyFailure(thrown: unknown, ctx: StageContext): Failure | null {
  if (!(thrown instanceof RunnerError) || ctx.signal.aborted) return null;
  const code = REPLY_FAILURES[thrown.problem];
  return code === undefined ? null : { code, message: thrown.message };
}
