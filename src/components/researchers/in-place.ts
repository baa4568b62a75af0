import type { EditCopies, StageContext } from "../../kernel/context.ts";
import { SpecError } from "../../kernel/errors.ts";
import type { Proposal, Proposals, Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../kernel/ports.ts";
import { Semaphore } from "../../kernel/semaphore.ts";
import type { RefusedProposal } from "../../model/iteration.ts";
import { isJsonObject, type JsonValue } from "../../model/json.ts";
import { listed, promptLine } from "../../text/printable.ts";
import { isOfOneCall } from "../prompting/ask.ts";
import { LLMRunner } from "../runners/llm.ts";
import { ModelRunner } from "../runners/model.ts";
import { RecordingRunner } from "../runners/recording.ts";
import { ReplayRunner } from "../runners/replay.ts";
import { describeEdits, type ProposalRules, readEdits } from "./proposals.ts";

/** Why nothing can be edited in place. */
export const NOTHING_TO_EDIT = "edits in place need tracked files (artifacts), and none are tracked";
const NAMED = 5;

/**
 * Passes a question on to a runner that works in a copy of the project of its own. What it changed under the artifacts
 * is part of the reply, as `inPlace` of its data, and so of the call's record: a runner whose answer is recorded is not
 * run again to find out what it did.
 */
class InPlaceRunner implements Runner {
  readonly name: string;
  readonly model?: string;
  readonly #inner: Runner;
  readonly #copies: EditCopies;

  constructor(inner: Runner, copies: EditCopies) {
    this.name = inner.name;
    if (inner.model !== undefined) this.model = inner.model;
    this.#inner = inner;
    this.#copies = copies;
  }

  async run(request: RunnerRequest, ctx: RunnerContext): Promise<RunnerReply> {
    const copy = await this.#copies.make(request.part ?? "h0");
    try {
      const reply = await this.#inner.run({ ...request, cwd: copy.dir, editsCopy: true }, ctx);
      const changes = copy.changes();
      const inPlace: JsonValue = changes.ok
        ? { edits: changes.edits, outside: changes.outside }
        : { problem: changes.failure.message };
      if (changes.ok && changes.outside.length > 0) {
        const message = `${this.name} changed files that are no artifacts, which counts for nothing: ${named(changes.outside)}`;
        ctx.warn("edits-outside-artifacts", message);
      }
      const data = reply.structured === undefined ? {} : { reply: reply.structured };
      return { ...reply, structured: { inPlace, ...data } };
    } finally {
      copy.remove();
    }
  }
}

/** A recording holds what was changed in place, and is replayed without a copy. */
function inPlace(runner: Runner, copies: EditCopies): Runner {
  if (runner instanceof RecordingRunner) return runner.around((inner) => inPlace(inner, copies));
  return runner instanceof ReplayRunner ? runner : new InPlaceRunner(runner, copies);
}

/** Throws `SpecError` for a runner that has no hands: one that only answers cannot edit files. */
export function requireHands(runner: Runner): void {
  const answersOnly = (one: Runner): boolean =>
    one instanceof RecordingRunner ? answersOnly(one.inner) : one instanceof LLMRunner || one instanceof ModelRunner;
  if (answersOnly(runner)) {
    throw new SpecError(
      `edits in place need a runner that works in a folder, such as an agent CLI (a command runner); ${runner.name} only answers`,
    );
  }
}

interface InPlaceQuestion {
  readonly runner: Runner;
  readonly count: number;
  /** The prompt of the proposal at this place, from 0. */
  readonly prompt: (place: number) => string;
  readonly rules: ProposalRules;
}

/**
 * Asks a runner once for each proposal, up to `parallel` at a time, each in its own copy of the project: what it
 * changed there is the proposal's edits, and its reply says what else there is to say. One that failed or changed
 * nothing is refused with the reason. In the order of their places, whichever came first.
 */
export async function proposeInPlace(ctx: StageContext, question: InPlaceQuestion): Promise<Proposals> {
  const { copies } = ctx;
  if (!copies) throw new SpecError(NOTHING_TO_EDIT);
  const limit = new Semaphore(ctx.settings.parallel);
  let isOver = false;
  const propose = async (place: number): Promise<Proposal | RefusedProposal | null> => {
    if (isOver) return null;
    try {
      return await proposeOne(ctx, inPlace(question.runner, copies), place, question);
    } catch (thrown) {
      isOver = true;
      throw thrown;
    }
  };
  const places = Array.from({ length: question.count }, (_, place) => limit.run(() => propose(place), ctx.signal));
  const ends = await Promise.allSettled(places);
  const answers = ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
  return {
    proposals: answers.filter((answer) => answer !== null && "spec" in answer),
    refused: answers.filter((answer) => answer !== null && "reason" in answer),
  };
}

async function proposeOne(
  { calls, signal }: StageContext,
  runner: Runner,
  place: number,
  { prompt, rules }: InPlaceQuestion,
): Promise<Proposal | RefusedProposal> {
  const label = `#${place + 1}`;
  let reply: RunnerReply;
  try {
    reply = await calls.ask({
      runner,
      role: "researcher",
      part: `h${place}`,
      prompt: prompt(place),
      ask: 1,
      ...(place === 0 ? {} : { additional: true }),
    });
  } catch (thrown) {
    if (signal.aborted || !isOfOneCall(thrown)) throw thrown;
    return { label, reason: promptLine(thrown.message, 1000) };
  }
  if (reply.unusable !== undefined) return { label, reason: promptLine(reply.unusable, 1000) };
  const answer = isJsonObject(reply.structured) ? reply.structured : {};
  const made = isJsonObject(answer.inPlace) ? answer.inPlace : { problem: "the recorded reply tells of no edits" };
  if (typeof made.problem === "string") return { label, reason: promptLine(made.problem, 1000) };
  const edits = readEdits(made.edits, "any");
  if (!edits.ok) return { label, reason: edits.reason };
  if (edits.edits.length === 0) return { label, reason: nothingChanged(runner, made.outside) };
  return describeEdits(edits.edits, answer.reply ?? reply.content, label, rules);
}

function nothingChanged({ name }: Runner, outside: JsonValue | undefined): string {
  const paths = Array.isArray(outside) ? outside.filter((path) => typeof path === "string") : [];
  const but = paths.length === 0 ? "" : `, only files that are none: ${named(paths)}`;
  return `${name} changed nothing under the artifacts${but}`;
}

function named(paths: readonly string[]): string {
  return listed(
    paths.map((path) => promptLine(path, 200)),
    NAMED,
  );
}
