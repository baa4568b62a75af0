import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { JSONFileCollector } from "../../../../src/components/collectors/json-file.ts";
import type { TrialContext, TrialRequest } from "../../../../src/kernel/context.ts";
import { SpecError } from "../../../../src/kernel/errors.ts";
import { executionRig, exited, hypothesis } from "../../../support/execution-rig.ts";

const RAN = exited({
  lines: { stdout: [{ text: '{"step": 1, "loss": 2}', observedAt: "2026-01-01T00:00:00.000Z" }], truncated: false },
});

/** What is collected after a trial has done this to its folder. */
async function leaving(trial: (ctx: TrialContext) => void, path = "metrics.json", request: Partial<TrialRequest> = {}) {
  using rig = executionRig();
  const ctx = rig.trial(request);
  trial(ctx);
  const collected = await new JSONFileCollector({ path }).collect(RAN, hypothesis(), ctx);
  return "failure" in collected ? collected.failure.message : collected.output;
}

const write = (path: string, text: string) => (ctx: TrialContext) => writeFileSync(join(ctx.trialDir, path), text);

describe("the json-file collector", () => {
  it("reads the object that the trial wrote to its folder, and steps from stdout", async () => {
    using rig = executionRig();
    const ctx = rig.trial();
    mkdirSync(join(ctx.trialDir, "out"));
    writeFileSync(join(ctx.trialDir, "out/metrics.json"), '\ufeff{"accuracy": 0.9, "nested": {"loss": NaN}}\n');
    const collected = await new JSONFileCollector({ path: "./out/metrics.json" }).collect(RAN, hypothesis(), ctx);
    expect(collected).toMatchObject({
      output: { accuracy: 0.9, nested: { loss: "NaN" } },
      steps: [{ data: { step: 1, loss: 2 } }],
    });
  });

  it("finds it in the trial's own copy of the project too, but never in the project that all trials share", async () => {
    const inCwd = (ctx: TrialContext) => writeFileSync(join(ctx.cwd, "metrics.json"), '{"accuracy": 0.9}');
    expect(await leaving(inCwd, "metrics.json", { cwd: "copy" })).toEqual({ accuracy: 0.9 });
    expect(await leaving(inCwd)).toContain("have the trial write it to {aura.trial_dir}/metrics.json");
  });

  it("says why there are no metrics", async () => {
    expect(await leaving(write("metrics.json", "[1]"))).toBe("metrics.json does not hold one JSON object");
    expect(await leaving(write("metrics.json", ""))).toBe("metrics.json does not hold one JSON object");
    expect(await leaving(() => undefined)).toContain("is not there");
  });

  it("reads nothing that a trial planted in the place of its file", async () => {
    const secret = (ctx: TrialContext, text = '{"accuracy": 1}') => {
      const path = join(ctx.cwd, "secret.json");
      writeFileSync(path, text);
      return path;
    };
    const planted: readonly ((ctx: TrialContext, at: string) => void)[] = [
      (ctx, at) => symlinkSync(secret(ctx), at),
      (ctx, at) => linkSync(secret(ctx), at),
      (_, at) => symlinkSync("/dev/zero", at),
      (_, at) => execFileSync("mkfifo", [at]),
      (_, at) => mkdirSync(at),
      (_, at) => {
        writeFileSync(at, "{}");
        truncateSync(at, 40 * 1024 ** 3);
      },
    ];
    const said = await Promise.all(
      planted.map((plant) => leaving((ctx) => plant(ctx, join(ctx.trialDir, "metrics.json")))),
    );
    expect(said).toEqual([
      "metrics.json is a link, or leads through one or through a file",
      "metrics.json is a hard link to a file that has another name, too",
      "metrics.json is a link, or leads through one or through a file",
      "metrics.json is no regular file",
      "metrics.json is no regular file",
      "metrics.json has 42949672960 bytes, and may have 1048576",
    ]);
    const throughFolder = await leaving((ctx) => {
      secret(ctx);
      symlinkSync(ctx.cwd, join(ctx.trialDir, "out"));
    }, "out/secret.json");
    expect(throughFolder).toContain("is a link, or leads through one");
  });

  it.each(["/etc/passwd", "../x.json", "a/../../x.json", "{aura.trial_dir}/x.json"])("refuses the path %s", (path) => {
    expect(() => new JSONFileCollector({ path })).toThrow(SpecError);
  });
});
