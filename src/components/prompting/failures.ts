import type { HistoryEntry, StageContext } from "../../kernel/context.ts";
import type { Failure } from "../../model/trial.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { clip, fence, promptLine, promptText } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "./budgets.ts";
import { MAX_LINE, reasonToTry } from "./entries.ts";
import { fencedText, printableJson, printableList } from "./printable.ts";

/** Iterations whose failures are told. */
const ROUNDS = 2;
const MAX_FAILURES = 12;
const MAX_LOG = 1500;

/** Hypotheses of the last iterations that have no score. */
export function failedLately({ history, iteration }: StageContext): readonly HistoryEntry[] {
  return history.entries
    .filter((entry) => entry.score === null && entry.iteration >= iteration - ROUNDS)
    .slice(-MAX_FAILURES);
}

/** `failures`: hypotheses of the last iterations without a score, and the proposals that the previous one refused, with causes. */
export function failuresVariable(ctx: StageContext): unknown {
  const failed = failedLately(ctx);
  let room = TOKEN_BUDGETS.failures * CHARACTERS_PER_TOKEN;
  // The latest are told of at length first.
  const runs = failed.toReversed().map((entry) => {
    const item = {
      id: entry.id,
      label: promptLine(entry.label ?? "", 120),
      reason: promptLine(entry.reason, MAX_LINE) || "it has no score",
      spec: printableJson(entry.spec),
    };
    const why = reasonToTry(entry.id, ctx);
    const feedback = taken(entry.feedback ?? "", room / 2);
    const log = taken(logEnd(ctx.workspace.readExperiment(entry.id)?.failure, item.reason), room / 2 - feedback.length);
    room -= feedback.length + log.length + MAX_LINE;
    return { ...item, edit: "", feedback: fencedText(feedback), log: fencedText(log), text: [why, feedback, log] };
  });
  const refused = ctx.history.refused.slice(0, MAX_FAILURES).map(({ label, reason, edit = "" }) => {
    const shown = taken(promptText(edit), room);
    room -= shown.length + MAX_LINE;
    return {
      id: "",
      label: promptLine(label, 120),
      reason: promptLine(`refused: ${reason}`, MAX_LINE),
      spec: printableJson({}),
      edit: fencedText(shown),
      feedback: "",
      log: "",
      text: [shown === "" ? "" : `its edit: ${shown}`],
    };
  });
  const items = [...runs.toReversed(), ...refused];
  const lines = items.map(({ id, label, reason, spec, text }) => {
    const parameters = clip(String(spec), 200);
    const shown = id === "" || parameters === "{}" ? "" : ` spec=${parameters}`;
    const named = [id === "" ? "proposal" : id, label === "" ? "" : JSON.stringify(label)].filter(
      (part) => part !== "",
    );
    return [`${named.join(" ")}: ${reason}${shown}`, ...text].filter((part) => part !== "").join("\n");
  });
  return printableList(
    items.map(({ text: _, ...item }) => item),
    items.length === 0 ? "None." : fence(lines.join("\n")),
  );
}

/** The text where there is room for it; what a log has no room for was printed before the rest. */
function taken(text: string, room: number): string {
  return text.length <= room ? text : "";
}

/** The end of what it printed on stderr, or else at all, without the last lines that the reason says already. */
export function logEnd(failure: Pick<Failure, "logTail"> | undefined, reason: string): string {
  const lines = promptText(failure?.logTail ?? "")
    .trimEnd()
    .split("\n");
  while (lines.length > 0 && reason.includes(promptLine(lines.at(-1) ?? "", MAX_LINE))) lines.pop();
  return lines.join("\n").slice(-MAX_LOG);
}
