import assert from "node:assert/strict";
import { sumOfSquares } from "./solution.mjs";

for (const [n, sum] of [
  [0, 0],
  [1, 1],
  [3, 14],
  [1000, 333833500],
])
  assert.equal(sumOfSquares(n), sum);
