import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import type { FinishedTrial } from "../../src/model/trial.ts";
import { grid, script, sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

describe("a run stops", () => {
  const here = sharedDesk();

  const manifest = (place: string) => here.json<RunManifest>(`${place}/run.json`);
  const run = async (name: string, parts: Parameters<typeof spec>[0], args: readonly string[] = []) => {
    here.write(`${name}.yaml`, spec({ name, ...parts }));
    const end = await here.run(["run", `${name}.yaml`, "--workspace", name, ...args]);
    return { ...end, manifest: manifest(name) };
  };

  test("after its iterations", async () => {
    const { code, manifest } = await run("iterations", { stop: "{ iterations: 3 }" });
    expect(code).toBe(0);
    expect(manifest).toMatchObject({ status: "finished", reason: "iterations", iterationsCompleted: 3 });
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

  thorough("after failed experiments in a row, with 1; and a resume gives it as many again", async () => {
    const parts = { stop: "{ iterations: 9, failures: 4 }", experimenter: script("exit 1") };
    const { code, stdout, manifest } = await run("failures", parts);
    expect(code).toBe(1);
    expect(manifest).toMatchObject({ status: "failed", reason: "failures", totals: { trials: 4 } });
    expect(stdout).toContain("aura resume failures");
    expect((await here.run(["resume", "failures"])).code).toBe(1);
    expect(here.json<RunManifest>("failures/run.json").totals.trials).toBe(8);
  });

  test("with 1 when nothing was ever scored", async () => {
    const { code, stdout, manifest } = await run("nothing", { experimenter: script("echo hello") });
    expect(code).toBe(1);
    expect(manifest).toMatchObject({ reason: "nothing-scored", best: null });
    expect(stdout).toMatch(/nothing was scored/);
  });
});

describe("trials", () => {
  const here = sharedDesk();
  const one = grid(1);
  const trial = (place: string, name = "t00") =>
    here.json<FinishedTrial>(`${place}/iterations/00001/trials/i00001-h000-${name}.json`);
  const run = async (name: string, parts: Parameters<typeof spec>[0]) => {
    here.write(`${name}.yaml`, spec({ name, researcher: one, ...parts }));
    return here.run(["run", `${name}.yaml`, "--workspace", name]);
  };

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
});
