import { describe, expect, test } from "vitest";
import type { CallRecord } from "../../src/model/call.ts";
import type { RunManifest } from "../../src/model/run.ts";
import { type AuraEnd, desk, script, spec } from "../support/aura.ts";
import { type ModelAnswer, NO_UTF8, startModelServer } from "../support/model-server.ts";
import { few, thorough } from "../support/thorough.ts";

const asking = (format: string, more = ""): string =>
  spec({
    name: "asking",
    stop: "{ iterations: 1 }",
    researcher: "{ type: prompt, runner: main, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }",
    experimenter: script("echo score=$1"),
    more: `runners: { main: { type: ${format}, model: test-model, base_url: "\${MODEL_URL}", idle_timeout: 300ms, max_tokens: 900, price: { input: 1, output: 1 }${more} } }`,
  });

const GOOD = { kind: "text", text: '[{"x": 0.5}]', inputTokens: 100, outputTokens: 10 } as const;
const reply = (text: string, stopReason = "end_turn"): ModelAnswer => ({ ...GOOD, text, stopReason });

interface Case {
  readonly answers: readonly ModelAnswer[];
  /** How often the server was asked. */
  readonly requests: number;
  /** Replies that came whole, each of which costs 110 tokens. */
  readonly paid: number;
  /** Why requests of the first call came to nothing. */
  readonly tries?: readonly RegExp[];
  /** Why a reply was of no use. */
  readonly unusable?: RegExp;
}

const once = (answer: ModelAnswer, why: RegExp): Case => ({
  answers: [answer, GOOD],
  requests: 2,
  paid: 1,
  tries: [why],
});
const again = (answer: ModelAnswer, why: RegExp, paid = 2): Case => ({
  answers: [answer, GOOD],
  requests: 2,
  paid,
  unusable: why,
});

const CASES: readonly (readonly [what: string, of: Case])[] = [
  ["a 429 with retry-after", once({ kind: "status", status: 429, retryAfter: 1 }, /^status 429/)],
  ["a 529", once({ kind: "status", status: 529 }, /^status 529/)],
  ["a 500", once({ kind: "status", status: 500 }, /^status 500/)],
  [
    "a reset in the middle of a stream",
    once({ kind: "half", text: "x".repeat(2000) }, /terminated|reset|closed|socket/i),
  ],
  ["a stream that stalls", once({ kind: "stall", text: "x".repeat(2000) }, /stalled/)],
  [
    "a reply of 10 MB",
    { ...again({ kind: "text", text: "x".repeat(10 * 1024 * 1024) }, /longer than/, 1), tries: [/longer than/] },
  ],
  ["a reply that is no UTF-8", { answers: [reply(`[{"x": 0.5, "id": "a${NO_UTF8}"}]`)], requests: 1, paid: 1 }],
  ["a refusal", again(reply("I cannot help with that.", "refusal"), /refused/)],
  ["a reply that was cut", again(reply('[{"x": 0.5}', "max_tokens"), /cut at its max tokens \(900\)/)],
];

describe.each(few(["openai", "anthropic"]))("a run that asks over %s", (format) => {
  test.each(few(CASES))("comes through %s, with nothing lost and nothing paid twice", async (_what, wanted) => {
    using here = desk({ "asking.yaml": asking(format) });
    await using server = await startModelServer(wanted.answers);
    const run = (args: readonly string[]) => here.run(args, { MODEL_URL: server.url });
    expect((await run(["run", "asking.yaml"])).code).toBe(0);
    expect(server.requests).toHaveLength(wanted.requests);
    const { totals, best } = here.json<RunManifest>("runs/asking/run.json");
    expect(best?.score).toBe(0.5);
    const first = here.json<CallRecord>("runs/asking/iterations/00001/calls/i00001-researcher-a1.json");
    const { failedTries = [] } = first;
    expect(failedTries.map(({ reason }) => reason)).toEqual(
      (wanted.tries ?? []).map((why) => expect.stringMatching(why)),
    );
    if (wanted.unusable) expect(first).toMatchObject({ unusable: expect.stringMatching(wanted.unusable) });
    const broken = failedTries.reduce(
      (sum, { usage }) => sum + (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0),
      0,
    );
    expect(totals.inputTokens + totals.outputTokens).toBe(110 * wanted.paid + broken);
    expect((await run(["resume", "runs/asking"])).code).toBe(0);
    expect(server.requests).toHaveLength(wanted.requests);
  });
});

test.each(few(["anthropic", "openai"]))(
  "keys, headers and addresses of %s are seen nowhere, also after a crash",
  async (format) => {
    const canary = (of: string) => `canary-${of}-0123456789`;
    using here = desk({ "asking.yaml": asking(format, `, headers: { x-gate: "\${GATE}" }, record: calls.jsonl`) });
    const secrets = ["key", "gate", "url", "outside"].map(canary);
    let busy = 2;
    const echo = { kind: "echo-headers" } as const;
    await using server = await startModelServer(() => {
      if (busy-- === 2) return { ...echo, status: 500 };
      return busy === 0 ? echo : { kind: "hang" };
    });
    const upper = format.toUpperCase();
    const env = {
      [`${upper}_API_KEY`]: canary("key"),
      GATE: canary("gate"),
      MODEL_URL: `${server.url}/?token=${canary("url")}`,
      ANTHROPIC_CUSTOM_HEADERS: `x-outside: ${canary("outside")}`,
    };
    const live = here.start(["run", "asking.yaml", "--json"], env);
    await live.until(/"call.started"[\s\S]*"call.started"/);
    live.kill("SIGKILL");
    const ends: AuraEnd[] = [await live.ended];
    expect(JSON.stringify(server.requests.map(({ headers, path }) => [headers, path]))).toContain(canary("url"));
    await using refusing = await startModelServer([{ ...echo, status: 401 }]);
    const again = { ...env, MODEL_URL: `${refusing.url}/?token=${canary("url")}` };
    ends.push(await here.run(["resume", "runs/asking"], again));
    for (const view of ["summary", "events", "calls"])
      ends.push(await here.run(["inspect", "runs/asking", view], again));
    expect(ends[1]?.code).toBe(75);
    expect(ends[1]?.stdout).toContain("[redacted]");
    const seen = [...ends.map(({ stdout, stderr }) => stdout + stderr), ...here.contents()];
    for (const secret of secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  },
);

thorough("what broken requests used is counted, also where the run is killed before one is answered", async () => {
  using here = desk({ "asking.yaml": asking("anthropic") });
  const broken = { kind: "stream-error", type: "overloaded_error" } as const;
  await using server = await startModelServer((_request, n) => [broken, { kind: "hang" } as const][n] ?? GOOD);
  const live = here.start(["run", "asking.yaml"], { MODEL_URL: server.url });
  await live.until("runner-waiting");
  while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
  live.kill("SIGKILL");
  await live.ended;
  expect((await here.run(["resume", "runs/asking"], { MODEL_URL: server.url })).code).toBe(0);
  const call = here.json<CallRecord>("runs/asking/iterations/00001/calls/i00001-researcher-a1.json");
  expect(call).toMatchObject({ attempts: 2, failedTries: [{ reason: expect.stringContaining("overloaded_error") }] });
  const used = call.failedTries?.[0]?.usage?.inputTokens ?? 0;
  expect(used).toBeGreaterThan(0);
  expect(here.json<RunManifest>("runs/asking/run.json").totals.inputTokens).toBe(GOOD.inputTokens + used);
});
