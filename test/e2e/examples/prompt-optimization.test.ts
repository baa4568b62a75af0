import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type AuraEnd, eventsOf, sharedDesk } from "../../support/aura.ts";

const here = sharedDesk();
let end: AuraEnd;
beforeAll(async () => {
  end = await here.run(["run", resolve("examples/prompt-optimization/spec.yaml"), "--json"]);
});

test("of the recorded instructions the short one that gets every ticket right is the best", () => {
  expect(end).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  const best = { id: "i00003-h000", score: expect.closeTo(0.9784) };
  expect(eventsOf(end).at(-1)).toMatchObject({ reason: "iterations", best });
});

test("the next prompt says what was taken for what, and quotes no ticket", () => {
  const call = "runs/prompt-optimization/iterations/00002/calls/i00002-researcher-a1.json";
  const { prompt } = here.json<{ prompt: string }>(call);
  expect(prompt).toContain("bug answered as billing: 1");
  expect(prompt).not.toContain("charged twice");
});
