import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type AuraEnd, eventsOf, sharedDesk } from "../../support/aura.ts";

const here = sharedDesk();
let end: AuraEnd;
beforeAll(async () => {
  end = await here.run(["run", resolve("examples/benchmark-generation/spec.yaml"), "--json"]);
});

test("of the recorded sets the one that tells hasty from careful solvers is the best; too easy and too hard tell nothing", () => {
  expect(end).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  const scored = eventsOf(end).filter(({ type }) => type === "evaluation.scored");
  expect(scored.map(({ evaluation }) => evaluation)).toMatchObject([
    { hypothesisId: "i00000-h000", metrics: { discrimination: 0, calibration: 0.5 } },
    { hypothesisId: "i00001-h000", metrics: { discrimination: 0.5 } },
    { hypothesisId: "i00001-h001", metrics: { discrimination: 0 } },
    {
      hypothesisId: "i00002-h000",
      metrics: { discrimination: expect.closeTo(0.6), calibration: expect.closeTo(0.92) },
    },
    { hypothesisId: "i00002-h001", score: null, reason: expect.stringContaining("a question is there twice") },
  ]);
  const best = { id: "i00002-h000", score: expect.closeTo(0.76) };
  expect(eventsOf(end).at(-1)).toMatchObject({ reason: "iterations", best });
});

test("solvers are shown the questions and not the key", () => {
  const call = "runs/benchmark-generation/iterations/00002/calls/i00002-h000-experimenter-t01-a1.json";
  const { prompt } = here.json<{ prompt: string }>(call);
  expect(prompt).toContain("A train leaves at 09:48");
  expect(prompt).not.toMatch(/265|share/);
});
