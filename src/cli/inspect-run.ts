import type { JsonObject } from "../model/json.ts";
import type { Details, HowItRan } from "../model/views.ts";
import { outline } from "../reporters/inspect-text.ts";
import { formatDuration } from "../text/numbers.ts";
import { terminalLine } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import { inspectShow } from "../workspace/views/details.ts";
import { inspectBest, type Observer } from "../workspace/views/queries.ts";
import type { OutputOf } from "./outputs/index.ts";

type Hypothesis = Extract<Details, { kind: "hypothesis" }>;

/** The best hypothesis, how it was run, its metrics, and what its edits change. */
export async function bestInFull(root: string, observer: Observer): Promise<OutputOf<"inspect-best-output">> {
  const best = inspectBest(root, observer);
  const details = best && inspectShow(root, best.id, observer);
  if (best === null || details?.kind !== "hypothesis") return { best: null };
  return { best: { ...best, ...(await howItRan(root, details, observer)) } };
}

/** All there is under an id; of a hypothesis also how it was run, its metrics, and what its edits change. */
export async function inFull(root: string, id: string, observer: Observer): Promise<OutputOf<"inspect-show-output">> {
  const details = inspectShow(root, id, observer);
  return details.kind === "hypothesis" ? { ...details, ...(await howItRan(root, details, observer)) } : details;
}

/** What stands below the parameters of a hypothesis, or of the best where there is no id, for people. */
export async function howItRanText(root: string, id: string | undefined, observer: Observer): Promise<string> {
  const about = id ?? inspectBest(root, observer)?.id;
  const details = about === undefined ? null : inspectShow(root, about, observer);
  if (details?.kind !== "hypothesis") return "";
  const { metrics, runs, diff } = await howItRan(root, details, observer);
  const sections = [
    // `show` has the summary and the metrics among the records.
    ["metrics", id === undefined ? outline(metrics, "  ") : []],
    ["ran", runs.filter(({ command }) => command.length > 0).map(runLine)],
    [
      "changes",
      diff === ""
        ? []
        : diff
            .trimEnd()
            .split("\n")
            .map((line) => `  ${terminalLine(line)}`),
    ],
  ] as const;
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `\n${name}\n${lines.join("\n")}\n`)
    .join("");
}

async function howItRan(root: string, details: Hypothesis, observer: Observer): Promise<HowItRan> {
  return { metrics: metricsOf(details), runs: runsOf(root, details, observer), diff: await diffOf(root, details) };
}

function metricsOf({ experiment, evaluation }: Hypothesis): JsonObject {
  return { ...experiment?.summary, ...evaluation?.metrics };
}

function runsOf(root: string, { trials }: Hypothesis, observer: Observer): HowItRan["runs"] {
  return trials.flatMap((id) => {
    const details = inspectShow(root, id, observer);
    if (details.kind !== "trial") return [];
    const { seed, kind, attempts } = details.trial;
    const { status = null, durationMs = null, command = [] } = attempts.at(-1) ?? {};
    return [{ id, kind, seed, status, durationMs, command }];
  });
}

function runLine({ kind, seed, durationMs, command }: HowItRan["runs"][number]): string {
  const how = [
    kind === "check" ? "check" : `seed ${seed}`,
    ...(durationMs === null ? [] : [formatDuration(durationMs)]),
  ];
  return `  ${how.join(", ")}: ${terminalLine(command.map(shellWord).join(" "))}`;
}

async function diffOf(root: string, { hypothesis, experiment }: Hypothesis): Promise<string> {
  const [from, to] = [hypothesis?.base?.snapshot, experiment?.state];
  if (from === undefined || to === undefined || from === to) return "";
  const { systemEffects } = await import("../platform/system.ts");
  const { openStates } = await import("./states.ts");
  const { diffSnapshots } = await import("../workspace/states/index.ts");
  const { store } = await openStates(root, systemEffects());
  return diffSnapshots(store, from, to);
}
