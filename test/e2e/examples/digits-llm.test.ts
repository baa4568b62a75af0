import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type AuraEnd, eventsOf, sharedDesk } from "../../support/aura.ts";
import { FULL, thorough } from "../../support/thorough.ts";

/** A short run goes without the later ones, whose networks are large. */
const ROUNDS = FULL ? 4 : 2;
const BEST = FULL ? { id: "i00004-h000", label: "widest-decayed" } : { id: "i00002-h001", label: "wider-bold" };
const REPLAY = `runners.main={type: replay, file: ../examples/digits/replay.jsonl}`;

const here = sharedDesk();
let end: AuraEnd;
beforeAll(async () => {
  const rounds = ["--max-iterations", String(ROUNDS)];
  end = await here.run(["run", resolve("specs/digits-llm.yaml"), "--json", "--set", REPLAY, ...rounds]);
});

test("specs/digits-llm.yaml runs without a key from its recorded replies, and each round improves on the one before", () => {
  expect(end).toMatchObject({ code: 0 });
  const iterations = eventsOf(end).filter(({ type }) => type === "iteration.finished");
  expect(iterations.map(({ improved }) => improved)).toEqual(Array.from({ length: ROUNDS }, () => true));
  expect(eventsOf(end).at(-1)).toMatchObject({ reason: "iterations", best: { id: BEST.id } });
});

test("a dry run of it without a key says so", async () => {
  const dry = await here.run(["run", resolve("specs/digits-llm.yaml"), "--dry-run"], { ANTHROPIC_API_KEY: "" });
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringMatching(/api_key_env: ANTHROPIC_API_KEY is not set/) });
});

test("its best network is right about more than 96 of 100 digits that it was not trained on", async () => {
  const { best } = await here.document<{ best: { label: string; score: number; passed: boolean } }>([
    "inspect",
    "runs/digits-llm",
    "--json",
  ]);
  expect(best).toMatchObject({ label: BEST.label, passed: true });
  expect(best.score).toBeGreaterThan(0.96);
});

thorough(
  "a proposal outside the space is refused, and the next prompt says so beside goal, space, history and insights",
  () => {
    expect(eventsOf(end).filter(({ type }) => type === "proposal.refused")).toHaveLength(1);
    const { prompt } = here.json<{ prompt: string }>(
      "runs/digits-llm/iterations/00004/calls/i00004-researcher-a1.json",
    );
    for (const part of [
      "Raise the validation accuracy",
      "batch_size: int from 8 to 256, log scale",
      'i00003-h001 "widest" score=0.97',
      ": Weight decay of 0.01 costs 2.5 points",
      "refused: lr = 1.5",
    ]) {
      expect(prompt).toContain(part);
    }
  },
);
