import type { StageContext } from "../../kernel/context.ts";
import type { Proposal } from "../../kernel/ports.ts";
import { distinct, type RefusedProposal, WHOLE_REPLY } from "../../model/iteration.ts";
import { canonicalJson } from "../../model/json.ts";
import { clipLines, fence } from "../../text/printable.ts";
import type { Reading } from "../prompting/ask.ts";
import type { ParsedProposals } from "./proposals.ts";

/** A proposal that could not be used as it is, and why. */
interface Failing extends RefusedProposal {
  readonly proposal: Proposal;
  readonly nearest?: string;
}

/** Characters of the proposals that are shown again, all together. */
const SHOWN = 40_000;

/**
 * The proposals of one question, over its replies: those whose edits can be made are kept, and the others are asked for
 * again, they alone.
 */
export class Gathering {
  readonly #ctx: Pick<StageContext, "proposalProblem"> & { readonly count: number };
  readonly #kept: Proposal[] = [];
  readonly #refused: RefusedProposal[] = [];
  #failing: readonly Failing[] = [];

  constructor(ctx: Pick<StageContext, "proposalProblem"> & { readonly count: number }) {
    this.#ctx = ctx;
  }

  /** Takes in what a further reply proposes; not ok while something of it is to be asked for again. */
  take(parsed: ParsedProposals): Reading<true> {
    this.#refused.push(...parsed.refused);
    if (!parsed.ok) {
      if (parsed.refused.length === 0) this.#refused.push({ label: WHOLE_REPLY, reason: parsed.reason });
      return { ok: false, reason: parsed.reason };
    }
    const failing: Failing[] = [];
    const known = new Set(this.#kept.map(keyOf));
    for (const [place, proposal] of parsed.proposals.entries()) {
      const { label = `#${place + 1}`, edits = [], base } = proposal;
      if (known.has(keyOf(proposal))) continue;
      const problem = this.#isFull() ? null : this.#ctx.proposalProblem?.(edits, base);
      if (problem) failing.push({ label, proposal, ...problem });
      else this.#kept.push(proposal);
    }
    // What was asked for again and did not come was given up; what came without a name may be any of it.
    const unnamed = parsed.proposals.filter(({ label }) => label === undefined).length;
    const missing = this.#failing.filter(({ label }) => !parsed.proposals.some((one) => one.label === label));
    this.#refused.push(...refusals(missing.slice(unnamed)));
    this.#failing = failing;
    if (failing.length === 0 || this.#isFull()) return { ok: true, value: true };
    const reason = failing.map((one) => `${one.label}: ${one.reason}`).join("; ");
    return { ok: false, reason, again: this.#again() };
  }

  /** What has come of it in the end. */
  result(): { readonly proposals: readonly Proposal[]; readonly refused: readonly RefusedProposal[] } {
    return { proposals: this.#kept, refused: distinct([...this.#refused, ...refusals(this.#failing)]) };
  }

  #isFull(): boolean {
    return this.#kept.length >= this.#ctx.count;
  }

  #again(): string {
    const size = Math.max(500, Math.floor(SHOWN / this.#failing.length));
    const items = this.#failing.flatMap(({ label, reason, nearest = "", proposal: { spec, edits, base } }) => [
      `${JSON.stringify(label)}: ${reason}`,
      fence(clipLines(JSON.stringify({ id: label, base, spec, edits }), size), "json"),
      ...(nearest === ""
        ? []
        : [`What comes nearest to it in the file, with the numbers of the lines:\n\n${fence(nearest)}`]),
    ]);
    const taken = this.#kept.length === 0 ? "" : "Some proposals of your replies were taken; do not send these again. ";
    return [
      `${taken}Of your previous reply, this could not be used:`,
      ...items,
      "Reply with a JSON list of these proposals alone, each with its id and all of its edits, mended so that every edit applies exactly once, and nothing else.",
    ].join("\n\n");
  }
}

function keyOf({ spec, edits = [], base }: Proposal): string {
  return canonicalJson({ spec, edits, base: base ?? null });
}

function refusals(failing: readonly Failing[]): readonly RefusedProposal[] {
  return failing.map(({ label, reason, edit }) => ({ label, reason, ...(edit === undefined ? {} : { edit }) }));
}
