import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { aura, eventsOf, script, sharedDesk, spec } from "../support/aura.ts";
import { few, thorough } from "../support/thorough.ts";

/** A loop over a command of the module's own folder. */
const LOOP = `
import { MetricEvaluator, Pipeline, ScriptExperimenter, SearchResearcher, type Workspace } from "aura-research";

export default async (workspace: Workspace): Promise<Pipeline> =>
  new Pipeline({
    researcher: new SearchResearcher({ method: "grid", numTasks: 2, space: { x: { type: "int", low: 1, high: 8 } } }),
    experimenter: new ScriptExperimenter("sh train.sh {x}"),
    evaluator: new MetricEvaluator({ metric: "score", baseline: 5 }),
    workspace,
    maxIterations: 2,
  });
`;

describe("a module that exports a pipeline", () => {
  const here = sharedDesk({
    "project/loop.ts": LOOP,
    "project/train.sh": "echo score=$1",
    "slow/slow.mts": LOOP.replace("numTasks: 2", "numTasks: 1"),
    "slow/train.sh": '[ "$1" = 1 ] || sleep 1\necho score=$1',
  });

  test("is run as a spec is: in its own folder, to runs/<name>, with last words that fit, and resumed from anywhere", async () => {
    const { code, stdout, stderr } = await here.run(["run", "project/loop.ts", "--parallel", "2"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("aura resume runs/loop --max-iterations 4");
    expect(here.json<RunManifest>("runs/loop/run.json")).toMatchObject({
      best: { score: 4 },
      moduleFile: "../../project/loop.ts",
      overrides: { parallel: 2 },
    });
    const taken = await here.run(["run", "project/loop.ts"]);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining("aura resume ") });

    here.write("project/loop.ts", LOOP.replace("maxIterations: 2", "maxIterations: 3"));
    const explained = await here.run(["resume", "runs/loop", "--explain"]);
    expect(explained.stdout).toMatch(/module +"loop\.ts \(.{12}\)" -> "loop\.ts[\s\S]* to reuse, 0 to adopt, 0 to run/);
    const longer = ["resume", here.join("runs/loop"), "--max-iterations", "4", "--require", "baseline"];
    expect((await aura(longer, { cwd: "/" })).code).toBe(0);
    expect(here.json<RunManifest>("runs/loop/run.json")).toMatchObject({
      best: { score: 8 },
      overrides: { parallel: 2, "stop.iterations": 4 },
    });
    const { best } = await here.document<{ best: unknown }>(["inspect", "runs/loop", "--json"]);
    expect(best).toMatchObject({ id: "i00004-h001", score: 8, spec: { x: 8 } });
  });

  thorough("stops at a signal as a spec's run does, and goes on where it was", async () => {
    const live = here.start(["run", "slow/slow.mts", "--workspace", "stopped", "--json"]);
    await live.until(/"trial.started".*i00002/);
    live.kill("SIGUSR2");
    const end = await live.ended;
    expect(end.code).toBe(75);
    expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", exitCode: 75, reason: "paused" });
    expect(end.stderr).toContain("aura resume stopped");
    const { trials } = here.json<RunManifest>("stopped/run.json").totals;
    const gone = here.start(["resume", "stopped", "--max-iterations", "9"]);
    await gone.until("trial.started id=i00004");
    gone.kill("SIGINT");
    expect((await gone.ended).code).toBe(130);
    expect(here.json<RunManifest>("stopped/run.json")).toMatchObject({
      status: "interrupted",
      iterationsCompleted: 4,
      totals: { trials: trials + 2 },
    });
  });

  test("takes no option that is about specs, and says what to do instead", async () => {
    const { code, stderr } = await here.run(["run", "project/loop.ts", "--set", "parallel=2", "--dry-run", "--new"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is a module, not a spec: --set .*--dry-run .*`aura validate`/);
    expect((await here.run(["resume", "runs/loop", "--set", "seed=3"])).code).toBe(2);
    expect((await here.run(["doctor", "project/loop.ts"])).code).toBe(2);
    const missing = await here.run(["run", "project/lop.ts", "--workspace", "runs/loop"]);
    expect(missing).toMatchObject({
      code: 2,
      stderr: "aura: there is no module project/lop.ts; did you mean project/loop.ts?\n",
    });
  });

  test("is validated without a trace", async () => {
    const valid = await here.document<object>(["validate", "slow/slow.mts", "--json"]);
    expect(valid).toEqual({ file: "slow/slow.mts", valid: true, errors: [], warnings: [] });
    expect(here.read("runs/slow/lock.json")).toBeNull();
  });

  thorough("keeps no command from ending: not by what it left open, nor by a pipeline that never comes", async () => {
    here.write("project/open.ts", `${LOOP}\nsetInterval(() => {}, 1000);`);
    expect((await here.run(["validate", "project/open.ts"])).code).toBe(0);
    here.write(
      "hangs.mjs",
      'setInterval(() => {}, 1000);\nexport default () => { console.log("making"); return new Promise(() => {}); };',
    );
    const live = here.start(["run", "hangs.mjs"]);
    await live.until(/making/);
    live.kill("SIGTERM");
    expect((await live.ended).code).toBe(143);
  });

  const mistakes: readonly (readonly [string, string, RegExp])[] = [
    ["no-default.mjs", "export const loop = 1;", /no-default\.mjs has no function as its default export; end it with/],
    ["throws.mjs", '\nthrow new Error("no license");', /cannot load the module throws\.mjs:2: no license/],
    ["torn.mjs", "const a = 1;\nconst b = ;\n", /torn\.mjs:2:\d+: syntax error/],
    ["gives.mjs", "export default () => 7;", /gives\.mjs gives is 7, no Pipeline/],
    [
      "options.mjs",
      'import { Pipeline } from "aura-research";\n\nexport default (workspace) =>\n  new Pipeline({ workspace, paralel: 2 });',
      /options\.mjs:4:\d+: the pipeline could not be made: .*did you mean parallel\?/,
    ],
    [
      "elsewhere.mts",
      LOOP.replace("Pipeline, ", "Pipeline, Workspace as Own, ").replace(
        "    workspace,",
        '    workspace: await Own.create("own"),',
      ),
      /has a workspace of its own/,
    ],
  ];
  test.each(few(mistakes, 2))(
    "with a mistake (%s) is refused with 2, and nothing is written",
    async (name, source, said) => {
      here.write(name, source);
      const { code, stderr } = await here.run(["run", name]);
      expect(stderr).toMatch(said);
      expect(stderr).not.toContain("unexpected error");
      expect(code).toBe(2);
      expect(here.read(`runs/${name.replace(/\..*/, "")}/lock.json`)).toBeNull();
    },
  );

  thorough("that builds on a spec is resumed as the module that it is", async () => {
    here.write("on-spec/spec.yaml", spec({ name: "on-spec", experimenter: script("echo score=1") }));
    here.write(
      "on-spec/loop.mjs",
      `import { loadSpec, MetricEvaluator, Pipeline, resolveSpec } from "aura-research";
export default async (workspace) => {
  const resolved = await resolveSpec(await loadSpec(new URL("spec.yaml", import.meta.url).pathname));
  class Twice extends MetricEvaluator {
    async evaluate(...given) {
      const { score, ...rest } = await super.evaluate(...given);
      return { ...rest, score: score * 2 };
    }
  }
  return new Pipeline({ ...resolved, evaluator: new Twice({ metric: "score" }), workspace });
};
`,
    );
    expect((await here.run(["run", "on-spec/loop.mjs", "--workspace", "on"])).code).toBe(0);
    expect((await here.run(["resume", "on", "--max-iterations", "2"])).code).toBe(0);
    expect(here.json<RunManifest>("on/run.json")).toMatchObject({
      best: { score: 2 },
      iterationsCompleted: 2,
      specFile: "../on-spec/spec.yaml",
      moduleFile: "../on-spec/loop.mjs",
    });
  });

  thorough("that was moved is looked for where it was, and the command names the way on", async () => {
    here.write("moved.mjs", LOOP.replaceAll(/: (Workspace|Promise<Pipeline>)/g, "").replace(", type Workspace", ""));
    here.write("train.sh", "echo score=$1");
    expect((await here.run(["run", "moved.mjs"])).code).toBe(0);
    here.write("other/moved.mjs", here.read("moved.mjs") ?? "");
    here.write("other/train.sh", "echo score=$1");
    rmSync(here.join("moved.mjs"));
    const { code, stderr } = await here.run(["resume", "runs/moved"]);
    expect(stderr).toMatch(/is not where it was.*\n.*--or-resume/);
    expect(code).toBe(2);
    const found = await here.run(["run", "other/moved.mjs", "--workspace", "runs/moved", "--or-resume"]);
    expect(found.code).toBe(0);
    expect((await here.run(["resume", "runs/moved"])).code).toBe(0);
  });
});
