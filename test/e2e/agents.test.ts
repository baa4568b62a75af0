import { chmodSync, existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CallRecord } from "../../src/model/call.ts";
import type { Hypothesis } from "../../src/model/hypothesis.ts";
import { type Desk, desk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const KEY = "sk-ant-canary-0123456789";

const PROPOSING = spec({
  name: "agent",
  metric: "{ name: score }",
  stop: "{ iterations: 1 }",
  researcher: "{ type: prompt, runner: main, num_tasks: 1, edits: in_place }",
  experimenter: "{ type: script, command: cat solution.txt }",
  more: "artifacts: [solution.txt]\nrunners: { main: { type: command, preset: claude, argv: [--model, opus], timeout: 1s } }",
});

/** Puts in the place of claude what does this in the folder it is started in, tells its key, and answers in the form of print mode. */
function withStandIn(here: Desk, does: string): Readonly<Record<string, string>> {
  const usage = { input_tokens: 10, output_tokens: 5 };
  const answer = JSON.stringify({ type: "result", result: "Done.", usage, total_cost_usd: 0.25 });
  const told = answer.replace("Done.", `Done with '"$ANTHROPIC_API_KEY"'.`);
  here.write("bin/claude", `#!/bin/sh\ncat > /dev/null\n${does}\necho '${told}'\n`);
  chmodSync(here.join("bin/claude"), 0o755);
  return { PATH: `${here.join("bin")}:${process.env.PATH}`, ANTHROPIC_API_KEY: KEY };
}

test("what an agent changes in its own copy is its proposal, what it cost is counted, and its key is seen nowhere", async () => {
  using here = desk({ "agent.yaml": PROPOSING, "solution.txt": "score=1\n" });
  const { code, stdout } = await here.run(["run", "agent.yaml"], withStandIn(here, "echo score=7 > solution.txt"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/variables-passed .*runner main is given ANTHROPIC_API_KEY, the keys of claude/);
  expect(readFileSync(here.join("solution.txt"), "utf8")).toBe("score=1\n");
  const at = "runs/agent/iterations/00001";
  const { edits } = here.json<Hypothesis>(`${at}/hypotheses/i00001-h000.json`);
  expect(edits).toMatchObject([{ path: "solution.txt" }]);
  expect(here.json(`${at}/evaluations/i00001-h000.json`)).toMatchObject({ score: 7 });
  const call = here.json<CallRecord>(`${at}/calls/i00001-researcher-h0-a1.json`);
  expect(call).toMatchObject({ state: "finished", usage: { inputTokens: 10, outputTokens: 5, costUsd: 0.25 } });
  expect(call).toMatchObject({ response: "Done with [redacted]." });
  for (const text of here.contents()) expect(text).not.toContain(KEY);
});

thorough("an agent that hangs is ended with all that it started, and the iteration says so", async () => {
  using here = desk({ "agent.yaml": PROPOSING, "solution.txt": "score=1\n" });
  await here.run(["run", "agent.yaml"], withStandIn(here, `sleep 987 & echo $! > ${here.join("child")}; wait`));
  const child = Number(readFileSync(here.join("child"), "utf8"));
  // One that has ended and that nobody waits for has no command line.
  expect(existsSync(`/proc/${child}`) ? readFileSync(`/proc/${child}/cmdline`, "utf8") : "").toBe("");
  const refused = here.json("runs/agent/iterations/00001/iteration.json");
  expect(JSON.stringify(refused)).toMatch(/timed out|timeout/);
});
