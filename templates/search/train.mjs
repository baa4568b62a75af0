// Stands for your own script: reads options, prints a number. Put your command into spec.yaml and delete this file.
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rate: { type: "string" },
    layers: { type: "string" },
    method: { type: "string" },
    seed: { type: "string" },
  },
});
const distance = Math.abs(Math.log10(Number(values.rate)) + 2) / 4 + Math.abs(Number(values.layers) - 5) / 10;
console.log(`score: ${(values.method === "fast" ? 1 : 0.9) - distance}`);
