import type { JsonObject } from "../../src/model/json.ts";

/** A spec as data, with the numbers from 1 to `count` as `n`, all in one iteration, but for what is given. */
export function dataSpec(given: JsonObject, count = 2): JsonObject {
  const space = { n: { type: "int", low: 1, high: count } };
  return {
    version: 1,
    name: "tiny",
    metric: { name: "score" },
    stop: { iterations: 1 },
    researcher: { type: "search", method: "grid", num_tasks: count, space },
    ...given,
  };
}
