import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SlurmExecutor } from "../../../src/components/executors/index.ts";
import { SingleTrialExperimenter } from "../../../src/components/experimenters/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { runData } from "../../../src/testing/run-spec.ts";
import { dataSpec } from "../../support/data-spec.ts";
import { testFolder } from "../../support/test-folder.ts";

const dir = testFolder();

function effectsWith(variables: Readonly<Record<string, string>>) {
  const effects = systemEffects();
  const get = (name: string) => (name === "CUDA_VISIBLE_DEVICES" ? variables[name] : effects.variables.get(name));
  return { ...effects, variables: { names: () => [...effects.variables.names(), ...Object.keys(variables)], get } };
}

function spec(command: string, options: object, trials: number, parallel: number) {
  return dataSpec({ parallel, experimenter: { type: "script", command, shell: true, ...options } }, trials);
}

test("a dozen trials at once wait for the end of the run without a warning of Node's", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  const { result } = await runData(dir, spec("sleep 0.3; echo score: 1", {}, 12, 12));
  process.off("warning", onWarning);
  expect([result.best?.score, warnings]).toEqual([1, []]);
});

describe("devices of a trial", () => {
  test("are its own: none is given to two trials at once, however many run", async () => {
    const effects = effectsWith({ CUDA_VISIBLE_DEVICES: "0,1,GPU-a,MIG-b" });
    const use =
      'set -e; mkdir "held-$CUDA_VISIBLE_DEVICES"; sleep 0.05; rmdir "held-$CUDA_VISIBLE_DEVICES"; echo score: 1';
    const { result, workspace } = await runData(dir, spec(use, { gpus: 1 }, 16, 8), { effects });
    const trials = workspace.listTrials(1).map((id) => workspace.readTrial(id));
    expect(trials.map((trial) => trial?.outcome.status)).toEqual(Array.from({ length: 16 }, () => "completed"));
    const given = trials.map((trial) => trial?.attempts[0]?.devices ?? []);
    expect(given.every((devices) => devices.length === 1)).toBe(true);
    expect([...new Set(given.flat())].sort()).toEqual(["0", "1", "GPU-a", "MIG-b"]);
    expect(result.exitCode).toBe(0);
  });

  test("are listed by nvidia-smi where no variable names them", async () => {
    const tool = dir.write("bin/nvidia-smi", "#!/bin/sh\nprintf 'GPU-1\\nGPU-2\\n'\n");
    const effects = effectsWith({});
    effects.files.chmod(tool, 0o755);
    const get = (name: string) => {
      const value = effects.variables.get(name);
      return name === "PATH" ? `${dir.join("bin")}:${value}` : value;
    };
    const seen = { ...effects, variables: { ...effects.variables, get } };
    const { workspace } = await runData(dir, spec("echo score: 1", { gpus: 2 }, 1, 1), { effects: seen });
    expect(workspace.readTrial("i00001-h000-t00")?.attempts[0]?.devices).toEqual(["GPU-1", "GPU-2"]);
  });

  test("that are not there end the run with 5 before anything is written", async () => {
    const run = runData(dir, spec("echo score: 1", { gpus: 3 }, 1, 1), {
      effects: effectsWith({ CUDA_VISIBLE_DEVICES: "0,1" }),
    });
    await expect(run).rejects.toMatchObject({ exitCode: 5, message: expect.stringContaining("gpus: 3") });
    expect(existsSync(dir.join("run"))).toBe(false);
    const without = runData(dir, spec("echo score: 1", { gpus: 1 }, 1, 1), { effects: effectsWith({}) });
    await expect(without).rejects.toMatchObject({ exitCode: 5, message: expect.stringContaining("nvidia-smi") });
  });
});

test("devices of this machine are not given out to jobs of a cluster", () => {
  const executor = new SlurmExecutor("true");
  expect(() => new SingleTrialExperimenter({ executor, gpus: 1 })).toThrow("where trials queue, ask the executor");
});

describe("an exclusive trial", () => {
  test("runs while no other one does, whatever there is room for", async () => {
    const alone = "set -e; mkdir alone; sleep 0.02; rmdir alone; echo score: 1";
    const { result } = await runData(dir, spec(alone, { exclusive: true, trials: 2 }, 3, 4));
    expect(result.best?.score).toBe(1);
  });
});

test("an attempt tells its slot, what it used and the machine's load", async () => {
  const busy =
    "exec node -e 'const b = Buffer.alloc(64e6, 1); for (const t = Date.now(); Date.now() - t < 400;); console.log(JSON.stringify({ score: b[1] }))'";
  const { workspace } = await runData(dir, spec(busy, {}, 1, 1));
  const attempt = workspace.readTrial("i00001-h000-t00")?.attempts[0];
  expect(attempt).toMatchObject({ slot: 0, load: expect.any(Number) });
  expect(attempt?.cpuSeconds).toBeGreaterThan(0);
  expect(attempt?.peakMemoryBytes).toBeGreaterThan(10e6);
});
