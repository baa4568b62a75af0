import { execFileSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallRecord } from "../../src/model/call.ts";
import type { Evaluation } from "../../src/model/evaluation.ts";
import type { Hypothesis } from "../../src/model/hypothesis.ts";
import type { RunManifest } from "../../src/model/run.ts";
import type { SummaryView } from "../../src/model/views.ts";
import { AURA, aura, type Desk, desk, eventsOf, grid, script, sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const model = (...rates: readonly number[]): string =>
  JSON.stringify(
    rates.map((rate) => ({ id: `rate-${rate}`, edits: [{ path: "rate.sh", content: `rate=${rate}\n` }] })),
  );

/** A finished run whose best state is `rate=5`, in a project with other files. */
async function codeRun(): Promise<Desk> {
  const here = desk({
    "project/rate.sh": "rate=1\n",
    "project/reply.json": model(2, 5),
    "project/code.yaml": spec({
      name: "code",
      researcher: "{ type: prompt, runner: { type: command, argv: [cat, reply.json] }, num_tasks: 2 }",
      experimenter: '{ type: script, command: [sh, -c, ". ./rate.sh; echo score=$rate"] }',
      more: "artifacts: [rate.sh]\nfiles: [reply.json]\n",
    }),
  });
  const first = await here.run(["run", "project/code.yaml"]);
  expect(first, first.stderr).toMatchObject({ code: 0 });
  return here;
}

describe("a run that is started from another", () => {
  let here: Desk;
  beforeAll(async () => {
    here = await codeRun();
    const command = '["sh","-c",". ./rate.sh; echo score=$((100 - rate))"]';
    const dry = ["run", "project/code.yaml", "--from", "runs/code", "--dry-run"];
    const plan = (await here.run(dry)).stdout;
    expect(plan).toMatch(/^ {2}workspace +\S+runs\/code-2 \(not made\)$/m);
    expect(plan).toMatch(/^ {2}from +\S+runs\/code@i00001-h001, with 3 hypotheses as prior knowledge$/m);
    expect(plan).toContain("rate=5");
    expect(plan).not.toMatch(/^ *rate=1$/m);
    const refused = await here.run(["resume", "runs/code", "--set", `experimenter.command=${command}`]);
    expect(refused.code).toBe(2);
    const line = / {2}aura (run .* --from \S+)$/m.exec(refused.stderr)?.[1] ?? "";
    here.write("project/rate.sh", "rate=1 # mine\n");
    here.write("project/reply.json", model(3, 4));
    here.write("elsewhere/paste.sh", `exec "$NODE" "$AURA" ${line} --json`);
  }, 60_000);
  afterAll(() => here[Symbol.dispose]());

  const place = "elsewhere/runs/code";
  const evaluation = (id: string) =>
    here.json<Evaluation>(`${place}/iterations/${id.slice(1, 6)}/evaluations/${id}.json`);

  test("is what the pasted command of a refused resume does, from any folder: the best state scored again, what was found as prior knowledge", () => {
    const stdout = execFileSync("sh", [here.join("elsewhere/paste.sh")], {
      cwd: here.join("elsewhere"),
      env: { ...process.env, NODE: process.execPath, AURA },
      encoding: "utf8",
      stdio: "pipe",
    });
    const [started] = eventsOf({ stdout }).filter(({ type }) => type === "run.described");
    expect(started?.run).toMatchObject({
      from: { workspace: here.join("runs/code"), hypotheses: 3, state: { hypothesisId: "i00001-h001" } },
    });
    expect(evaluation("i00000-h000").score).toBe(95);
    expect(here.json<RunManifest>(`${place}/run.json`).best).toEqual({ id: "i00001-h000", score: 97 });
    const { prompt } = here.json<CallRecord>(`${place}/iterations/00001/calls/i00001-researcher-a1.json`);
    expect(prompt).toMatch(/Of an earlier run, code \(score, maximize; scored in another way: do not compare/);
    expect(prompt).toMatch(/^code\/i00001-h001 "rate-5" score=5 passed with edits$/m);
    expect(prompt).toMatch(/What code\/i00001-h000 is different in[\s\S]*-rate=5\n\+rate=2\n/);
    expect(prompt).toContain("Of this run:\n");
    expect(prompt.slice(prompt.indexOf("# Best so far"))).toMatch(
      /^# Best so far.*\s+```\s+i00000-h000 "start" score=95/,
    );
  });

  test("says where it comes from to whoever looks", async () => {
    const summary = await here.document<SummaryView>(["inspect", place, "--json"]);
    expect(summary.from).toMatchObject({ workspace: here.join("runs/code"), hypotheses: 3 });
    expect((await here.run(["inspect", place])).stdout).toMatch(
      /^from +\S+runs\/code@i00001-h001, with 3 hypotheses as prior knowledge$/m,
    );
  });

  test("goes on when the earlier folder is gone, and is applied against the user's files as it read them", async () => {
    rmSync(here.join("runs"), { recursive: true });
    const more = await here.run(["resume", place, "--set", "stop.iterations=2", "--set", "researcher.num_tasks=1"]);
    expect(more, more.stderr).toMatchObject({ code: 0 });
    const { prompt } = here.json<CallRecord>(`${place}/iterations/00002/calls/i00002-researcher-a1.json`);
    expect(prompt).toContain("code/i00001-h001");
    const applied = await here.run(["apply", place]);
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    expect(here.read("project/rate.sh")).toBe("rate=3\n");
  });

  thorough("hands on what it knew, to one that is started from it", async () => {
    const next = await here.run(["run", "project/code.yaml", "--from", `${place}@start`, "--max-iterations", "1"]);
    expect(next, next.stderr).toMatchObject({ code: 0 });
    expect(here.json<Evaluation>("runs/code/iterations/00000/evaluations/i00000-h000.json").score).toBe(5);
    const runs = here.json<readonly { entries: readonly unknown[] }[]>("runs/code/prior/runs.json");
    expect(runs.map(({ entries }) => entries.length)).toEqual([3, 3]);
  });
});

describe("--from", () => {
  const here = sharedDesk({ "grid.yaml": spec({ name: "grid", researcher: grid(4) }) });
  beforeAll(async () => {
    expect((await here.run(["run", "grid.yaml"])).code).toBe(0);
  });

  const proposed = (place: string): readonly unknown[] =>
    [0, 1, 2, 3].flatMap((n) => {
      const text = here.read(`${place}/iterations/00001/hypotheses/i00001-h00${n}.json`);
      return text === null ? [] : [(JSON.parse(text) as Hypothesis).spec.x];
    });

  test("lets a search leave out what would get the same score, and try again what may get another", async () => {
    const wider = ["--set", "researcher.space.x.high=5"];
    const more = await here.run(["run", "grid.yaml", "--from", "runs/grid", ...wider]);
    expect(more, more.stderr).toMatchObject({ code: 0 });
    expect(more.stdout).toMatch(/ run\.started .*workspace=\S+runs\/grid-2 .*from=\S+runs\/grid prior=4 /);
    expect(proposed("runs/grid-2")).toEqual([4, 5]);
    const other = ["--workspace", "other", "--seed", "9"];
    expect((await here.run(["run", "grid.yaml", "--from", "runs/grid", ...other])).code).toBe(0);
    expect(proposed("other")).toEqual([0, 1, 2, 3]);
  });

  test("lets tpe learn from what was found with the same metric, and from no other", async () => {
    const tpe = ["--set", "researcher.method=tpe", "--set", "researcher.num_tasks=1"];
    const rationale = async (place: string, ...flags: readonly string[]): Promise<string | undefined> => {
      const end = await here.run(["run", "grid.yaml", "--from", "runs/grid", "--workspace", place, ...tpe, ...flags]);
      expect(end, end.stderr).toMatchObject({ code: 0 });
      return here.json<Hypothesis>(`${place}/iterations/00001/hypotheses/i00001-h000.json`).rationale;
    };
    expect(await rationale("learnt", "--seed", "5")).toContain("random start 5 of 10");
    expect(await rationale("fresh", "--set", "metric.direction=minimize")).toContain("random start 1 of 10");
  });

  test("is shown in the first prompt of a dry run, which writes nothing", async () => {
    const asking = "{ type: prompt, runner: { type: command, argv: [cat] }, num_tasks: 1 }";
    here.write("asking.yaml", spec({ name: "asking", researcher: asking }));
    const dry = await here.run(["run", "asking.yaml", "--from", "runs/grid@best", "--dry-run"]);
    expect(dry).toMatchObject({ code: 2, stderr: expect.stringContaining("this run tracks none") });
    const plain = await here.run(["run", "asking.yaml", "--dry-run"], { AURA_FROM: "runs/grid" });
    expect(plain, plain.stderr).toMatchObject({ code: 0 });
    expect(plain.stdout).toContain("grid/i00001-h003 score=3");
    expect(here.read("runs/asking/run.json")).toBeNull();
  });

  test("a dry run says what a run would do about a folder that holds one", async () => {
    const workspaceOf = async (...flags: readonly string[]) =>
      /^ {2}workspace +(.*)$/m.exec((await here.run(["run", "grid.yaml", "--dry-run", ...flags])).stdout)?.[1];
    expect(await workspaceOf()).toMatch(/runs\/grid \(already holds a run; continue it with: aura resume .*--new\)$/);
    expect(await workspaceOf("--new")).toMatch(/runs\/grid-\d+ \(not made\)$/);
    expect(await workspaceOf("--or-resume")).toMatch(/runs\/grid \(holds a run, which --or-resume goes on with\)$/);
  });

  thorough("reads a run that is live, and of that what is finished", async () => {
    here.write(
      "live.yaml",
      spec({
        name: "live",
        stop: "{ iterations: 2 }",
        experimenter: script(
          "case $2 in i00002*) until [ -e $AURA_ROOT/go ]; do sleep 0.1; done;; esac; echo score=$1",
        ),
      }),
    );
    const live = here.start(["run", "live.yaml", "--reporter", "plain"]);
    await live.until(/trial\.started id=i00002/);
    const end = await here.run(["run", "grid.yaml", "--from", "runs/live", "--workspace", "beside"]);
    expect(end.stdout).toMatch(/ run\.started .*prior=2 /);
    here.write("go", "");
    expect((await live.ended).code).toBe(0);
  });

  test("refuses what is no run, a state that is none, and a damaged run, and leaves nothing", async () => {
    const from = (place: string) => here.run(["run", "grid.yaml", "--from", place, "--workspace", "never"]);
    expect(await from("runs/grit")).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean") });
    expect(await from("runs/grid@9")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("this run tracks none: leave @9 out"),
    });
    here.write("runs/bad/run.json", here.read("runs/grid/run.json") ?? "");
    here.write("runs/bad/iterations/00001/iteration.json", "{");
    expect(await from("runs/bad")).toMatchObject({ code: 4 });
    expect(here.read("never/lock.json")).toBeNull();
    expect((await here.run(["run", "grid.yaml", "--from", "runs/bad", "--or-resume"])).code).toBe(2);
  });

  thorough("takes a folder with @ in its name for that folder", async () => {
    renameSync(here.join("other"), here.join("other@best"));
    const end = await aura(["run", "grid.yaml", "--from", "other@best", "--workspace", "at"], { cwd: here.path });
    expect(end, end.stderr).toMatchObject({ code: 0 });
  });
});
