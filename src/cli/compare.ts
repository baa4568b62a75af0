import { resolve } from "node:path";
import { builtins } from "../components/builtins.ts";
import { UsageError } from "../kernel/errors.ts";
import type { Registry } from "../kernel/registry.ts";
import type { RunManifest } from "../model/run.ts";
import { isBetter } from "../model/score.ts";
import type { Comparison } from "../model/views.ts";
import { localObserver } from "../platform/observer.ts";
import { textTable } from "../reporters/inspect-text.ts";
import { specChanges } from "../spec/drift.ts";
import {
  formatCount,
  formatDuration,
  formatSpent,
  parametersOf,
  parametersText,
  scoreFormat,
} from "../text/numbers.ts";
import { Records } from "../workspace/records.ts";
import { inspectSummary, manifestOf, type Observer } from "../workspace/views/queries.ts";
import { bestSoFar } from "../workspace/views/standing.ts";
import { type Answer, guarded } from "./output.ts";

type Run = Comparison["runs"][number];

/** `aura compare <workspace>...`: runs beside each other, and which is best at equally many hypotheses. */
export async function compare(places: readonly string[], flags: { readonly json?: boolean }): Promise<number> {
  return guarded(flags, async (): Promise<Answer<Comparison>> => {
    const observer = localObserver();
    const seen = places.map((place) => look(place, observer));
    const [first, ...others] = seen;
    if (!first) throw new UsageError("compare takes the folders of runs");
    const other = others.find(({ metric }) => metricText(metric) !== metricText(first.metric));
    if (other) {
      const [one, two] = [first, other].map(({ run, metric }) => `${run.workspace} ${metricText(metric)}`);
      throw new UsageError(`scores of different metrics cannot be compared: ${one}, ${two}`);
    }
    const registry = await builtins();
    const runs = seen.map(({ run, manifest }) => ({
      ...run,
      otherwise: otherScoring(first.manifest, manifest, registry),
    }));
    const comparison = { metric: first.metric, runs, equal: equalOf(runs, first.metric.direction) };
    return { document: () => comparison, text: () => comparisonText(comparison, process.stdout.columns) };
  });
}

interface Seen {
  readonly run: Omit<Run, "otherwise">;
  readonly metric: Comparison["metric"];
  readonly manifest: RunManifest;
}

function look(place: string, observer: Observer): Seen {
  const root = resolve(place);
  const { name, status, seed, best, totals, metric } = inspectSummary(root, observer);
  const manifest = manifestOf(root, observer.files);
  const moments = bestSoFar(new Records({ root, files: observer.files }), manifest);
  const found = moments.findIndex(({ id }) => id === best?.id);
  return {
    run: {
      workspace: place,
      name,
      status,
      seed,
      best,
      bestAt: found === -1 ? null : found,
      bestSoFar: moments.map((moment) => moment.best?.score ?? null),
      totals,
    },
    metric,
    manifest,
  };
}

/** Where a spec says another than the first run's that scores depend on; the seed may be another. */
function otherScoring(first: RunManifest, other: RunManifest, registry: Registry): readonly string[] {
  const changes = specChanges(first, other.spec, [], registry).filter(({ path, scores }) => scores && path !== "seed");
  const inputs = other.inputs.filter(({ path, sha256 }) =>
    first.inputs.some((input) => input.path === path && input.sha256 !== sha256),
  );
  return [...changes, ...inputs].map(({ path }) => path);
}

function equalOf(runs: readonly Run[], direction: Comparison["metric"]["direction"]): Comparison["equal"] {
  const hypotheses = Math.min(...runs.map((run) => run.bestSoFar.length - 1));
  const rules = { direction, minDelta: { kind: "absolute", value: 0 } } as const;
  const best = runs.reduce<{ readonly workspace: string | null; readonly score: number | null }>(
    (leader, { workspace, bestSoFar }) => {
      const score = bestSoFar[hypotheses] ?? null;
      return isBetter(score, leader.score, rules) ? { workspace, score } : leader;
    },
    { workspace: null, score: null },
  );
  return { hypotheses, best: best.workspace, score: best.score };
}

function metricText({ name, direction }: Comparison["metric"]): string {
  return `${direction}s ${name ?? "score"}`;
}

function comparisonText({ metric, runs, equal }: Comparison, width = 120): string {
  const format = scoreFormat(runs.flatMap(({ bestSoFar, best }) => [...bestSoFar, best?.score]));
  const right = (head: string) => ({ head, align: "right" }) as const;
  const facts = runs.map((run) => {
    const { workspace, best, bestAt, bestSoFar, totals } = run;
    return [
      workspace,
      format(best?.score ?? null),
      bestAt === null ? "-" : String(bestAt),
      String(bestSoFar.length - 1),
      formatCount(totals.inputTokens + totals.outputTokens),
      formatSpent(totals.costUsd, totals.unpriced),
      formatDuration(totals.activeMs),
      best ? parametersText(parametersOf(best.spec)) : "",
    ];
  });
  const heads = [metric.name ?? "score", "at", "hypotheses", "tokens", "cost", "time"].map(right);
  const most = Math.max(...runs.map(({ bestSoFar }) => bestSoFar.length - 1));
  const curve = checkpoints(most, equal.hypotheses).map((n) => [
    String(n),
    ...runs.map(({ bestSoFar }) => (n < bestSoFar.length ? format(bestSoFar[n] ?? null) : "")),
    "",
  ]);
  const leader = equal.best === null ? "nothing has a score" : `${equal.best} is best with ${format(equal.score)}`;
  const others = runs.filter(({ otherwise }) => otherwise.length > 0);
  const none = runs.find(({ bestSoFar }) => bestSoFar.length === 1);
  const among = runs.length === 1 ? null : `at ${equal.hypotheses} hypotheses, which each of them has: ${leader}`;
  const verdict = none ? `${none.workspace} has scored no hypothesis of its own yet` : among;
  return [
    ...others.map(({ workspace, otherwise }) => {
      return `${workspace} is scored otherwise than ${runs[0]?.workspace}: ${otherwise.join(", ")} is another`;
    }),
    ...(others.length > 0 ? [""] : []),
    ...textTable([{ head: "run" }, ...heads, { head: "parameters of the best" }], facts, width),
    "",
    "best so far",
    ...textTable([right("hypotheses"), ...runs.map(({ workspace }) => right(workspace)), { head: "" }], curve, width),
    ...(verdict === null ? [] : ["", verdict]),
    "",
  ].join("\n");
}

/** 1, 2, 5, 10, 20, … up to where the longest run ends, and where the shortest does. */
function checkpoints(most: number, shortest: number): readonly number[] {
  const round = [1, 10, 100, 1000, 10_000, 100_000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);
  return [...new Set([...round.filter((n) => n < most), shortest, most])].filter((n) => n > 0).sort((a, b) => a - b);
}
