import { beforeAll, describe, expect, test } from "vitest";
import type { Comparison } from "../../src/model/views.ts";
import { script, sharedDesk, spec } from "../support/aura.ts";

describe("the results of a run", () => {
  const here = sharedDesk({
    "runs.yaml": spec({
      name: "runs",
      stop: "{ hypotheses: 12, failures: 12 }",
      researcher: `{ type: search, method: random, num_tasks: 4, space: {
          x: { type: float, low: -1, high: 1 }, kind: { type: categorical, choices: ["=1+1", "b, \\"c\\""] },
          deep: { type: int, low: 1, high: 9, when: { kind: "=1+1" } } } }`,
      experimenter: script('case $1 in -*) exit 3;; esac; echo "{\\"score\\": $1, \\"loss\\": {\\"val\\": 2}}"'),
    }),
    "edits.yaml": spec({
      name: "edits",
      researcher: "{ type: prompt, runner: { type: command, argv: [sh, propose.sh] }, num_tasks: 1 }",
      experimenter: '{ type: script, command: "sh solve.sh {aura.seed}", timeout: 1m }',
      more: "artifacts: [solve.sh]\nfiles: [propose.sh]\n",
    }),
    "solve.sh": "echo score: 1\n",
    "propose.sh": `cat > /dev/null; echo '[{"label": "two", "edits": [{"path": "solve.sh", "content": "echo score: 2\\n"}]}]'\n`,
  });
  beforeAll(async () => {
    for (const seed of ["1", "2", "3"]) {
      await here.run(["run", "runs.yaml", "--seed", seed, "--workspace", `w${seed}`]);
    }
    await here.run(["run", "edits.yaml"]);
  });

  test("are a table with a row for each hypothesis, in which nothing is a formula", async () => {
    expect(await here.run(["export", "w1", "-o", "w1.csv"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const [head, ...rows] = (here.read("w1.csv") ?? "").trimEnd().split("\r\n");
    expect(head).toBe(
      "id,label,param.x,param.kind,param.deep,score,passed,counts,metric.score,metric.loss.val,metric.trials.completed,metric.trials.failed,status,seconds,started,parents,reason",
    );
    expect(rows).toHaveLength(12);
    expect(rows.join("\n")).not.toMatch(/(^|,)"?[=@]/m);
    expect(rows.join("\n")).toContain(',"b, ""c""",');
    expect(rows.join("\n")).toContain(",'=1+1,");
  });

  test("say the same as lines of JSON", async () => {
    const { stdout } = await here.run(["export", "w1", "--format", "jsonl"]);
    const rows: readonly Record<string, unknown>[] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ id }) => id)).toContain("i00003-h003");
    expect(rows.find(({ status }) => status === "scored")).toMatchObject({
      "metric.loss.val": 2,
      passed: true,
      parents: [],
    });
    expect(rows.find(({ status }) => status === "failed")).toMatchObject({
      score: null,
      reason: expect.stringContaining("3"),
    });
  });

  test("are written to a file, and to none in a folder that is not there", async () => {
    expect(await here.run(["export", "w1", "-o", "w1.csv"])).toMatchObject({ code: 0, stdout: "" });
    expect(here.read("w1.csv")).toContain("i00003-h003");
    const refused = await here.run(["export", "w1", "-o", "no/w1.csv"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/there is no folder \S+\/no\n$/) });
  });

  test("are compared at equally many hypotheses", async () => {
    await here.run(["resume", "w3", "--set", "stop.hypotheses=20"]);
    const seen = await here.document<Comparison>(["compare", "w1", "w2", "w3", "--json"]);
    expect(seen.runs.map(({ bestSoFar }) => bestSoFar.length)).toEqual([13, 13, 21]);
    const at12 = seen.runs.map(({ bestSoFar }) => bestSoFar[12] ?? 0);
    expect(seen.equal).toMatchObject({ hypotheses: 12, score: Math.max(...at12) });
    expect(seen.runs.find(({ workspace }) => workspace === seen.equal.best)?.bestSoFar[12]).toBe(seen.equal.score);
    for (const { best, bestAt, bestSoFar } of seen.runs) expect(bestSoFar[bestAt ?? -1]).toBe(best?.score);
    const { stdout } = await here.run(["compare", "w1", "w2", "w3"]);
    expect(stdout).toMatch(/^ +10 .*\n +12 .*\n +20 /m);
    expect(stdout).toContain(`at 12 hypotheses, which each of them has: ${seen.equal.best} is best`);
    expect(stdout).not.toContain("scored otherwise");
    expect((await here.run(["compare", "w1"])).stdout).not.toContain("each of them");
    expect(await here.run(["compare", "w1", "none"])).toMatchObject({ code: 2 });
  });

  test("are said not to be comparable where they are scored in another way, and what has no price costs nobody knows what", async () => {
    here.write("other.yaml", `${here.read("edits.yaml")}checks: [{ name: ok, command: "false" }]\n`);
    await here.run(["run", "other.yaml", "--from", "runs/edits"]);
    const { stdout } = await here.run(["compare", "runs/edits", "runs/edits-2"]);
    expect(stdout).toMatch(/^runs\/edits-2 is scored otherwise than runs\/edits: checks is another\n\nrun /);
    expect(stdout).toMatch(/^runs\/edits +2 .* unknown /m);
    expect(stdout).toMatch(/\nruns\/edits-2 has scored no hypothesis of its own yet\n$/);
  });

  test("are listed with the best first", async () => {
    const { hypotheses } = await here.document<{ hypotheses: readonly { score: number | null }[] }>([
      ...["inspect", "w1", "hypotheses", "--sort", "score", "--top", "3", "--json"],
    ]);
    const scores = hypotheses.map(({ score }) => score ?? -1);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores).toHaveLength(3);
    expect(await here.run(["inspect", "w1", "best", "--top", "3"])).toMatchObject({ code: 2 });
  });

  test("name the command that was run, its seed, all metrics and what edits changed", async () => {
    const { stdout } = await here.run(["inspect", "w1", "best"]);
    expect(stdout).toMatch(/\nmetrics\n {2}score: 0\.\d+\n {2}loss:\n {4}val: 2\n/);
    expect(stdout).toMatch(/\nran\n {2}seed \d+, \d+m?s: sh -c 'case/);
    const shown = await here.run(["inspect", "runs/edits", "show", "i00001-h000"]);
    expect(shown.stdout).toMatch(/\nran\n {2}seed \d+, .*: sh solve\.sh \d+\n/);
    expect(shown.stdout).toMatch(/\nchanges\n[\s\S]*-echo score: 1\n {2}\+echo score: 2\n/);
  });

  test("say the same in JSON", async () => {
    const trial = { kind: "trial", seed: expect.any(Number), status: "completed", durationMs: expect.any(Number) };
    expect(await here.document(["inspect", "w1", "best", "--json"])).toMatchObject({
      best: {
        metrics: { score: expect.any(Number), loss: { val: 2 } },
        runs: [{ ...trial, command: expect.arrayContaining(["sh", "-c"]) }],
        diff: "",
      },
    });
    expect(await here.document(["inspect", "runs/edits", "show", "i00001-h000", "--json"])).toMatchObject({
      runs: [{ ...trial, id: "i00001-h000-t00", command: ["sh", "solve.sh", expect.stringMatching(/^\d+$/)] }],
      diff: expect.stringContaining("-echo score: 1\n+echo score: 2\n"),
    });
  });
});
