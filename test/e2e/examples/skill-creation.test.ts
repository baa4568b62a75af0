import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type AuraEnd, eventsOf, sharedDesk } from "../../support/aura.ts";

const here = sharedDesk();
let end: AuraEnd;
beforeAll(async () => {
  end = await here.run(["run", resolve("examples/skill-creation/spec.yaml"), "--json"]);
});

test("the skill of the recorded replies ends up used when it is called for, and only then", () => {
  expect(end).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  expect(eventsOf(end).at(-1)).toMatchObject({ reason: "target", best: { id: "i00002-h000", score: 1 } });
});

test("a skill of the wrong form has no score, and no model is asked to use it", () => {
  const events = eventsOf(end);
  expect(events.filter(({ type }) => type === "evaluation.scored").at(-1)).toMatchObject({
    evaluation: { hypothesisId: "i00002-h001", score: null, reason: expect.stringContaining("description is longer") },
  });
  const asked = events.filter(({ type, callId }) => type === "call.started" && String(callId).startsWith("i00002-h"));
  expect(asked).toHaveLength(8);
});

test("its author hears how often the skill was used, and sees none of the requests", () => {
  const call = "runs/skill-creation/iterations/00002/calls/i00002-researcher-a1.json";
  const { prompt } = here.json<{ prompt: string }>(call);
  expect(prompt).toContain("used for 2 of 4 requests that call for it");
  expect(prompt).not.toContain("git rebase");
});
