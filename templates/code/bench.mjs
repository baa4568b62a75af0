// Prints the metric of spec.yaml: calls in a millisecond, the best of some rounds.
import { sumOfSquares } from "./solution.mjs";

let speed = 0;
for (let round = 0; round < 20; round++) {
  const start = performance.now();
  for (let call = 0; call < 200; call++) sumOfSquares(1000 + call);
  speed = Math.max(speed, 200 / (performance.now() - start));
}
console.log(`speed: ${speed}`);
