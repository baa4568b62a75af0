import { expect, test } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpec } from "../../../src/spec/index.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

/** What is wrong with a spec that has this experimenter. */
async function errorsOf(experimenter: string, more = "", metric = "score"): Promise<readonly string[]> {
  using dir = temporaryDirectory();
  const path = dir.write(
    "spec.yaml",
    `version: 1
name: tiny
metric: { name: ${metric} }
researcher: { type: search, method: random, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: ${experimenter}
${more}`,
  );
  try {
    await loadSpec(path);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return thrown.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

const inside = (type: string) => `{ type: composed, executor: { type: slurm, command: "echo {x}", inside: ${type} } }`;

test.each(["function", "llm"])("into an executor goes what is put before a command, and not %s", async (type) => {
  const more = type === "function" ? "module: /dev/null" : "runner: main, prompt: Hi";
  const [first = ""] = await errorsOf(inside(`{ type: ${type}, ${more} }`));
  expect(first).toMatch(
    /^5:95 expected an executor that is put before a command, such as .*bwrap.* or .*: \w+ runs no command$/,
  );
  expect(await errorsOf(inside("{ type: bindfs }"))).toEqual([]);
});

const listing = '{ type: script, command: "echo {x}", trials: 3, aggregator: { type: all } }';

test("lists of values are no score of evaluator metric, and it says what to write", async () => {
  for (const evaluator of ["", "evaluator: { type: metric }"]) {
    expect(await errorsOf(listing, evaluator)).toEqual([
      expect.stringMatching(/^5:\d+ `all` keeps score as a list .* write `mean`/),
    ]);
  }
});

test("lists of values are scored by others, and have numbers about them", async () => {
  expect(await errorsOf(listing, "evaluator: { type: command, command: ls }")).toEqual([]);
  expect(await errorsOf(listing, "", "spread.score.max")).toEqual([]);
  expect(await errorsOf(listing, "evaluator: { type: metric, metric: trials.completed }")).toEqual([]);
});
