import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { CallRecord } from "../../src/model/call.ts";
import type { FinishedIteration } from "../../src/model/iteration.ts";
import type { RunManifest } from "../../src/model/run.ts";
import { type AuraEnd, type Desk, desk, script, sharedDesk, spec } from "../support/aura.ts";
import { type ModelRequest, type ModelScript, startModelServer } from "../support/model-server.ts";
import { thorough } from "../support/thorough.ts";

const KEY = "sk-test-0123456789abcdef-secret";
const ENV = { ANTHROPIC_API_KEY: KEY };

/** A model that proposes and reviews; the score is `x`. */
const ASKING = spec({
  name: "asking",
  metric: "{ name: score, baseline: 0.05 }",
  stop: "{ iterations: 2 }",
  researcher: "{ type: prompt, runner: main, num_tasks: 2, space: { x: { type: float, low: 0, high: 1 } } }",
  experimenter: script("echo score=$1"),
  more: `goal: Find the largest x there is.
reviewer: { type: prompt, runner: main }
runners: { main: { type: anthropic, model: test-model, base_url: "\${MODEL_URL}", max_wait: 20s, price: { input: 3, output: 15 } } }`,
});

const isReview = (request: ModelRequest): boolean =>
  /finding|insight/i.test(request.prompt.slice(-1500)) && !isProposal(request);
const isProposal = (request: ModelRequest): boolean => /propose/i.test(request.prompt);
const FINDINGS = JSON.stringify([{ finding: "Larger x scores higher", recommendation: "raise x", evidence: [] }]);

/** Answers proposals with what `propose` gives for the n-th of them, and reviews with a finding. */
function proposing(propose: (place: number, request: ModelRequest) => string): ModelScript {
  let asked = 0;
  return (request) => (isProposal(request) ? propose(asked++, request) : FINDINGS);
}

const two = (place: number): string =>
  JSON.stringify([
    { id: "low", x: place / 10 + 0.1 },
    { id: "high", x: place / 10 + 0.15 },
  ]);

/** Runs `aura` beside a model that answers so: how that ended, and what the model was asked. */
async function against(
  here: Desk,
  answers: ModelScript,
  args: readonly string[],
  env: Readonly<Record<string, string>> = ENV,
): Promise<AuraEnd & { readonly requests: readonly ModelRequest[] }> {
  await using server = await startModelServer(answers);
  const end = await here.run(args, { ...env, MODEL_URL: server.url });
  return { ...end, requests: server.requests };
}

describe("a loop that asks a model", () => {
  const here = sharedDesk({ "asking.yaml": ASKING });
  let end: Awaited<ReturnType<typeof against>>;
  let asked: readonly ModelRequest[];
  beforeAll(async () => {
    end = await against(here, proposing(two), ["run", "asking.yaml"]);
    asked = end.requests;
  });

  test("runs to its end", () => {
    expect(end.stderr).toBe("");
    expect(end.code).toBe(0);
    expect(asked.map((request) => (isProposal(request) ? "propose" : isReview(request) ? "review" : "?"))).toEqual([
      "propose",
      "review",
      "propose",
      "review",
    ]);
    for (const { stream, headers } of asked) expect([stream, headers.authorization]).toEqual([true, `Bearer ${KEY}`]);
  });

  test("tells the goal, the space, the history and the insights", () => {
    const [first, , second] = asked.map(({ prompt }) => prompt);
    expect(first).toContain("Find the largest x there is.");
    expect(first).toMatch(/x.*0.*1/);
    expect(first).not.toContain("i00001-h000");
    expect(second).toMatch(/i00001-h001.*0\.15|0\.15.*i00001-h001/s);
    expect(second).toContain("Larger x scores higher");
    expect(second).toContain("raise x");
  });

  test("shows the reviewer what the batch scored", () => {
    expect(asked[1]?.prompt).toMatch(/0\.15/);
  });

  test("records each call with its prompt, reply, tokens and cost", async () => {
    const { totals } = here.json<RunManifest>("runs/asking/run.json");
    expect(totals).toMatchObject({ calls: 4, hypotheses: 4, trials: 4 });
    expect(totals.inputTokens).toBeGreaterThan(100);
    expect(totals.costUsd).toBeCloseTo((totals.inputTokens * 3 + totals.outputTokens * 15) / 1e6, 9);
    const call = here.json<CallRecord>("runs/asking/iterations/00001/calls/i00001-researcher-a1.json");
    expect(call).toMatchObject({ state: "finished", model: "test-model", response: two(0), prompt: asked[0]?.prompt });
  });

  test("writes the key nowhere", () => {
    expect(end.stdout + end.stderr).not.toContain(KEY);
    for (const text of here.contents()) expect(text).not.toContain(KEY);
  });

  test("asks nothing again when it is resumed", async () => {
    const answers = proposing((place) => two(place + 5));
    const same = await against(here, answers, ["resume", "runs/asking"]);
    expect([same.code, same.requests.length]).toEqual([0, 0]);
    const further = await against(here, answers, ["resume", "runs/asking", "--max-iterations", "3"]);
    expect([further.code, further.requests.length]).toEqual([0, 2]);
  });
});

describe("replies of a model", () => {
  const here = sharedDesk({ "asking.yaml": ASKING });

  test("that are garbage are asked for again with the reason, twice; then the iteration has failed and the loop goes on", async () => {
    const garbage = (place: number): string => (place < 3 ? "I cannot do that." : two(place));
    const args = ["run", "asking.yaml", "--workspace", "garbage"];
    const { code, requests } = await against(here, proposing(garbage), args);
    expect(code).toBe(0);
    const proposals = requests.filter(isProposal);
    expect(proposals).toHaveLength(4);
    expect(proposals[1]?.prompt).toContain("I cannot do that.");
    expect(proposals[1]?.prompt).toMatch(/could not be used/);
    expect(proposals[3]?.prompt).not.toContain("I cannot do that.");
    const failed = here.json<FinishedIteration>("garbage/iterations/00001/iteration.json");
    expect(failed).toMatchObject({ state: "finished", hypotheses: [], failure: { code: "unusable-reply" } });
    expect(here.json<FinishedIteration>("garbage/iterations/00002/iteration.json").hypotheses).toHaveLength(2);
  });

  thorough("may try to write elsewhere, run something or draw on the terminal: they stay data", async () => {
    const hostile = JSON.stringify([
      { id: "../../../../tmp/evil\u001b[2J\u202e", x: 0.5, rationale: "\u001b]0;owned\u0007" },
    ]);
    const args = ["run", "asking.yaml", "--workspace", "hostile", "--max-iterations", "1"];
    const answers = proposing(() => hostile);
    const { code, stdout } = await against(here, answers, args);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
    expect(readdirSync(here.join("hostile/iterations/00001/hypotheses"))).toEqual(["i00001-h000.json"]);
    const shown = await here.run(["inspect", "hostile", "show", "i00001-h000"]);
    expect(shown.stdout).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});

describe("a provider that does not answer", () => {
  const here = sharedDesk({ "asking.yaml": ASKING });

  test("because the key is refused exits 7 before anything was spent", async () => {
    const args = ["run", "asking.yaml", "--workspace", "refused"];
    const { code, stderr, requests } = await against(here, [{ kind: "status", status: 401 }], args);
    expect(code).toBe(7);
    expect(stderr).toContain("ANTHROPIC_API_KEY");
    expect(stderr).not.toContain(KEY);
    expect(requests).toHaveLength(1);
    expect(here.json<RunManifest>("refused/run.json").totals).toMatchObject({ calls: 0, trials: 0, hypotheses: 0 });
    expect((await against(here, proposing(two), ["resume", "refused"])).code).toBe(0);
  });

  thorough(
    "because the key is refused leaves a workspace that --or-resume goes on in, and a plain run refuses",
    async () => {
      const args = ["run", "asking.yaml", "--workspace", "again"];
      expect((await against(here, [{ kind: "status", status: 401 }], args)).code).toBe(7);
      expect((await against(here, proposing(two), args)).code).toBe(2);
      expect((await against(here, proposing(two), [...args, "--or-resume"])).code).toBe(0);
      expect(here.json<RunManifest>("again/run.json")).toMatchObject({ status: "finished" });
    },
  );

  test("because the key is not set exits 7 and asks nothing", async () => {
    here.write("provider.yaml", ASKING.replace('base_url: "${MODEL_URL}", ', ""));
    const args = ["run", "provider.yaml", "--workspace", "unset"];
    const { code, stderr, requests } = await against(here, proposing(two), args, {});
    expect(code).toBe(7);
    expect(stderr).toContain("ANTHROPIC_API_KEY");
    expect(requests).toHaveLength(0);
  });

  thorough("because the key was withdrawn later pauses the run with 75", async () => {
    let calls = 0;
    const answers: ModelScript = (request) => {
      if (calls++ >= 2) return { kind: "echo-headers", status: 401 };
      return isProposal(request) ? two(0) : FINDINGS;
    };
    const { code, stdout, stderr } = await against(here, answers, ["run", "asking.yaml", "--workspace", "withdrawn"]);
    expect(code).toBe(75);
    expect(stdout + stderr).not.toContain(KEY);
    expect(here.json<RunManifest>("withdrawn/run.json")).toMatchObject({ status: "paused", totals: { calls: 2 } });
    for (const text of here.contents("withdrawn")) expect(text).not.toContain(KEY);
    const later = proposing((place) => two(place + 3));
    const resumed = await against(here, later, ["resume", "withdrawn"]);
    expect([resumed.code, resumed.requests.length]).toEqual([0, 2]);
  });

  test("is left at once when the user stops", async () => {
    await using server = await startModelServer([{ kind: "hang" }]);
    const live = here.start(["run", "asking.yaml", "--workspace", "hanging", "--grace", "0s"], {
      ...ENV,
      MODEL_URL: server.url,
    });
    await live.until("call.started");
    const before = performance.now();
    live.kill("SIGINT");
    const { code, stdout } = await live.ended;
    expect(code).toBe(130);
    expect(performance.now() - before).toBeLessThan(3000);
    expect(stdout).toContain("aura resume hanging");
  });
});

test("digits-llm.yaml runs against any server that speaks the Messages format", async () => {
  using here = desk();
  const reply = JSON.stringify([
    { id: "a", rationale: "middle", lr: 0.1, hidden: 8, l2: 1e-5, epochs: 1, batch_size: 64 },
  ]);
  const stop = ["--max-iterations", "1", "--json", "--set", "runners.main.base_url=${MODEL_URL}"];
  const args = ["run", resolve("specs/digits-llm.yaml"), "--workspace", "digits", ...stop];
  const answers = proposing(() => reply);
  const { code, stderr, requests } = await against(here, answers, args);
  expect(stderr).toContain("aura inspect digits best");
  expect(code).toBe(0);
  expect(requests[0]?.prompt).toMatch(/lr.*0\.001.*1/);
  expect(here.json<RunManifest>("digits/run.json").best?.score).toBeGreaterThan(0.1);
});
