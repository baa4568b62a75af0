import type { Details } from "../model/views.ts";
import { outline } from "../reporters/inspect-text.ts";
import { formatDuration } from "../text/numbers.ts";
import { terminalLine } from "../text/printable.ts";
import { shellWord } from "../text/shell.ts";
import { inspectShow } from "../workspace/views/details.ts";
import type { Observer } from "../workspace/views/queries.ts";

type Hypothesis = Extract<Details, { kind: "hypothesis" }>;

/** What `best` and `show` say of a hypothesis below its parameters: how it was run, its metrics, what its edits change. */
export async function howItRan(root: string, id: string, observer: Observer, withMetrics: boolean): Promise<string> {
  const details = inspectShow(root, id, observer);
  if (details.kind !== "hypothesis") return "";
  const { summary = null } = details.experiment ?? {};
  const metrics = withMetrics ? { ...summary, ...details.evaluation?.metrics } : {};
  const sections = [
    ["metrics", outline(metrics, "  ")],
    ["ran", runLines(root, details, observer)],
    ["changes", await diffLines(root, details)],
  ] as const;
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `\n${name}\n${lines.join("\n")}\n`)
    .join("");
}

function runLines(root: string, { trials }: Hypothesis, observer: Observer): readonly string[] {
  return trials.flatMap((id) => {
    const details = inspectShow(root, id, observer);
    if (details.kind !== "trial") return [];
    const { seed, kind, attempts } = details.trial;
    const { command = [], durationMs } = attempts.at(-1) ?? {};
    const how = [
      kind === "check" ? "check" : `seed ${seed}`,
      ...(durationMs === undefined ? [] : [formatDuration(durationMs)]),
    ];
    return command.length === 0 ? [] : [`  ${how.join(", ")}: ${terminalLine(command.map(shellWord).join(" "))}`];
  });
}

async function diffLines(root: string, { hypothesis, experiment }: Hypothesis): Promise<readonly string[]> {
  const [from, to] = [hypothesis?.base?.snapshot, experiment?.state];
  if (from === undefined || to === undefined || from === to) return [];
  const { systemEffects } = await import("../platform/system.ts");
  const { openStates } = await import("./states.ts");
  const { diffSnapshots } = await import("../workspace/states/index.ts");
  const { store } = await openStates(root, systemEffects());
  const lines = diffSnapshots(store, from, to).trimEnd().split("\n");
  return lines.map((line) => `  ${terminalLine(line)}`);
}
