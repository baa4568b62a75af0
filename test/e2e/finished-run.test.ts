import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { desk, eventsOf, script, sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

describe("resume of a finished run", () => {
  const here = sharedDesk({
    "tiny.yaml": spec({
      metric: "{ name: score, target: 7 }",
      experimenter: script("echo score=$1", 'env: { KEY: "${SOME_KEY}" }'),
    }),
  });
  beforeAll(async () => {
    const { code } = await here.run(["run", "tiny.yaml", "--workspace", "w"], env);
    expect(code).toBe(0);
  });

  const env = { SOME_KEY: "abcdefgh1234" };
  /** Names, times and sizes of every record of what was tried. */
  const state = (): readonly string[] =>
    readdirSync(here.join("w/iterations"), { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => {
        const { mtimeMs, size } = statSync(here.join(`w/iterations/${name}`));
        return `${name} ${mtimeMs} ${size}`;
      });

  test.each([
    [["resume", "w"], 0],
    [["resume", "w", "--json"], 0],
    [["resume", "w", "--require", "2"], 100],
    [["resume", "w", "--require", "target", "--json"], 100],
    [["run", "tiny.yaml", "--workspace", "w", "--or-resume"], 0],
  ])("runs nothing and changes no record: %j", async (args, expected) => {
    const before = state();
    const end = await here.run(args, env);
    expect(end.code).toBe(expected);
    expect(state()).toEqual(before);
    if (!args.includes("--json")) expect(end.stdout).toContain("aura inspect w");
    else expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", exitCode: expected, reason: "iterations" });
  });

  thorough("goes on when more is asked for, when a record is gone, or when the best has another score", async () => {
    type Best = { readonly id: string; readonly score: number };
    const best = (): Best => here.json<{ best: Best }>("w/run.json").best;
    const verdict = `w/iterations/00001/evaluations/${best().id}.json`;
    here.write(verdict, (here.read(verdict) ?? "").replace(/"score": [\d.]+/, '"score": 5.5'));
    expect((await here.run(["resume", "w", "--require", "5"], env)).code).toBe(0);
    expect(best().score).toBe(5.5);

    const removed = here.join("w/iterations/00001/evaluations/i00001-h000.json");

    rmSync(removed);
    expect((await here.run(["resume", "w"], env)).code).toBe(0);
    expect(statSync(removed).size).toBeGreaterThan(0);
    expect((await here.run(["resume", "w", "--max-iterations", "2"], env)).code).toBe(0);
    expect(here.json<{ iterationsCompleted: number }>("w/run.json").iterationsCompleted).toBe(2);
  });
});

thorough(
  "artifacts/ of a finished run, deleted or changed by hand, is written again by a resume that runs nothing",
  async () => {
    using here = desk({ "tiny.yaml": spec({ more: "artifacts: [code.txt]" }), "code.txt": "one\n" });
    expect((await here.run(["run", "tiny.yaml", "--workspace", "w"])).code).toBe(0);
    const trials = (): number => here.json<{ totals: { trials: number } }>("w/run.json").totals.trials;
    const before = trials();
    rmSync(here.join("w/artifacts"), { recursive: true });
    expect((await here.run(["resume", "w"])).code).toBe(0);
    expect(here.read("w/artifacts/code.txt")).toBe("one\n");

    here.write("w/artifacts/code.txt", "two\n");
    expect((await here.run(["resume", "w"])).code).toBe(0);
    expect(here.read("w/artifacts/code.txt")).toBe("one\n");
    expect(trials()).toBe(before);

    rmSync(here.join("w/journal.jsonl"));
    mkdirSync(here.join("w/journal.jsonl"));
    expect(await here.run(["resume", "w", "--json"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/"sink-failed".*journal\.jsonl is damaged: it is a folder/),
    });

    rmSync(here.join("w/iterations/00000"), { recursive: true });
    const { code, stderr } = await here.run(["inspect", "w", "artifacts"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("has no record of its start (iterations/00000)")]);
  },
);
