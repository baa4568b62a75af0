import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, sharedDesk, start } from "../../support/aura.ts";
import { thorough } from "../../support/thorough.ts";

const EXAMPLE = resolve("examples/code-improvement");

const here = sharedDesk();

thorough(
  "honest edits from the recorded replies make the program faster, and the user's own file stays as it was",
  async () => {
    const before = readFileSync(`${EXAMPLE}/src/suggest.cjs`, "utf8");
    const end = await here.run(["run", `${EXAMPLE}/spec.yaml`, "--max-iterations", "2", "--json", "--require", "1.5"]);
    expect(end).toMatchObject({ code: 0 });
    expect(eventsOf(end).at(-1)).toMatchObject({ best: { id: "i00002-h001" } });
    expect(readFileSync(`${EXAMPLE}/src/suggest.cjs`, "utf8")).toBe(before);

    const applied = await here.run(["apply", "runs/code-improvement", "best", "--patch", "faster.patch"]);
    expect(applied).toMatchObject({ code: 0 });
    expect(here.read("faster.patch")).toContain("+++ b/src/suggest.cjs");
  },
);

thorough("an edit that is fast but wrong fails the tests and has no score", async () => {
  const replies = readFileSync(`${EXAMPLE}/replay.jsonl`, "utf8").trim().split("\n");
  const proposals: unknown = JSON.parse(JSON.parse(replies[0] ?? "").response);
  const [, onePass] = Array.isArray(proposals) ? proposals : [];
  const wrong = structuredClone(onePass);
  wrong.edits[0].replace = wrong.edits[0].replace.replace("changes < smallest", "changes <= smallest");
  here.write("wrong.jsonl", JSON.stringify({ role: "researcher", iteration: 1, response: [wrong] }));
  const runner = `runners.main={type: replay, file: ${here.join("wrong.jsonl")}}`;
  const end = await here.run([
    ...["run", `${EXAMPLE}/spec.yaml`, "--workspace", "wrong", "--max-iterations", "1", "--json"],
    ...["--set", runner, "--set", "reviewer={type: none}"],
  ]);
  const events = eventsOf(end);
  expect(events.filter(({ type }) => type === "experiment.finished").at(-1)).toMatchObject({
    experiment: { failure: { logTail: expect.stringContaining("FAILED of equals the earlier") } },
  });
  const scored = events.filter(({ type }) => type === "evaluation.scored");
  expect(scored.at(-1)).toMatchObject({
    evaluation: { hypothesisId: "i00001-h000", score: null, reason: expect.stringContaining('check "tests" failed') },
    best: { id: "i00000-h000" },
  });
});

thorough("edits of the tests, the harness and the reference are refused before anything runs", async () => {
  const end = await here.run([
    ...["run", `${EXAMPLE}/spec.yaml`, "--workspace", "intrusions", "--max-iterations", "1", "--json"],
    ...["--set", "runners.main={type: function, module: cheats/propose.mjs, export: intrusions}"],
    ...["--set", "researcher.num_tasks=9"],
  ]);
  const events = eventsOf(end);
  const reasons = events.flatMap(({ type, refused }) => (type === "proposal.refused" ? [refused] : []));
  expect(reasons).toEqual(
    Array.from({ length: 4 }, () =>
      expect.objectContaining({
        reason: expect.stringMatching(/is not one of the tracked artifacts|leaves its folder/),
      }),
    ),
  );
  expect(events.filter(({ type }) => type === "experiment.finished")).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({ best: { id: "i00000-h000" } });
});

thorough("no cheat is measured as faster than doing nothing", async () => {
  const end = await start(process.execPath, [`${EXAMPLE}/test-cheats.mjs`], { cwd: here.path }).ended;
  expect(end).toMatchObject({ code: 0, stderr: "" });
  const verdicts = end.stdout.trim().split("\n");
  expect(verdicts.length).toBeGreaterThanOrEqual(10);
  expect(verdicts.every((line) => line.startsWith("loses  "))).toBe(true);
});

test("the reference is the program as it is at the start", () => {
  expect(readFileSync(`${EXAMPLE}/harness/reference.cjs`, "utf8")).toBe(
    readFileSync(`${EXAMPLE}/src/suggest.cjs`, "utf8"),
  );
});
