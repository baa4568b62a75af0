import { expect, test } from "vitest";
import { NoEnvironment } from "../../../../../src/components/environments/index.ts";
import { SlurmExecutor } from "../../../../../src/components/executors/slurm.ts";
import { EXIT } from "../../../../../src/kernel/errors.ts";
import { executionRig } from "../../../../support/execution-rig.ts";

test("without Slurm's commands it is said before the run what to install", async () => {
  using rig = executionRig({ variables: { PATH: "/nowhere" } });
  const probing = new SlurmExecutor("true").probe(new NoEnvironment(), rig.ctx);
  await expect(probing).rejects.toMatchObject({
    exitCode: EXIT.toolMissing,
    message: expect.stringMatching(/^executor slurm reaches no cluster: sbatch .*\n.*slurm-client/),
  });
});
