import { describe, expect, it } from "vitest";
import { builtins } from "../../../src/components/builtins.ts";
import { toProcessOptions } from "../../../src/components/executors/process-options.ts";
import type { AnyDefinition } from "../../../src/kernel/define.ts";
import { compileSchema } from "../../../src/schema/validate.ts";

const registry = await builtins();
const KINDS = ["aggregator", "collector", "environment", "evaluator", "executor", "experimenter"] as const;
const definitions = KINDS.flatMap((kind): readonly AnyDefinition[] => registry.list(kind));
const component = { type: "object" };
const references = { environment: component, executor: component, collector: component, aggregator: component };

describe("the components that run experiments", () => {
  it.each(definitions.map((definition) => [`${definition.kind} ${definition.type}`, definition] as const))(
    "%s takes its own example",
    (_name, definition) => {
      expect(compileSchema(definition.options, references)(structuredClone(definition.example))).toEqual([]);
    },
  );

  it("fill in their defaults", () => {
    const script = registry.get("executor", "script");
    const options: Record<string, unknown> = { command: "true", limits: {} };
    expect(compileSchema(script.options, references)(options)).toEqual([]);
    expect(options).toEqual({
      command: "true",
      shell: false,
      timeout: "1h",
      strict_limits: false,
      on_crash: "adopt",
      cwd: "root",
      limits: {},
    });
  });

  it("leave to Slurm's executor how jobs are submitted", () => {
    const validate = compileSchema(registry.get("executor", "slurm").options, references);
    const wrong = (...args: readonly string[]) => validate({ command: "true", extra_args: args }).length;
    expect(wrong("--constraint=a100", "-C", "a100", "--exclude", "node1", "--hold", "--wait-all-nodes=1")).toBe(0);
    for (const arg of ["--array=0-5", "-a0-5", "--wrap=ls", "--output", "-J", "--requeue"]) expect(wrong(arg)).toBe(1);
  });

  it("turn units into milliseconds and bytes", () => {
    const limits = { memory: "2G", pids: 10, cpu: "90s", file_size: 100, open_files: 20, output: "1M" };
    const options = {
      shell: true,
      timeout: "5m",
      strict_limits: true,
      on_crash: "end",
      cwd: "copy",
      limits,
      pass_env: ["A"],
      env: { B: 1 },
    } as const;
    expect(toProcessOptions(options)).toEqual({
      shell: true,
      timeoutMs: 300_000,
      onCrash: "end",
      strictLimits: true,
      cwd: "copy",
      passEnv: ["A"],
      env: { B: 1 },
      limits: {
        memoryBytes: 2 * 1024 ** 3,
        pids: 10,
        cpuSeconds: 90,
        fileSizeBytes: 100,
        openFiles: 20,
        outputBytes: 1024 ** 2,
      },
    });
  });
});
