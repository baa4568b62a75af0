// One trial: prints how many times faster a file is than the reference, as the last line.
// Usage: node harness/bench.mjs [file]
import { readFileSync } from "node:fs";
import { isolated } from "./isolated.mjs";

const ROUNDS = 25;

const file = process.argv[2] ?? "src/suggest.cjs";
try {
  const metrics = isolated({
    kind: "bench",
    name: "suggest",
    filename: file,
    source: readFileSync(file, "utf8"),
    reference: readFileSync(new URL("./reference.cjs", import.meta.url), "utf8"),
    rounds: ROUNDS,
  });
  console.log(JSON.stringify(metrics));
} catch (error) {
  console.error(`no score: ${error.message}`);
  process.exitCode = 1;
}
