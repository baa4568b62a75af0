import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import type { FinishedTrial } from "../../src/model/trial.ts";
import { grid, script, sharedDesk, spec } from "../support/aura.ts";
import { startModelServer } from "../support/model-server.ts";
import { thorough } from "../support/thorough.ts";

describe("a run stops", () => {
  const here = sharedDesk();

  const manifest = (place: string) => here.json<RunManifest>(`${place}/run.json`);
  const run = async (name: string, parts: Parameters<typeof spec>[0], args: readonly string[] = []) => {
    here.write(`${name}.yaml`, spec({ name, ...parts }));
    const end = await here.run(["run", `${name}.yaml`, "--workspace", name, ...args]);
    return { ...end, manifest: manifest(name) };
  };
  const random = (tasks: number): string =>
    `{ type: search, method: random, num_tasks: ${tasks}, space: { x: { type: float, low: 0, high: 1 } } }`;

  test("after its iterations", async () => {
    const { code, manifest } = await run("iterations", { stop: "{ iterations: 3 }" });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({ status: "finished", reason: "iterations", iterationsCompleted: 3 });
  });

  thorough("after its hypotheses, the last batch being shorter", async () => {
    const { code, manifest } = await run("hypotheses", { stop: "{ hypotheses: 5 }", researcher: random(3) });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({
      reason: "hypotheses",
      iterationsCompleted: 2,
      totals: { hypotheses: 5, trials: 5 },
    });
  });

  thorough("after iterations without a better score, as many as its patience", async () => {
    const { code, manifest } = await run("patience", { stop: "{ patience: 2 }", experimenter: script("echo score=1") });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({ reason: "patience", iterationsCompleted: 3, best: { id: "i00001-h000" } });
  });

  thorough("when better by less than min_delta does not count as better", async () => {
    const { manifest } = await run("delta", {
      metric: "{ name: score, min_delta: 2 }",
      stop: "{ patience: 1 }",
      researcher: random(1),
    });
    expect(manifest).toMatchObject({ reason: "patience", iterationsCompleted: 2, best: { id: "i00001-h000" } });
  });

  test("when the target is reached, in the metric's direction", async () => {
    const { code, manifest } = await run("target", {
      metric: "{ name: loss, direction: minimize, target: 2 }",
      stop: "{ iterations: 9 }",
      researcher: "{ type: search, method: grid, num_tasks: 2, space: { x: { type: int, low: 0, high: 9 } } }",
      experimenter: script("echo loss=$((8 - 2 * $1))"),
    });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({ reason: "target", iterationsCompleted: 2, best: { score: 2 } });
  });

  test("when a grid is at its end", async () => {
    const { code, manifest } = await run("grid", { stop: "{ iterations: 50 }", researcher: grid(5) });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({ reason: "exhausted", totals: { hypotheses: 5 } });
  });

  thorough("after its active time, what runs being finished and scored", async () => {
    const { code, manifest } = await run("clock", {
      stop: "{ wall_clock: 1 }",
      researcher: random(50),
      experimenter: script("sleep 0.3; echo score=$1"),
      more: "parallel: 2",
    });
    expect(code).toBe(0);
    expect(manifest.reason).toBe("wall-clock");
    expect(manifest.totals.trials).toBeGreaterThan(2);
    expect(manifest.totals.trials).toBeLessThan(20);
    const { hypotheses } = await here.document<{ hypotheses: readonly { status: string }[] }>([
      "inspect",
      "clock",
      "hypotheses",
      "--json",
    ]);
    expect(hypotheses.filter(({ status }) => status === "scored")).toHaveLength(manifest.totals.trials);
  });

  thorough("after failed experiments in a row, with 1; and a resume gives it as many again", async () => {
    const parts = { stop: "{ iterations: 9, failures: 4 }", experimenter: script("exit 1") };
    const { code, stdout, manifest } = await run("failures", parts);
    expect(code).toBe(1);
    expect(manifest).toMatchObject({ status: "failed", reason: "failures", totals: { trials: 4 } });
    expect(stdout).toContain("aura resume failures");
    expect((await here.run(["resume", "failures"])).code).toBe(1);
    expect(here.json<RunManifest>("failures/run.json").totals.trials).toBe(8);
  });

  thorough("after ten of them where the spec does not say", async () => {
    const { code, manifest } = await run("ten", {
      stop: "{ iterations: 9 }",
      experimenter: script("exit 1"),
      more: "parallel: 2\nstart: may_fail",
    });
    expect(code).toBe(1);
    expect(manifest).toMatchObject({ reason: "failures", totals: { trials: 10 } });
  });

  test("with 1 when nothing was ever scored", async () => {
    const { code, stdout, manifest } = await run("nothing", { experimenter: script("echo hello") });
    expect(code).toBe(1);
    expect(manifest).toMatchObject({ reason: "nothing-scored", best: null });
    expect(stdout).toMatch(/nothing was scored/);
  });

  thorough.each([
    ["tokens", "{ tokens: 2k }", "tokens"],
    ["cost", "{ cost_usd: 0.012 }", "cost"],
  ])("when its %s are spent, before the next question", async (name, stop, reason) => {
    await using server = await startModelServer((_, asked) => ({
      kind: "text",
      text: JSON.stringify([{ x: asked / 10 }]),
      inputTokens: 800,
      outputTokens: 200,
    }));
    here.write(
      `${name}.yaml`,
      spec({
        name,
        stop,
        researcher: "{ type: prompt, runner: main, num_tasks: 1 }",
        more: `runners: { main: { type: anthropic, model: m, base_url: "${server.url}", price: { input: 5, output: 5 } } }`,
      }),
    );
    const env = { ANTHROPIC_API_KEY: "sk-0123456789" };
    const { code } = await here.run(["run", `${name}.yaml`, "--workspace", name], env);
    expect(code).toBe(0);
    expect(manifest(name)).toMatchObject({ reason, status: "finished" });
    expect(manifest(name).totals.calls).toBe(name === "tokens" ? 2 : 3);
    expect(server.requests).toHaveLength(manifest(name).totals.calls);
  });
});

describe("trials", () => {
  const here = sharedDesk({ "data.csv": "a,b\n1,2\n" });
  const one = grid(1);
  const trial = (place: string, name = "t00") =>
    here.json<FinishedTrial>(`${place}/iterations/00001/trials/i00001-h000-${name}.json`);
  const run = async (name: string, parts: Parameters<typeof spec>[0]) => {
    here.write(`${name}.yaml`, spec({ name, researcher: one, ...parts }));
    return here.run(["run", `${name}.yaml`, "--workspace", name]);
  };

  test("are cut at the spec's time budget, however long their own timeout", async () => {
    await run("budget", {
      experimenter: script("sleep 30; echo score=1", "timeout: 10m"),
      more: "constraints: { time_budget: 0.5 }",
    });
    expect(trial("budget").outcome).toMatchObject({
      status: "timeout",
      failure: { message: expect.stringContaining("0.5") },
    });
  });

  thorough("that fail are tried again as often as `retries` says, each attempt in a folder of its own", async () => {
    const flaky =
      'echo $AURA_TRIAL_DIR >> "$AURA_ROOT/dirs.txt"; if [ $(wc -l < "$AURA_ROOT/dirs.txt") -lt 3 ]; then exit 1; fi; echo score=1';
    const { code } = await run("retries", { experimenter: script(flaky), more: "retries: 2" });
    expect(code).toBe(0);
    expect(trial("retries").attempts.map(({ status }) => status)).toEqual(["failed", "failed", "completed"]);
    expect(new Set(here.lines("dirs.txt")).size).toBe(3);
  });

  thorough("that failed are run again by --retry-failed, all or those named, and completed ones are not", async () => {
    const once = '[ -e "$AURA_ROOT/fixed" ] || [ $1 = 0 ] || exit 1; echo $1 >> "$AURA_ROOT/ran.txt"; echo score=$1';
    await run("again", { researcher: grid(3), experimenter: script(once) });
    here.write("fixed", "");
    const stranger = await here.run(["resume", "again", "--retry-failed", "i00001-h009"]);
    expect(stranger).toMatchObject({ code: 2 });
    expect(stranger.stderr).toContain("i00001-h009");
    expect(stranger.stdout).not.toContain("failed: stopped by an error");
    const failed = here
      .json<{ hypotheses: readonly string[] }>("again/iterations/00001/iteration.json")
      .hypotheses.filter(
        (id) => here.json<{ score: number | null }>(`again/iterations/00001/evaluations/${id}.json`).score === null,
      );
    expect(failed).toHaveLength(2);
    await here.run(["resume", "again", "--retry-failed", failed[0] ?? ""]);
    expect(here.lines("ran.txt")).toHaveLength(2);
    expect((await here.run(["resume", "again", "--retry-failed"])).code).toBe(0);
    expect(here.lines("ran.txt").toSorted()).toEqual(["0", "1", "2"]);
    expect(here.json<RunManifest>("again/run.json").best?.score).toBe(2);
  });

  thorough("that change an input have failed", async () => {
    const { code } = await run("inputs", {
      experimenter: script('echo 3,4 >> "$AURA_ROOT/data.csv"; echo score=1'),
      more: "inputs: [data.csv]",
    });
    expect(code).toBe(1);
    expect(trial("inputs").outcome).toMatchObject({
      status: "failed",
      failure: { code: "input-changed", message: expect.stringContaining("data.csv") },
    });
  });

  thorough.each([
    ["mean", 2],
    ["median", 2],
    ["best", 3],
    ["worst", 1],
    ["last", 3],
  ])("that are repeated give their %s", async (aggregator, score) => {
    const { code } = await run(aggregator, {
      experimenter: script("echo score=$((AURA_TRIAL_INDEX + 1))", `trials: 3, aggregator: { type: ${aggregator} }`),
      more: "parallel: 2",
    });
    expect(code).toBe(0);
    expect(here.json<RunManifest>(`${aggregator}/run.json`).best?.score).toBe(score);
  });

  test("that are repeated have seeds that do not depend on the hypothesis, and slots of their own", async () => {
    here.write(
      "seeds.yaml",
      spec({
        name: "seeds",
        researcher: grid(2),
        experimenter: script(
          'echo "$AURA_SEED $AURA_TRIAL_INDEX $AURA_SLOT" >> "$AURA_ROOT/seeds.txt"; echo score=1',
          "trials: 3",
        ),
        more: "parallel: 2",
      }),
    );
    await here.run(["run", "seeds.yaml"]);
    const lines = here.lines("seeds.txt").map((line) => line.split(" "));
    const seeds = new Set(lines.map(([seed, index]) => `${index}:${seed}`));
    expect(lines).toHaveLength(6);
    expect(seeds.size).toBe(3);
    expect(new Set(lines.map(([, , slot]) => slot))).toEqual(new Set(["0", "1"]));
  });

  thorough("may fail as often as `allow_failed` says, and no more", async () => {
    const second = script("[ $AURA_TRIAL_INDEX -ne 1 ] || exit 1; echo score=4", "trials: 3, allow_failed: 1");
    expect((await run("allowed", { experimenter: second })).code).toBe(0);
    expect((await run("strict", { experimenter: second.replace("allow_failed: 1", "allow_failed: 0") })).code).toBe(1);
    const row = here.json<{ reason: string }>("strict/iterations/00001/evaluations/i00001-h000.json");
    expect(row.reason).toMatch(/1 of 3/);
  });

  test("run only after every check has passed", async () => {
    const checked = await run("checked", {
      experimenter: script('echo started >> "$AURA_ROOT/checked.txt"; echo score=1'),
      more: 'checks: [{ name: fine, command: "true" }, { name: tests, command: ["sh", "-c", "echo two tests broke >&2; exit 4"] }]',
    });
    expect(checked.code).toBe(1);
    expect(here.lines("checked.txt")).toEqual([]);
    const { reason, score } = here.json<{ reason: string; score: null }>(
      "checked/iterations/00001/evaluations/i00001-h000.json",
    );
    expect(score).toBeNull();
    expect(reason).toMatch(/tests/);
    expect(trial("checked", "c00").outcome.status).toBe("completed");
  });

  test("get parameters that only look like options or shell as the plain words they are", async () => {
    const hostile = ["$(touch pwned)", "; touch pwned", "a b", "*", "'\"", "{aura.id}"];
    const choices = JSON.stringify(hostile);
    here.write(
      "hostile.yaml",
      spec({
        name: "hostile",
        stop: "{ iterations: 1 }",
        researcher: `{ type: search, method: grid, num_tasks: 10, space: { x: { type: categorical, choices: ${choices} } } }`,
        experimenter: script('printf "%s\\n" "$1" >> "$AURA_ROOT/words.txt"; echo score=1'),
      }),
    );
    expect((await here.run(["run", "hostile.yaml"])).code).toBe(0);
    expect(here.lines("words.txt").toSorted()).toEqual(hostile.toSorted());
    expect(here.read("pwned")).toBeNull();
  });
});
