import type { StageContext } from "../../kernel/context.ts";
import { priorName } from "../../model/prior.ts";
import type { MetricSettings } from "../../model/settings.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { fence, promptLine } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "./budgets.ts";
import { printableList, printableRecord } from "./printable.ts";

/** `metric`: name, direction, min_delta, baseline, target. */
export function metricVariable(metric: MetricSettings): unknown {
  const { name, direction, baseline, target } = metric;
  const limits = [
    baseline === undefined ? "" : `; baseline ${baseline}`,
    target === undefined ? "" : `; target ${target}`,
  ].join("");
  const fields = { name, direction, min_delta: minDeltaText(metric), baseline: baseline ?? "", target: target ?? "" };
  return printableRecord(fields, `${name} (${direction}${limits})`);
}

/** How much better counts as better, as a spec has it: `0.001`, or a share of the best such as `3%`. */
export function minDeltaText({ minDelta: { kind, value } }: Pick<MetricSettings, "minDelta">): string {
  return kind === "absolute" ? String(value) : `${Number((value * 100).toPrecision(12))}%`;
}

/**
 * `budget`: how much of the run is left, and its limits as they were set. Not what has been spent: a prompt is the same
 * whether or not the run was interrupted before it.
 */
export function budgetVariable(ctx: StageContext): unknown {
  const { stop, timeBudgetMs } = ctx.settings;
  const fields = {
    iteration: ctx.iteration,
    iterations: stop.iterations ?? "",
    iterations_left: stop.iterations === undefined ? "" : Math.max(0, stop.iterations - ctx.iteration + 1),
    hypotheses: stop.hypotheses ?? "",
    hypotheses_left: stop.hypotheses === undefined ? "" : Math.max(0, stop.hypotheses - ctx.history.tried),
    tokens: stop.tokens ?? "",
    cost_usd: stop.costUsd ?? "",
    wall_clock: stop.wallClockMs === undefined ? "" : seconds(stop.wallClockMs),
    time_budget: timeBudgetMs === undefined ? "" : seconds(timeBudgetMs),
  };
  const lines = [
    `iteration ${ctx.iteration}${stop.iterations === undefined ? "" : ` of ${stop.iterations}`}`,
    stop.hypotheses === undefined ? "" : `${fields.hypotheses_left} of ${stop.hypotheses} hypotheses left`,
    stop.patience === undefined ? "" : `ends after ${stop.patience} iterations without improvement`,
    stop.wallClockMs === undefined ? "" : `at most ${fields.wall_clock} in all`,
    stop.tokens === undefined ? "" : `at most ${stop.tokens} tokens in all`,
    stop.costUsd === undefined ? "" : `at most $${stop.costUsd} in all`,
    timeBudgetMs === undefined ? "" : `at most ${fields.time_budget} per trial`,
  ];
  return printableRecord(fields, lines.filter((line) => line !== "").join("; "));
}

/**
 * `insights`: findings of earlier runs, the latest run's last, then of earlier iterations, oldest first; the latest ones
 * where the budget does not hold them all. Ids of an earlier run begin with its name.
 */
export function insightsVariable({ history, prior = [] }: StageContext): unknown {
  let room = TOKEN_BUDGETS.insights * CHARACTERS_PER_TOKEN;
  const kept: { readonly item: object; readonly line: string }[] = [];
  const own = history.insights.toReversed().map((insight) => ({ ...insight, run: null }));
  const earlier = prior.flatMap((run) => run.insights.toReversed().map((insight) => ({ ...insight, run })));
  for (const { run, id, iteration, ...insight } of [...own, ...earlier]) {
    const finding = promptLine(insight.finding, 2000);
    const recommendation = promptLine(insight.recommendation ?? "", 1000);
    const full = (of: string): string => (run === null ? of : priorName(run, of));
    const evidence = insight.evidence.map(full);
    const ids = evidence.length > 0 ? ` [${evidence.join(", ")}]` : "";
    const line = `- ${run === null ? "" : "(earlier run) "}${full(id)}: ${finding}${recommendation === "" ? "" : ` -> ${recommendation}`}${ids}`;
    room -= line.length + 1;
    if (room < 0) break;
    const evidenceList = printableList(evidence, evidence.join(", "));
    kept.unshift({
      item: {
        id: full(id),
        iteration: run === null ? iteration : 0,
        finding,
        recommendation,
        evidence: evidenceList,
      },
      line,
    });
  }
  const text = fence(kept.map(({ line }) => line).join("\n"));
  return printableList(
    kept.map(({ item, line }) => printableRecord(item, line)),
    text === "" ? "None yet." : text,
  );
}

/** `notes`: what the user said during the run, oldest first; the latest where there is too much. */
export function notesVariable(ctx: StageContext): unknown {
  let room = TOKEN_BUDGETS.notes * CHARACTERS_PER_TOKEN;
  const kept: string[] = [];
  for (const note of [...(ctx.notes ?? [])].reverse()) {
    const line = promptLine(note, 4000);
    room -= line.length;
    if (room < 0) break;
    kept.unshift(line);
  }
  return printableList(kept, kept.map((note) => `- ${note}`).join("\n"));
}

/** A limit of time in the largest unit in which it is whole. */
export function seconds(ms: number): string {
  const whole = Math.round(ms / 1000);
  if (whole % 3600 === 0 && whole > 0) return `${whole / 3600}h`;
  if (whole % 60 === 0 && whole > 0) return `${whole / 60}m`;
  return ms < 1000 ? `${ms}ms` : `${whole}s`;
}
