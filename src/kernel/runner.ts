import type { FailedTry, Role, Usage } from "../model/call.ts";
import type { Hypothesis } from "../model/hypothesis.ts";
import type { HypothesisId } from "../model/ids.ts";
import type { JsonValue } from "../model/json.ts";
import type { TrialStep } from "../model/trial.ts";
import type { ProcessIdentity } from "./effects.ts";
import type { ProbeContext, RunContext } from "./run-context.ts";

/** Code of the warning that a provider is waited for: it holds until the call has ended. */
export const WAITING = "runner-waiting";

/** `setup` runs once before the loop, `teardown` always after it, in reverse order. */
export interface Lifecycle {
  /** Variables that its processes get though they may be secrets: the values of those that are stand in no record. */
  readonly passEnv?: readonly string[];
  setup?(ctx: RunContext): Promise<void>;
  teardown?(ctx: RunContext): Promise<void>;
}

/** What a judge is asked about, as data, for runners that are functions; absent from other questions. */
export interface Judged {
  /** What was tried. */
  readonly task?: Hypothesis;
  /** What its trials left: of one trial that, of several a list. */
  readonly output?: JsonValue;
  /** What its trials reported on their way. */
  readonly trajectory?: readonly TrialStep[];
}

/** A prompt, and where in the run it is asked. */
export interface RunnerRequest extends Judged {
  readonly prompt: string;
  readonly role: Role;
  readonly iteration: number;
  readonly hypothesisId?: HypothesisId;
  readonly part?: string;
  readonly ask: number;
  /** Where a `command` runner works, absolute. */
  readonly cwd: string;
  /** `cwd` is a copy of the project that the runner may change: what it changes there is its proposal. */
  readonly editsCopy?: boolean;
}

/** What a runner works with while it answers. */
export interface RunnerContext {
  readonly signal: AbortSignal;
  /** The run is coming to its end: a call under way may finish, a busy provider is not waited for. */
  readonly stopping?: AbortSignal;
  /** A note for the user that does not end the call, such as a back-off. */
  readonly warn: (code: string, message: string) => void;
  /** Value of `AURA_TRIAL` for the processes of this call, by which leftovers are known; absent outside a run. */
  readonly marker?: string;
  /** Records the call's process, so that a later resume can end it if this process dies. */
  readonly started?: (process: ProcessIdentity) => void;
  /** Records a request that came to nothing, be it sent again or not. */
  readonly tried?: (attempt: FailedTry) => void;
}

/** What a runner answers. */
export interface RunnerReply {
  readonly content: string;
  /** The reply as data, where the runner has it as such. */
  readonly structured?: JsonValue;
  /** Why nothing can be made of what was answered; `content` is then all of it, as it came. It is asked for again. */
  readonly unusable?: string;
  readonly usage?: Usage;
  readonly model?: string;
}

/** Answers prompts: a model, an agent command, a function. */
export interface Runner extends Lifecycle {
  /** Name for records: the spec's name for it, or its type. */
  readonly name: string;
  readonly model?: string;
  /** Tokens that a call with a prompt of so many tokens uses at most; `null` when that is not known. */
  mostTokens?(promptTokens: number): number | null;
  /** Dollars that a call with a prompt of so many tokens costs at most; `null` when no price is known. */
  mostCost?(promptTokens: number): number | null;
  /** Looks for what it needs, before anything is written or spent. Throws `ToolMissingError`. */
  probe?(ctx: ProbeContext): Promise<void>;
  run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply>;
}

/** Any function that turns a prompt into text. */
export type LlmCall = (
  prompt: string,
  options: { readonly signal: AbortSignal },
) => Promise<string | { readonly content: string; readonly usage?: Usage; readonly model?: string }>;
