import { describe, expect, it } from "vitest";
import { builtins } from "../../../../src/components/builtins.ts";
import { SingleTrialExperimenter } from "../../../../src/components/experimenters/index.ts";
import { composedExperimenter } from "../../../../src/components/experimenters/single-trial.ts";
import type { ComponentDeps } from "../../../../src/kernel/define.ts";
import { SpecError } from "../../../../src/kernel/errors.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";

const registryOfAll = await builtins();
const repeats = { allow_failed: 0, capture: false, exclusive: false } as const;
const processOptions = { shell: false, timeout: "1m", strict_limits: false, cwd: "root" } as const;

function deps(): ComponentDeps {
  const registry = registryOfAll;
  const self: ComponentDeps = {
    effects: systemEffects(),
    metric: { name: "accuracy", direction: "maximize", minDelta: { kind: "absolute", value: 0 } },
    specDir: "/",
    root: "/",
    name: "test",
    resolvePath: (path) => `/spec/${path}`,
    build: (kind, config) => {
      if (typeof config === "string") throw new SpecError("a name");
      const { type, ...options } = config;
      // @ts-expect-error: a registry has forgotten the option types, which validation has checked
      return registry.get(kind, type).create(options, self);
    },
  };
  return self;
}

describe("experimenters in a spec", () => {
  it("are found by type, composed also as single-trial", () => {
    const registry = registryOfAll;
    expect(registry.types("experimenter")).toEqual(["composed", "function", "llm", "script", "single-trial"]);
    expect(registry.get("experimenter", "single-trial")).toBe(composedExperimenter);
  });

  it("are built of their parts", async () => {
    using rig = executionRig();
    const executor = { type: "script", command: "echo accuracy: {lr}", ...processOptions };
    const composed = composedExperimenter.create({ executor, trials: 2, ...repeats }, deps());
    expect(await composed.runExperiment(hypothesis({ lr: 3 }), rig.ctx)).toMatchObject({
      summary: { accuracy: 3, trials: { completed: 2 } },
    });
    const options = { command: "echo accuracy: 1", seeds: [4], ...processOptions, ...repeats };
    const script = deps().build("experimenter", { type: "script", ...options });
    expect(script).toBeInstanceOf(SingleTrialExperimenter);
    expect(await script.runExperiment(hypothesis(), rig.ctx)).toMatchObject({ trials: [{ seed: 4 }] });
  });

  it("are refused with fewer or more seeds than trials, or when every trial may fail", () => {
    const executor = { type: "script" };
    const paths = (options: object) =>
      composedExperimenter.check?.({ executor, ...repeats, ...options })?.map(({ path }) => path);
    expect(paths({ trials: 3, seeds: [1, 2] })).toEqual(["seeds"]);
    expect(paths({ trials: 1, seeds: [1, 2] })).toEqual(["seeds"]);
    expect(paths({ trials: 2, allow_failed: 2 })).toEqual(["allow_failed"]);
    expect(paths({ trials: 3, seeds: "derived", allow_failed: 2 })).toEqual([]);
    expect(paths({ seeds: [1, 2, 3] })).toEqual([]);
  });
});
