import { beforeAll, describe, expect, test } from "vitest";
import type { FinishedTrial } from "../../src/model/trial.ts";
import type { AttemptLogs, HypothesisRow, SummaryView } from "../../src/model/views.ts";
import { type AuraEnd, desk, grid, script, sharedDesk, spec } from "../support/aura.ts";
import { few } from "../support/thorough.ts";

// One run whose trials are: fine, silent, NaN, infinite, crashing, hanging, flooding, killed, and fine again.
const BEHAVE = `case $1 in
  0) echo loss=5 ;;
  1) echo nothing to see ;;
  2) echo loss=NaN ;;
  3) echo '{"loss": 1e999}' ;;
  4) echo loss=-100; echo the reason >&2; exit 3 ;;
  5) echo loss=-100; sleep 60 ;;
  6) echo loss=-100; head -c 52000000 /dev/zero | tr '\\\\0' 'a' ;;
  7) kill -SEGV $$ ;;
  8) echo loss=4 ;;
esac`;

type Hypotheses = { readonly hypotheses: readonly HypothesisRow[] };

describe("trials that go wrong", () => {
  const here = sharedDesk({
    "bad.yaml": spec({
      metric: "{ name: loss, direction: minimize }",
      stop: "{ iterations: 2 }",
      researcher: grid(9),
      experimenter: script(BEHAVE.replaceAll("\n", " "), "timeout: 3s, limits: { output: 32M }"),
      more: "parallel: 2",
    }),
  });
  let end: AuraEnd;
  let rows: ReadonlyMap<unknown, HypothesisRow>;
  beforeAll(async () => {
    end = await here.run(["run", "bad.yaml"]);
    const { hypotheses } = await here.document<Hypotheses>(["inspect", "runs/tiny", "hypotheses", "--json"]);
    rows = new Map(hypotheses.map((row) => [row.spec.x, row]));
  });

  const trial = (x: number) =>
    here.json<FinishedTrial>(`runs/tiny/iterations/00001/trials/${rows.get(x)?.id}-t00.json`);

  test("the loop goes on past all of them", () => {
    expect(end.stderr).toBe("");
    expect(end.code).toBe(0);
    expect(rows.size).toBe(9);
  });

  test("have no score, and a reason", () => {
    for (const x of [1, 2, 3, 4, 5, 6, 7]) {
      expect(rows.get(x)).toMatchObject({ score: null, passed: false, status: "failed" });
      expect(rows.get(x)?.reason).not.toBe("");
    }
  });

  test.each([
    [2, /NaN/],
    [3, /Infinity|1e999|not a number/],
    [4, /the reason|exit|code 3/],
    [5, /timed out after 3 s/],
  ])("say in the reason what happened (%i)", (x, reason) => {
    expect(rows.get(x)?.reason).toMatch(reason);
  });

  test.each([
    [0, "completed"],
    [4, "failed"],
    [5, "timeout"],
    [6, "output-limit"],
    [7, "signal"],
  ])("are recorded as what they were (%i: %s)", (x, status) => {
    expect(trial(x).outcome.status).toBe(status);
  });

  test("keep their exit code and last words", () => {
    expect(trial(4).outcome).toMatchObject({
      failure: { exitCode: 3, logTail: expect.stringContaining("the reason") },
    });
  });

  test("never become the best, however low the number they printed before they failed", async () => {
    const { best } = await here.document<SummaryView>(["inspect", "runs/tiny", "--json"]);
    expect(best).toMatchObject({ score: 4, spec: { x: 8 } });
  });

  test("leave a bounded log of a flood", async () => {
    const { logs } = await here.document<{ readonly logs: readonly AttemptLogs[] }>([
      "inspect",
      "runs/tiny",
      "logs",
      `${rows.get(6)?.id}-t00`,
      "--json",
    ]);
    expect(logs[0]?.stdout?.bytes).toBeLessThan(12 * 1024 * 1024);
  });
});

describe("a trial that cannot be started", () => {
  // The first trial runs, and does away with what the second needs.
  const endings = few([
    ["its program is gone", 'rm -- "$0"', "", /there is no such file/],
    ["its program may not be executed any more", 'chmod -x "$0"', "", /may not be executed/],
    ["its variables are too long", ":", `env: { LONG: ${"x".repeat(200_000)} }`, /is too long/],
  ]);
  test.each(endings)("because %s has failed for good, and is not tried again", async (_, ending, options, message) => {
    using here = desk({
      "cannot.yaml": spec({
        researcher: grid(2),
        experimenter: `{ type: script, command: ["./run.sh"]${options === "" ? "" : `, ${options}`} }`,
        more: "retries: 1\nparallel: 1",
      }),
    });
    here.write("run.sh", `#!/bin/sh\n${ending}\necho score=1\n`, 0o755);
    await here.run(["run", "cannot.yaml"]);
    const { attempts, outcome } = here.json<FinishedTrial>("runs/tiny/iterations/00001/trials/i00001-h001-t00.json");
    expect(outcome).toMatchObject({
      status: "failed",
      failure: {
        code: expect.stringMatching(/^cannot-start$|^command-invalid$/),
        message: expect.stringMatching(message),
      },
    });
    expect(attempts).toHaveLength(1);
  });
});

describe("a flood", () => {
  const floods = few([
    [
      "a bar on stdout that ends in the score",
      `yes ' 42%|####      | 9.87it/s' | tr '\\\\n' '\\\\r' | head -c 40000000; echo; echo score=1`,
    ],
    [
      "a progress bar on stderr, redrawn for a day",
      `yes ' 42%|####      | 9.87it/s' | tr '\\\\n' '\\\\r' | head -c 40000000 >&2; echo score=1`,
    ],
    ["lines on stdout after the score", `echo score=1; yes 'an epoch of it' | head -c 40000000`],
  ]);
  test.each(floods)("costs a trial nothing: %s", async (_, line) => {
    using here = desk({ "flood.yaml": spec({ researcher: grid(1), experimenter: script(line) }) });
    await here.run(["run", "flood.yaml"]);
    const { best } = await here.document<SummaryView>(["inspect", "runs/tiny", "--json"]);
    expect(best).toMatchObject({ score: 1 });
  });
});
