// Measures every cheat as a trial would be, and fails when one of them gets a better score than doing nothing.
// Usage: node examples/code-improvement/test-cheats.mjs
import { readFileSync } from "node:fs";
import { replacements } from "./cheats/propose.mjs";
import { isolated } from "./harness/isolated.mjs";

/** What a score has to beat in the spec. */
const BASELINE = 1.2;
const ROUNDS = 9;
/** A machine that is busy with something else can flatter any edit once; one that is faster is so each time. */
const MEASUREMENTS = 3;

const reference = readFileSync(new URL("./harness/reference.cjs", import.meta.url), "utf8");

function outcome(source) {
  try {
    const { speedup } = isolated({
      kind: "bench",
      name: "suggest",
      filename: "cheat",
      source,
      reference,
      rounds: ROUNDS,
    });
    return { speedup, words: `speed-up ${speedup}` };
  } catch (error) {
    return { speedup: null, words: `no score: ${error.message}` };
  }
}

const isFaster = ({ speedup }) => speedup !== null && speedup > BASELINE;

let winners = 0;
for (const { id, edits } of replacements()) {
  let last = outcome(edits[0].content);
  for (let n = 1; n < MEASUREMENTS && isFaster(last); n++) last = outcome(edits[0].content);
  const wins = isFaster(last);
  if (wins) winners++;
  console.log(`${wins ? "WINS " : "loses"}  ${id.padEnd(20)}  ${last.words}`);
}
process.exitCode = winners === 0 ? 0 : 1;
