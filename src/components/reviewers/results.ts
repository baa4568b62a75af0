import type { StageContext, StageResults } from "../../kernel/context.ts";
import { clip, clipLines, fence, promptLine } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "../prompting/history.ts";
import { fencedText, printableJson, printableList, printableRecord } from "../prompting/printable.ts";
import { CHARACTERS_PER_TOKEN } from "../prompting/text.ts";

const MAX_LINE = 1000;
const MAX_DIFF = 6000;

/** `results`: what came of each hypothesis of this iteration: id, label, spec, rationale, score, passed, reason, summary, diff. */
export function resultsVariable(batch: readonly StageResults[], ctx: StageContext): unknown {
  let room = TOKEN_BUDGETS.artifacts * CHARACTERS_PER_TOKEN;
  const shown = batch.map((result) => {
    const { hypothesis, experiment, evaluation } = result;
    const diff = clipLines(diffOf(result, ctx), Math.min(MAX_DIFF, Math.max(0, room)));
    room -= diff.length;
    const fields = {
      id: hypothesis.id,
      label: promptLine(hypothesis.label ?? "", 120),
      spec: printableJson(hypothesis.spec),
      rationale: promptLine(hypothesis.rationale ?? "", MAX_LINE),
      score: evaluation.score,
      passed: evaluation.passed,
      reason: promptLine(evaluation.reason, MAX_LINE),
      summary: printableJson(experiment.summary ?? {}),
      diff: fencedText(diff, "diff"),
    };
    return printableRecord(fields, resultText(fields));
  });
  return printableList(shown, shown.length === 0 ? "None." : fence(shown.map(String).join("\n\n")));
}

interface ShownResult {
  readonly id: string;
  readonly label: string;
  readonly spec: unknown;
  readonly rationale: string;
  readonly score: number | null;
  readonly passed: boolean;
  readonly reason: string;
  readonly summary: unknown;
  readonly diff: unknown;
}

function resultText(result: ShownResult): string {
  const label = result.label === "" ? "" : ` ${JSON.stringify(result.label)}`;
  const score = result.score === null ? "no score" : `score ${result.score}${result.passed ? ", passed" : ""}`;
  const lines = [
    `${result.id}${label}: ${score}${result.reason === "" ? "" : ` (${result.reason})`}`,
    `  spec: ${clip(String(result.spec), MAX_LINE)}`,
    String(result.summary) === "{}" ? "" : `  metrics: ${clip(String(result.summary), MAX_LINE)}`,
    result.rationale === "" ? "" : `  why: ${result.rationale}`,
    String(result.diff),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function diffOf({ hypothesis, experiment }: StageResults, ctx: StageContext): string {
  if (!ctx.artifacts || !hypothesis.edits || experiment.state === undefined) return "";
  return ctx.artifacts.diff(ctx.artifacts.base, experiment.state);
}
