// Scores the replies to all requests: half for using the skill where it is called for and nowhere else (balanced, so that
// always and never are both worth half of it), half for what the messages are like. Its feedback counts; it quotes no request.
import { readFileSync } from "node:fs";

const RUBRIC = {
  "the subject has at most 50 characters": ({ subject }) => subject !== "" && subject.length <= 50,
  "the subject ends without a full stop": ({ subject }) => subject !== "" && !subject.endsWith("."),
  "the subject is imperative": ({ subject }) => /^[A-Z][a-z]+ /.test(subject) && !/^\w+(ed|ing|s) /.test(subject),
  "a blank line and the reason follow": ({ rest }) => /^\n\S/.test(rest),
};

const cases = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => JSON.parse(line));
const { experiment } = JSON.parse(readFileSync(0, "utf8"));

// One trial for each row of the cases, in their order.
const replies = experiment.trials.map(({ outcome }, row) => ({ ...cases[row], ...read(outcome.output) }));
const called = replies.filter(({ trigger }) => trigger);
const others = replies.filter(({ trigger }) => !trigger);
const used = called.filter(({ uses }) => uses === true);
const abused = others.filter(({ uses }) => uses !== false);
const met = Object.entries(RUBRIC).map(([rule, holds]) => ({ rule, count: used.filter(holds).length }));

const triggering = (used.length / called.length + (others.length - abused.length) / others.length) / 2;
const quality = met.reduce((sum, { count }) => sum + count, 0) / (met.length * called.length);
const feedback = [
  `used for ${used.length} of ${called.length} requests that call for it and for ${abused.length} of ${others.length} that do not`,
  ...met
    .filter(({ count }) => count < used.length)
    .map(({ rule, count }) => `${rule}: ${count} of ${used.length} messages`),
].join("; ");
console.log(
  JSON.stringify({ score: (triggering + quality) / 2, reason: feedback, feedback, metrics: { triggering, quality } }),
);

/** A reply in its parts; one without a first line as asked for is wrong whatever was called for. */
function read(output) {
  const [, answer, message] = /^SKILL: (yes|no)\n?([\s\S]*)$/.exec(String(output ?? "").trim()) ?? [];
  if (answer === undefined) return { uses: null, subject: "", rest: "" };
  const [subject = "", ...rest] = message.trim().split("\n");
  return { uses: answer === "yes", subject, rest: rest.join("\n") };
}
