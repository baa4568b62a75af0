import { describe, expect, it } from "vitest";
import { defineExecutor } from "../../../../src/components/executors/index.ts";
import { EXIT } from "../../../../src/kernel/errors.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { runData } from "../../../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { dataSpec } from "../../../support/data-spec.ts";

const behindEnv = defineExecutor({
  type: "behind-env",
  summary: "Runs each trial behind env, which reports a missing program in words of its own.",
  options: {},
  example: { command: "true" },
  starter: () => ({
    wrap: (command) => ({ ...command, file: "env", args: [command.file, ...command.args] }),
  }),
});

it("a program that is there with a 3 at its end, as Python often is, is named", async () => {
  using dir = temporaryDirectory();
  dir.write("bin/python3", "#!/bin/sh\necho score=1\n", 0o755);
  const experimenter = { type: "script", command: "python {n}", env: { PATH: dir.join("bin") } };
  const said = "python {n}` and is not on PATH; python3 is\n";
  await expect(runData(dir, dataSpec({ experimenter }))).rejects.toThrow(said);
});

describe("a program that is missing behind what an executor puts before it", () => {
  it.each<[string, JsonObject, string]>([
    ["given by a path", { command: "./no-such-program {n}" }, "./no-such-program {n}` and is not there"],
    [
      "looked for on a PATH of the trial's own",
      { command: "no-such-program {n}", env: { PATH: "/usr/bin:/bin" } },
      "no-such-program {n}` and is not on PATH",
    ],
    ["given, but not executable", { command: "./train.sh {n}" }, "./train.sh {n}` and may not be executed"],
  ])("%s ends the run with 5", async (_, options, said) => {
    using dir = temporaryDirectory();
    dir.write("train.sh", "echo score=1\n", 0o644);
    const spec = dataSpec({ experimenter: { type: "composed", executor: { type: "behind-env", ...options } } });
    await expect(runData(dir, spec, { definitions: [behindEnv] })).rejects.toMatchObject({
      exitCode: EXIT.toolMissing,
      message: expect.stringContaining(said),
    });
  });
});
