import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { desk, script, spec } from "../support/aura.ts";

const TRIALS = 60;
/** Of a file system that gives out blocks of 4 KiB. */
const BLOCK = 4096;

test("a trial that prints three lines leaves at most 5.5 files and 24 KiB, and no folder of its own", async () => {
  using here = desk({
    "small.yaml": spec({
      stop: `{ hypotheses: ${TRIALS} }`,
      researcher: "{ type: search, method: random, num_tasks: 10, space: { x: { type: float, low: 0, high: 1 } } }",
      experimenter: script('test -s "$AURA_TRIAL_PARAMS"; echo one; echo two; echo "score=$1"'),
    }),
  });
  expect((await here.run(["run", "small.yaml", "--workspace", "w", "--reporter", "silent"])).code).toBe(0);
  // The journal grows by lines, and does not count.
  const iterations = here.join("w/iterations");
  const names = readdirSync(iterations, { recursive: true, encoding: "utf8" });
  const stats = names.map((name) => statSync(join(iterations, name)));
  const files = stats.filter((stat) => stat.isFile());
  expect(names.filter((name) => /\.a\d+$/.test(name))).toEqual([]);
  expect(files.length / TRIALS).toBeLessThanOrEqual(5.5);
  const blocks = stats.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK), 0);
  expect((blocks * BLOCK) / TRIALS).toBeLessThanOrEqual(24 * 1024);
});
