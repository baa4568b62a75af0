// Scores a set of questions by the answers of the solvers. Discrimination: over all questions and pairs, how much more often
// the better of a pair is right than the other. Calibration: 1 less the mean distance between the share of solvers that was
// expected to be right and the share that was. The score is the mean of the two.
import { readFileSync } from "node:fs";

const solvers = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => JSON.parse(line));
const { experiment, artifacts } = JSON.parse(readFileSync(0, "utf8"));
const key = JSON.parse(artifacts.find(({ path }) => path.endsWith("2-key.json")).content);

// One trial for each solver, in their order.
const answers = experiment.trials.map(({ outcome }) => answersIn(String(outcome.output ?? "")));
const results = key.map(({ answer, share }, question) => {
  const right = solvers.map((solver, row) => ({ ...solver, right: answers[row]?.[question] === answer ? 1 : 0 }));
  const of = (better) => mean(right.filter((one) => one.better === better).map((one) => one.right));
  return { discrimination: of(true) - of(false), seen: mean(right.map((one) => one.right)), share };
});
const discrimination = mean(results.map((one) => one.discrimination));
const calibration = 1 - mean(results.map(({ share, seen }) => Math.abs(share - seen)));
const feedback = results
  .map(
    ({ share, seen }, at) =>
      `question ${at + 1}: ${percent(seen)} of solvers are right, ${percent(share)} were expected`,
  )
  .join("; ");
console.log(
  JSON.stringify({
    score: (discrimination + calibration) / 2,
    reason: `discrimination ${discrimination.toFixed(2)}, calibration ${calibration.toFixed(2)}`,
    feedback,
    metrics: { discrimination, calibration },
  }),
);

/** The list on the last line of a reply; none where there is none. */
function answersIn(reply) {
  try {
    const found = JSON.parse(reply.trim().split("\n").at(-1));
    return Array.isArray(found) ? found.map((one) => String(one).trim()) : [];
  } catch {
    return [];
  }
}

function mean(numbers) {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}
