// Scores the replies to all tickets: the share that is the right word and nothing else, less a hundredth for each 100
// characters of instruction. Its feedback counts what was taken for what; it quotes no ticket.
import { readFileSync } from "node:fs";

const KINDS = ["billing", "bug", "question", "other"];

const cases = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => JSON.parse(line));
const { hypothesis, experiment } = JSON.parse(readFileSync(0, "utf8"));

// One trial for each row of the cases, in their order.
const replies = experiment.trials.map(({ outcome }, row) => {
  const said = String(outcome.output ?? "").trim();
  return { kind: cases[row].kind, said: KINDS.includes(said) ? said : "no kind" };
});
const accuracy = replies.filter(({ kind, said }) => kind === said).length / cases.length;
const characters = hypothesis.spec.instruction.length;
const mistakes = new Map();
for (const { kind, said } of replies) {
  if (kind === said) continue;
  const what = `${kind} answered as ${said}`;
  mistakes.set(what, (mistakes.get(what) ?? 0) + 1);
}
const feedback = [
  `${Math.round(accuracy * cases.length)} of ${cases.length} are right, with ${characters} characters`,
  ...[...mistakes].map(([what, count]) => `${what}: ${count}`),
].join("; ");
console.log(
  JSON.stringify({
    score: accuracy - characters / 10_000,
    reason: feedback,
    feedback,
    metrics: { accuracy, characters },
  }),
);
