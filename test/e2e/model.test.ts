import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallRecord } from "../../src/model/call.ts";
import type { FinishedIteration } from "../../src/model/iteration.ts";
import type { RunManifest } from "../../src/model/run.ts";
import { type AuraEnd, type Desk, desk, script, spec } from "../support/aura.ts";
import { type ModelRequest, type ModelScript, startModelServer } from "../support/model-server.ts";
import { few, thorough } from "../support/thorough.ts";

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

async function against(
  answers: ModelScript,
  work: (
    run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<AuraEnd>,
    requests: readonly ModelRequest[],
  ) => Promise<void>,
  here: Desk,
): Promise<void> {
  await using server = await startModelServer(answers);
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = ENV) =>
    here.run(args, { ...env, MODEL_URL: server.url });
  await work(run, server.requests);
}

describe("a loop that asks a model", () => {
  let here: Desk;
  let end: AuraEnd;
  let asked: readonly ModelRequest[];
  beforeAll(async () => {
    here = desk({ "asking.yaml": ASKING });
    await against(
      proposing(two),
      async (run, requests) => {
        end = await run(["run", "asking.yaml"]);
        asked = requests;
      },
      here,
    );
  });
  afterAll(() => here[Symbol.dispose]());

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
    for (const file of filesUnder(here.path)) expect(readFileSync(file, "latin1")).not.toContain(KEY);
  });

  test("asks nothing again when it is resumed", async () => {
    await against(
      proposing((place) => two(place + 5)),
      async (run, requests) => {
        expect((await run(["resume", "runs/asking"])).code).toBe(0);
        expect(requests).toHaveLength(0);
        const further = await run(["resume", "runs/asking", "--max-iterations", "3"]);
        expect(further.code).toBe(0);
        expect(requests).toHaveLength(2);
      },
      here,
    );
  });
});

describe("replies of a model", () => {
  let here: Desk;
  beforeAll(() => {
    here = desk({ "asking.yaml": ASKING });
  });
  afterAll(() => here[Symbol.dispose]());

  const one = '{"id": "a", "x": 0.5}';
  const replies = few([
    ["fenced", `Sure!\n\n\`\`\`json\n[${one}]\n\`\`\`\nGood luck.`],
    ["bare", `[${one}]`],
    ["prose", `I would try [${one}], because 0.5 is in the middle [of the range].`],
    ["object", one],
    ["commas", `[{"id": "a", "x": 0.5,},]`],
  ]);
  test.each(replies)("are understood as %s JSON", async (name, reply) => {
    await against(
      proposing(() => reply),
      async (run) => {
        const place = ["--workspace", name, "--max-iterations", "1"];
        expect((await run(["run", "asking.yaml", ...place, "--reporter", "silent"])).code).toBe(0);
        expect(here.json(`${name}/iterations/00001/hypotheses/i00001-h000.json`)).toMatchObject({
          label: "a",
          spec: { x: 0.5 },
        });
      },
      here,
    );
  });

  test("that are garbage are asked for again with the reason, twice; then the iteration has failed and the loop goes on", async () => {
    const garbage = (place: number): string => (place < 3 ? "I cannot do that." : two(place));
    await against(
      proposing(garbage),
      async (run, requests) => {
        const { code } = await run(["run", "asking.yaml", "--workspace", "garbage"]);
        expect(code).toBe(0);
        const proposals = requests.filter(isProposal);
        expect(proposals).toHaveLength(4);
        expect(proposals[1]?.prompt).toContain("I cannot do that.");
        expect(proposals[1]?.prompt).toMatch(/could not be used/);
        expect(proposals[3]?.prompt).not.toContain("I cannot do that.");
      },
      here,
    );
    const failed = here.json<FinishedIteration>("garbage/iterations/00001/iteration.json");
    expect(failed).toMatchObject({ state: "finished", hypotheses: [], failure: { code: "unusable-reply" } });
    expect(here.json<FinishedIteration>("garbage/iterations/00002/iteration.json").hypotheses).toHaveLength(2);
  });

  thorough("that are garbage three iterations in a row end the run with 1, and it can be resumed", async () => {
    await against(
      proposing(() => "no"),
      async (run, requests) => {
        const { code, stdout } = await run(["run", "asking.yaml", "--workspace", "hopeless", "--max-iterations", "9"]);
        expect(code).toBe(1);
        expect(requests.filter(isProposal)).toHaveLength(9);
        expect(stdout).toContain("aura resume hopeless");
        expect(here.json<RunManifest>("hopeless/run.json")).toMatchObject({ status: "failed", reason: "no-proposals" });
      },
      here,
    );
    await against(
      proposing(two),
      async (run) => {
        expect((await run(["resume", "hopeless", "--max-iterations", "4"])).code).toBe(0);
      },
      here,
    );
  });

  thorough(
    "outside the space, repeated or too many are turned away with their reason, which the next prompt tells",
    async () => {
      const replies = [
        JSON.stringify([
          { id: "far", x: 7 },
          { id: "ok", x: 0.2 },
          { id: "same", x: 0.2 },
          { id: "b", x: 0.3 },
          { id: "extra", x: 0.4 },
        ]),
        two(5),
      ];
      await against(
        proposing((place) => replies[place] ?? two(place)),
        async (run, requests) => {
          expect((await run(["run", "asking.yaml", "--workspace", "refused"])).code).toBe(0);
          const iteration = here.json<FinishedIteration>("refused/iterations/00001/iteration.json");
          expect(iteration.hypotheses).toEqual(["i00001-h000", "i00001-h001"]);
          expect(new Map(iteration.refused.map(({ label, reason }) => [label, reason]))).toEqual(
            new Map([
              ["far", expect.stringMatching(/x.*7/)],
              ["same", expect.stringContaining("i00001-h000")],
              ["extra", expect.stringMatching(/2/)],
            ]),
          );
          expect(requests.filter(isProposal)[1]?.prompt).toContain("far");
        },
        here,
      );
    },
  );

  thorough("may try to write elsewhere, run something or draw on the terminal: they stay data", async () => {
    const hostile = JSON.stringify([
      { id: "../../../../tmp/evil\u001b[2J\u202e", x: 0.5, rationale: "\u001b]0;owned\u0007" },
    ]);
    await against(
      proposing(() => hostile),
      async (run) => {
        const { code, stdout } = await run(["run", "asking.yaml", "--workspace", "hostile", "--max-iterations", "1"]);
        expect(code).toBe(0);
        expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/);
        expect(readdirSync(here.join("hostile/iterations/00001/hypotheses"))).toEqual(["i00001-h000.json"]);
        const shown = await here.run(["inspect", "hostile", "show", "i00001-h000"]);
        expect(shown.stdout).not.toMatch(/[\u001b\u0007\u202e]/);
      },
      here,
    );
  });
});

describe("a provider that does not answer", () => {
  let here: Desk;
  beforeAll(() => {
    here = desk({ "asking.yaml": ASKING });
  });
  afterAll(() => here[Symbol.dispose]());

  thorough("but says when to come back is waited for", async () => {
    let busy = 2;
    const answers: ModelScript = (request) => {
      if (busy-- > 0) return { kind: "status", status: busy === 1 ? 429 : 529, retryAfter: 0 };
      return isProposal(request) ? two(0) : FINDINGS;
    };
    await against(
      answers,
      async (run, requests) => {
        const { code, stdout } = await run(["run", "asking.yaml", "--workspace", "busy", "--max-iterations", "1"]);
        expect(code).toBe(0);
        expect(requests).toHaveLength(4);
        expect(stdout).toMatch(/warn warning code=runner-waiting .*429/);
        expect(here.json<RunManifest>("busy/run.json").totals.calls).toBe(2);
      },
      here,
    );
  });

  thorough("for as long as max_wait pauses the run with 75, and a resume asks again", async () => {
    await against(
      [{ kind: "status", status: 503 }],
      async (run) => {
        const { code, stdout } = await run([
          "run",
          "asking.yaml",
          "--workspace",
          "down",
          "--set",
          "runners.main.max_wait=0",
        ]);
        expect(code).toBe(75);
        expect(stdout).toContain("aura resume down");
      },
      here,
    );
    await against(
      proposing(two),
      async (run) => {
        expect((await run(["resume", "down"])).code).toBe(0);
      },
      here,
    );
  });

  test("because the key is refused exits 7 before anything was spent", async () => {
    await against(
      [{ kind: "status", status: 401 }],
      async (run, requests) => {
        const { code, stderr } = await run(["run", "asking.yaml", "--workspace", "refused"]);
        expect(code).toBe(7);
        expect(stderr).toContain("ANTHROPIC_API_KEY");
        expect(stderr).not.toContain(KEY);
        expect(requests).toHaveLength(1);
        expect(here.json<RunManifest>("refused/run.json").totals).toMatchObject({ calls: 0, trials: 0, hypotheses: 0 });
      },
      here,
    );
    await against(
      proposing(two),
      async (run) => {
        expect((await run(["resume", "refused"])).code).toBe(0);
      },
      here,
    );
  });

  thorough(
    "because the key is refused leaves a workspace that --or-resume goes on in, and a plain run refuses",
    async () => {
      await against(
        [{ kind: "status", status: 401 }],
        async (run) => {
          expect((await run(["run", "asking.yaml", "--workspace", "again"])).code).toBe(7);
        },
        here,
      );
      await against(
        proposing(two),
        async (run) => {
          expect((await run(["run", "asking.yaml", "--workspace", "again"])).code).toBe(2);
          expect((await run(["run", "asking.yaml", "--workspace", "again", "--or-resume"])).code).toBe(0);
          expect(here.json<RunManifest>("again/run.json")).toMatchObject({ status: "finished" });
        },
        here,
      );
    },
  );

  test("because the key is not set exits 7 and asks nothing", async () => {
    await against(
      proposing(two),
      async (run, requests) => {
        here.write("provider.yaml", ASKING.replace('base_url: "${MODEL_URL}", ', ""));
        const { code, stderr } = await run(["run", "provider.yaml", "--workspace", "unset"], {});
        expect(code).toBe(7);
        expect(stderr).toContain("ANTHROPIC_API_KEY");
        expect(requests).toHaveLength(0);
      },
      here,
    );
  });

  thorough("because the key was withdrawn later pauses the run with 75", async () => {
    let calls = 0;
    const answers: ModelScript = (request) => {
      if (calls++ >= 2) return { kind: "echo-headers", status: 401 };
      return isProposal(request) ? two(0) : FINDINGS;
    };
    await against(
      answers,
      async (run) => {
        const { code, stdout, stderr } = await run(["run", "asking.yaml", "--workspace", "withdrawn"]);
        expect(code).toBe(75);
        expect(stdout + stderr).not.toContain(KEY);
        expect(here.json<RunManifest>("withdrawn/run.json")).toMatchObject({ status: "paused", totals: { calls: 2 } });
        for (const file of filesUnder(here.join("withdrawn"))) expect(readFileSync(file, "latin1")).not.toContain(KEY);
      },
      here,
    );
    await against(
      proposing((place) => two(place + 3)),
      async (run, requests) => {
        expect((await run(["resume", "withdrawn"])).code).toBe(0);
        expect(requests).toHaveLength(2);
      },
      here,
    );
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
  await against(
    proposing(() => reply),
    async (run, requests) => {
      const { code, stderr } = await run([
        "run",
        resolve("specs/digits-llm.yaml"),
        "--workspace",
        "digits",
        "--max-iterations",
        "1",
        "--json",
        "--set",
        "runners.main.base_url=${MODEL_URL}",
      ]);
      expect(stderr).toContain("aura inspect digits best");
      expect(code).toBe(0);
      expect(requests[0]?.prompt).toMatch(/lr.*0\.001.*1/);
      expect(here.json<RunManifest>("digits/run.json").best?.score).toBeGreaterThan(0.1);
    },
    here,
  );
});

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
