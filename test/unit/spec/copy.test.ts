import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/model/json.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { START_REASON, START_SCORE } from "../../../src/spec/first-prompt.ts";
import { loadSpec, planRun } from "../../../src/spec/index.ts";
import { resolveData, runData } from "../../../src/testing/run-spec.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";

const effects = systemEffects();

function tracked(dir: TemporaryDirectory, ...paths: readonly string[]): void {
  for (const args of [
    ["init", "-q"],
    ["add", ...paths],
  ])
    execFileSync("git", args, { cwd: dir.path });
}

const SPEC: JsonObject = {
  version: 1,
  name: "tiny",
  goal: "More.",
  metric: { name: "score" },
  stop: { iterations: 1, hypotheses: 2 },
  artifacts: ["src/"],
  inputs: ["data", { path: "notes.txt", show: "full" }],
  researcher: {
    type: "prompt",
    runner: { type: "command", argv: ["echo", "[]"] },
    num_tasks: 3,
    space: { lr: { type: "float", low: 0, high: 1 } },
  },
  experimenter: { type: "script", command: "sh src/run.sh" },
};

function planted(dir: TemporaryDirectory): void {
  dir.write("src/run.sh", "echo score: 0.625\n");
  dir.write("src/big.txt", "0123456789abcdef\n".repeat(9000));
  chmodSync(dir.write("src/bytes.bin", "\u0000\u0001"), 0o755);
  dir.write("data/a/one.csv", "1\n");
  dir.write("data/two.csv", "22\n");
  dir.write("notes.txt", "Read me.\n");
}

test.each([
  ["with artifacts, inputs and a space", {}],
  [
    "where the prompt is the user's",
    { "researcher.prompt": "{{best.score}} {{artifacts}} {{inputs}} {{num_tasks}} {{budget}}" },
  ],
  ["where nothing is tracked", { artifacts: [] }],
])("a dry run shows the first prompt byte for byte, %s", async (_, changes) => {
  using dir = temporaryDirectory();
  planted(dir);
  const { "researcher.prompt": prompt, ...others } = changes as Record<string, string | never[]>;
  const researcher = { ...(SPEC.researcher as JsonObject), ...(prompt === undefined ? {} : { prompt }) };
  const spec = { ...SPEC, ...others, researcher };
  const plan = await planRun(await resolveData(dir, spec), dir.join("run"), effects);
  const { workspace } = await runData(dir, spec);
  const [call] = workspace.listCalls(1);
  const sent = workspace.readCall(1, call ?? "")?.prompt;
  expect(sent).toContain("Read me.");
  const known = plan.prompt?.replaceAll(START_SCORE, "0.625");
  expect(known?.replaceAll(START_REASON, "score 0.625: there is no baseline to beat")).toBe(sent);
  expect(plan.cost.promptTokens).toBe(Math.ceil((plan.prompt ?? "").length / 4));
});

test("a dry run lists what a trial's copy holds, and what of the project it does not", async () => {
  using dir = temporaryDirectory();
  planted(dir);
  dir.write(".gitignore", "build/\n");
  dir.write("build/out.o", "o");
  dir.write("lib/helper.py", "K = 1");
  dir.write("src/.env", "late");
  tracked(dir, ".gitignore", "src/run.sh");
  const { copy } = await planRun(await resolveData(dir, SPEC), dir.join("run"), effects);
  expect(copy).toMatchObject({
    files: 4,
    holds: ["src/big.txt", "src/bytes.bin", "src/run.sh", ".gitignore"],
    inputs: ["data", "notes.txt"],
    missing: 4,
    leftOut: [
      { path: "build/", why: "ignored" },
      { path: "lib/", why: "untracked" },
      { path: "spec.yaml", why: "untracked" },
      { path: "src/.env", why: "secrets" },
    ],
  });
  const inPlace = await resolveData(dir, { ...SPEC, artifacts: [] });
  expect((await planRun(inPlace, dir.join("run"), effects)).copy).toBeNull();
});

async function warningsOf(dir: TemporaryDirectory, changes: JsonObject): Promise<readonly string[]> {
  const path = dir.write("spec.yaml", JSON.stringify({ ...SPEC, inputs: [], ...changes }, null, 2));
  return (await loadSpec(path)).warnings
    .filter(({ path: at }) => !at.startsWith("researcher"))
    .map(({ path: at, message }) => `${at}: ${message}`);
}

describe("a command of a run with copies", () => {
  test("that needs an untracked or ignored file is told of, also by what its program imports", async () => {
    using dir = temporaryDirectory();
    planted(dir);
    dir.write(".gitignore", "tools/\n");
    dir.write("tools/score", "#!/bin/sh\n");
    dir.write("app/main.py", "import os\nfrom common.shapes import Box\nimport known, other\n");
    dir.write("app/common/shapes.py", "class Box: ...\n");
    dir.write("app/known.py", "");
    dir.write("config.toml", "");
    tracked(dir, "app/main.py", "app/known.py");
    const warnings = await warningsOf(dir, {
      experimenter: { type: "script", command: "python3 app/main.py --config=config.toml" },
      checks: [{ name: "lint", command: ["tools/score", "src"] }],
    });
    expect(warnings).toEqual([
      expect.stringContaining("app/common/shapes.py, which app/main.py imports, is not in a trial's copy"),
      expect.stringMatching(/^experimenter\.command: config\.toml is not in .* `git add` it/),
      expect.stringMatching(/^checks\.0\.command: tools\/score is not in .* git ignores it/),
    ]);
    expect(
      await warningsOf(dir, {
        files: ["*"],
        experimenter: { type: "script", command: "python3 app/main.py" },
      }),
    ).toEqual([]);
    expect(await warningsOf(dir, { artifacts: [] })).toEqual([]);
    const built = { type: "script", shell: true, command: "make tools/score && tools/score" };
    expect((await warningsOf(dir, { experimenter: built })).join()).not.toContain("tools/score");
    // An evaluator's command runs in the project itself.
    expect(await warningsOf(dir, { evaluator: { type: "command", command: "tools/score" } })).toEqual([]);
  });

  test("whose program reads what a link out of the project leads to is told that a copy does not hold it", async () => {
    using dir = temporaryDirectory();
    using elsewhere = temporaryDirectory();
    planted(dir);
    mkdirSync(dir.join("sets"));
    symlinkSync(elsewhere.path, dir.join("sets/images"));
    symlinkSync("../outside", dir.join("src/gone"));
    symlinkSync("run.sh", dir.join("src/fine"));
    tracked(dir, ".");
    expect(await warningsOf(dir, {})).toEqual([]);
    dir.write("src/run.sh", "cat sets/images/one\n");
    const why = "sets/images, which src/run.sh names, is not in a trial's copy of the project, as the link leads out";
    expect(await warningsOf(dir, {})).toEqual([expect.stringContaining(`experimenter.command: ${why}`)]);
    expect(await warningsOf(dir, { inputs: ["sets"] })).toEqual([]);
  });
});

test("slots that no iteration can use are told of with what to set, and not promised by a dry run", async () => {
  using dir = temporaryDirectory();
  planted(dir);
  const experimenter = { type: "script", command: "sh src/run.sh", trials: 2 };
  const parallel = (count: number): JsonObject => ({ parallel: count, experimenter });
  expect(await warningsOf(dir, parallel(6))).toEqual([]);
  expect(await warningsOf(dir, parallel(9))).toEqual([
    expect.stringMatching(/^parallel: no more than 6 of these 9 slots .* set `researcher.num_tasks` to 5$/),
  ]);
  expect((await planRun(await resolveData(dir, { ...SPEC, ...parallel(9) }), dir.join("run"), effects)).atOnce).toBe(6);
});
