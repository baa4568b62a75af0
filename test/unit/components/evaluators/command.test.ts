import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/model/json.ts";
import { localObserver } from "../../../../src/platform/observer.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { planRun } from "../../../../src/spec/index.ts";
import { resolveData, runData } from "../../../../src/testing/run-spec.ts";
import { inspectLogs } from "../../../../src/workspace/views/details.ts";
import { dataSpec } from "../../../support/data-spec.ts";
import { testFolder } from "../../../support/test-folder.ts";

const dir = testFolder();

function spec(evaluator: JsonObject, more: JsonObject = {}): JsonObject {
  return dataSpec({
    metric: { name: "right" },
    experimenter: {
      type: "script",
      command: ["sh", "-c", 'echo $(($1 + $1)) > "$AURA_TRIAL_DIR/sum.txt"; echo done=1', "sh", "{n}"],
    },
    evaluator: { type: "command", ...evaluator },
    ...more,
  });
}

async function scoresOf(evaluator: JsonObject, more: JsonObject = {}) {
  const { workspace, result } = await runData(dir, spec(evaluator, more));
  const evaluations = ["i00001-h000", "i00001-h001"].map((id) => workspace.readEvaluation(id));
  return { evaluations, scores: evaluations.map((one) => one?.score), result, workspace };
}

describe("an evaluator's command", () => {
  it("scores what a trial left in its folder, by what only it may see, with a number", async () => {
    dir.write("answers.txt", "4\n");
    dir.write("score.sh", '[ "$(cat "$1/sum.txt")" = "$(cat "$2")" ] && echo 1 || echo 0\n');
    const command = "sh score.sh {aura.trial_dir} {aura.inputs...}";
    expect((await scoresOf({ command, inputs: ["answers.txt"] })).scores).toEqual([0, 1]);
  });

  it("may say no, and tell more than a score, in JSON; it is told of hypothesis and experiment on stdin", async () => {
    dir.write(
      "score.mjs",
      `import { readFileSync } from "node:fs";
      const { hypothesis, experiment, trialDirs, settings } = JSON.parse(readFileSync(0, "utf8"));
      console.log("looking at", hypothesis.id);
      const details = { done: experiment.summary.done, dirs: trialDirs.length, metric: settings.metric.name };
      console.log(JSON.stringify({ score: hypothesis.spec.n, passed: hypothesis.spec.n < 2, reason: "by hand", feedback: "More.", metrics: { words: 3 }, details }));`,
    );
    const { evaluations, result } = await scoresOf({ command: [process.execPath, "score.mjs"] });
    expect(evaluations[0]).toEqual({
      hypothesisId: "i00001-h000",
      score: 1,
      passed: true,
      reason: "by hand",
      feedback: "More.",
      metrics: { words: 3 },
      details: { done: 1, dirs: 1, metric: "right" },
    });
    expect(result.best?.id).toBe("i00001-h000");
  });

  it.each([
    ["fails", "echo no such answer >&2; exit 3", /^the evaluator's command exited with 3: no such answer$/],
    ["prints no score", "echo looks good; echo old >&2", /^the evaluator's command printed no score: looks good$/],
    ["never ends", "sleep 60", /^the evaluator's command ended: timed out/],
    ["scores no number", `echo '{"score": "high"}'`, /not a finite number|score/],
  ])("that %s gives no score, and the reason says why", async (_, command, reason) => {
    const { evaluations, scores } = await scoresOf({ command, shell: true, timeout: "300ms" });
    expect(scores).toEqual([null, null]);
    expect(evaluations[0]?.reason).toMatch(reason);
  });

  it("that fails at the end of a long traceback says the last line, and keeps those before it", async () => {
    const command =
      'for i in 1 2 3 4 5 6 7 8; do echo "  File line $i of a frame" >&2; done; echo "KeyError: THE CAUSE" >&2; exit 1';
    const { evaluations, result, workspace } = await scoresOf({ command, shell: true });
    expect(inspectLogs(workspace.root, "i00001-h000", localObserver()).evaluator).toMatch(
      /line 1 of[\s\S]*THE CAUSE\n?$/,
    );
    expect(evaluations[0]?.reason).toBe("the evaluator's command exited with 1: KeyError: THE CAUSE");
    expect(result.lastFailed?.logTail).toMatch(/frame\n[\s\S]*KeyError: THE CAUSE\n?$/);
  });

  it("is told of by a dry run as it is started: with its own inputs, and by no executor", async () => {
    for (const name of ["answers.txt", "data.txt"]) dir.write(name, "4\n");
    const executor = { inputs: ["data.txt"] };
    const plan = await planRun(
      await resolveData(dir, spec({ command: "cat {aura.inputs...}", inputs: ["answers.txt"] }, executor)),
      dir.join("run"),
      systemEffects(),
    );
    const planned = plan.commands.find(({ path }) => path.startsWith("evaluator"));
    expect(planned?.argv).toEqual(["cat", dir.join("answers.txt")]);
  });

  it("is said to have found nothing where the trial left nothing in its folder", async () => {
    const experimenter = {
      type: "script",
      shell: true,
      cwd: "copy",
      command: "echo 4 > sum.txt; echo done=$AURA_PARAM_n",
    };
    const command = 'cat "$AURA_TRIAL_DIR/sum.txt"';
    const { evaluations } = await scoresOf({ command, shell: true }, { experimenter });
    expect(evaluations[0]?.reason).toMatch(
      /exited with 1, and the trial had left nothing in \$AURA_TRIAL_DIR: .*sum\.txt/,
    );
  });

  it("finds what `keep_files` names of the copy that a trial ran in", async () => {
    const experimenter = {
      type: "script",
      shell: true,
      cwd: "copy",
      command: "echo 4 > sum.txt; echo done=$AURA_PARAM_n",
    };
    const command = 'cat "$AURA_TRIAL_DIR/project/sum.txt"';
    const { scores } = await scoresOf({ command, shell: true }, { experimenter, keep_files: ["sum.txt"] });
    expect(scores).toEqual([4, 4]);
  });

  it("finds an empty folder where a trial has left nothing", async () => {
    const experimenter = { type: "script", command: "echo done={n}" };
    const { scores } = await scoresOf({ command: 'ls "$AURA_TRIAL_DIR" | wc -l', shell: true }, { experimenter });
    expect(scores).toEqual([0, 0]);
  });

  it("keeps its inputs out of the copies that trials run in", async () => {
    for (const name of ["answers.txt", "train.txt"]) dir.write(name, "4\n");
    const experimenter = { type: "script", shell: true, command: 'ls; echo "done=$AURA_PARAM_n"', cwd: "copy" };
    const { scores, workspace } = await scoresOf(
      { command: "cat answers.txt", inputs: ["answers.txt"] },
      { experimenter },
    );
    expect(scores).toEqual([4, 4]);
    const printed = readFileSync(dir.join("run/iterations/00001/trials/i00001-h000-t00.a1.stdout.log"), "utf8");
    expect(printed).toContain("train.txt");
    expect(printed).not.toContain("answers.txt");
    expect(workspace.readManifest()?.inputs.map(({ path }) => path)).toEqual(["answers.txt"]);
  });

  it("ends the run with 5 before a trial when its program is missing, and is refused for values that it cannot have", async () => {
    await expect(scoresOf({ command: "no-such-scorer" })).rejects.toMatchObject({ exitCode: 5 });
    await expect(scoresOf({ command: "score {aura.slot}" })).rejects.toThrow(/no \{aura\.slot\}/);
  });
});
