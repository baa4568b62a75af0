import { describe, expect, it } from "vitest";
import { FunctionRunner } from "../../../../src/components/runners/llm.ts";
import { RecordingRunner } from "../../../../src/components/runners/recording.ts";
import { ReplayRunner } from "../../../../src/components/runners/replay.ts";
import { SpecError } from "../../../../src/kernel/errors.ts";
import { systemFiles } from "../../../../src/platform/files/local.ts";
import { runnerContext, runnerRequest } from "../../../support/scripted-runner.ts";
import { stageContext } from "../../../support/stage-context.ts";
import { testFolder } from "../../../support/test-folder.ts";

const folder = testFolder();

function recording(...lines: readonly object[]): string {
  return folder.write("calls.jsonl", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

describe("ReplayRunner", () => {
  it("answers what was recorded, whatever the order of calls", async () => {
    const file = folder.join("deep", "calls.jsonl");
    const usage = { inputTokens: 3, outputTokens: 4 };
    const live = new FunctionRunner((prompt) => ({ content: `re: ${prompt}`, usage, model: "m" }));
    const recorder = new RecordingRunner(live, file, systemFiles());
    const requests = [
      runnerRequest("a"),
      runnerRequest("b", { ask: 2 }),
      runnerRequest("c", { iteration: 2 }),
      runnerRequest("d", { role: "reviewer" }),
      runnerRequest("e", { role: "evaluator", hypothesisId: "i00001-h002", part: "vote-2" }),
    ];
    for (const request of requests) await recorder.run(request, runnerContext());
    const replay = new ReplayRunner({ file });
    await replay.setup(stageContext());
    for (const request of [...requests].reverse()) {
      const ctx = runnerContext();
      expect(await replay.run(request, ctx)).toEqual({ content: `re: ${request.prompt}`, usage, model: "m" });
      expect(ctx.warnings).toEqual([]);
    }
    expect(folder.read("deep/calls.jsonl")?.split("\n")).toHaveLength(6);
  });

  it("compares hypotheses by number and takes the last of several replies to one question", async () => {
    const line = { role: "evaluator", iteration: 1, hypothesis: "i1-h2", ask: 1 };
    const replay = new ReplayRunner({ file: recording({ ...line, response: "old" }, { ...line, response: "new" }) });
    const request = runnerRequest("x", { role: "evaluator", hypothesisId: "i00001-h002" });
    expect(await replay.run(request, runnerContext())).toEqual({ content: "new" });
  });

  it("takes lines written by hand: no prompt, no ask, a reply as data", async () => {
    const file = recording({ role: "researcher", iteration: 1, response: [{ lr: 1 }] });
    const ctx = runnerContext();
    expect(await new ReplayRunner({ file, strict: true }).run(runnerRequest("x"), ctx)).toEqual({
      content: '[{"lr":1}]',
    });
    expect(ctx.warnings).toEqual([]);
  });

  it("shows of a long line the part that differs", async () => {
    const prompt = `${"same ".repeat(100)}before`;
    const file = recording({ role: "researcher", iteration: 1, ask: 1, prompt, response: "x" });
    const ctx = runnerContext();
    await new ReplayRunner({ file }).run(runnerRequest(`${"same ".repeat(100)}after`), ctx);
    const shared = `…${"same ".repeat(8)}`;
    expect(ctx.warnings).toEqual([expect.stringMatching(`line 1:\n- ${shared}before\n\\+ ${shared}after$`)]);
  });

  it("warns with a diff when the prompt has changed, and refuses when strict", async () => {
    const file = recording({ role: "researcher", iteration: 1, ask: 1, prompt: "one\ntwo\nthree", response: "x" });
    const ctx = runnerContext();
    await new ReplayRunner({ file }).run(runnerRequest("one\n2\u001b\nthree"), ctx);
    expect(ctx.warnings).toEqual([
      "replay-prompt-changed: the prompt differs from the recorded one for: researcher iteration 1 ask 1; line 2:\n- two\n+ 2",
    ]);
    const strict = new ReplayRunner({ file, strict: true }).run(runnerRequest("other"), runnerContext());
    await expect(strict).rejects.toMatchObject({
      code: "RUN_FAILED",
      exitCode: 1,
      message: expect.stringContaining("- one"),
    });
  });

  it("says what it looked for and what there is", async () => {
    const file = recording({ role: "researcher", iteration: 1, response: "x" });
    const missing = new ReplayRunner({ file }).run(runnerRequest("x", { iteration: 2, ask: 3 }), runnerContext());
    await expect(missing).rejects.toMatchObject({ code: "RUN_FAILED", exitCode: 1 });
    await expect(missing).rejects.toThrow(
      /no reply for: researcher iteration 2 ask 3; it has: researcher iteration 1 ask 1\n/,
    );
  });

  it("refuses a missing, empty or damaged recording at the start, by line", async () => {
    await expect(new ReplayRunner({ file: recording() }).setup(stageContext())).rejects.toThrow(/is empty/);
    await expect(new ReplayRunner({ file: folder.join("no") }).setup(stageContext())).rejects.toThrow(SpecError);
    const good = { role: "researcher", iteration: 1, response: "x" };
    for (const bad of ["{", "3", "{}", '{"role": "boss", "iteration": 1}', '{"role": "researcher", "iteration": 1}']) {
      folder.write("bad", `${JSON.stringify(good)}\n\n${bad}\n`);
      await expect(new ReplayRunner({ file: folder.join("bad") }).setup(stageContext()), bad).rejects.toThrow(
        /bad:3: /,
      );
    }
  });
});

describe("a recording", () => {
  const live = new FunctionRunner(() => "x");

  it("is known to be possible before anything is asked", async () => {
    const taken = new RecordingRunner(live, folder.path, systemFiles());
    await expect(taken.setup(stageContext())).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    await new RecordingRunner(live, folder.join("a/b/calls.jsonl"), systemFiles()).setup(stageContext());
    expect(folder.read("a/b/calls.jsonl")).toBe("");
  });
});
