import { mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { CommandRunner } from "../../../../src/components/runners/command.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { runnerContext, runnerRequest } from "../../../support/scripted-runner.ts";
import { stageContext } from "../../../support/stage-context.ts";

test("an agent's program that its copy of the project does not hold is told as that, with what to do", async () => {
  using dir = temporaryDirectory();
  dir.write("agent.sh", "echo done\n");
  mkdirSync(dir.join("copy"));
  const fails = async (argv: readonly string[], editsCopy: boolean) => {
    const runner = new CommandRunner(argv, { effects: systemEffects() });
    const context = stageContext();
    await runner.setup({ ...context, settings: { ...context.settings, root: dir.path } });
    const request = runnerRequest("", { cwd: dir.join("copy"), editsCopy });
    return runner.run(request, runnerContext()).catch((thrown: Error) => thrown.message);
  };
  expect(await fails(["sh", "agent.sh"], true)).toMatch(
    /agent\.sh is in the project, but not in the copy that it works in: `git add` it/,
  );
  expect(await fails(["sh", "gone.sh"], true)).not.toContain("in the project");
  expect(await fails(["sh", "agent.sh"], false)).not.toContain("in the project");
});
