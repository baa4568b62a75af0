import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BestTrialAggregator,
  CondaEnvironment,
  MetricEvaluator,
  Pipeline,
  ScriptExecutor,
  SearchResearcher,
  SingleTrialExperimenter,
  StatsReviewer,
  StdoutCollector,
  systemEffects,
  type TrialContext,
  Workspace,
} from "../../src/index.ts";
import type { PreparedEnvironment, RawResult } from "../../src/kernel/ports.ts";
import type { Hypothesis } from "../../src/model/hypothesis.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { condaMachine } from "../support/conda.ts";

/** The example of the original AURA: an experimenter of parts, whose steps are overridden. */
class MyExperimenter extends SingleTrialExperimenter {
  readonly env = new CondaEnvironment("ml-env");
  override readonly executor = new ScriptExecutor("python train.py --lr {lr} --noise {aura.trial_index}");
  override readonly collector = new StdoutCollector();
  override readonly aggregator = new BestTrialAggregator({ metric: "accuracy" });
  readonly steps: string[] = [];

  override async prepare(hypothesis: Hypothesis, ctx: TrialContext) {
    this.steps.push(`prepare ${ctx.trialId}`);
    const prepared = await super.prepare(hypothesis, ctx);
    return { ...prepared, ...(await this.env.prepare(hypothesis, ctx)) };
  }

  override async execute(hypothesis: Hypothesis, prepared: PreparedEnvironment, ctx: TrialContext) {
    this.steps.push("execute");
    return this.executor.run(hypothesis, prepared, ctx);
  }

  override async collect(hypothesis: Hypothesis, raw: RawResult, ctx: TrialContext) {
    this.steps.push("collect");
    return this.collector.collect(raw, hypothesis, ctx);
  }

  override async cleanup() {
    this.steps.push("cleanup");
  }
}

describe("an experimenter composed in code", () => {
  it("runs its steps, its parts and the program of its conda environment for every trial", async () => {
    const { variables, prefix } = condaMachine("conda");
    // Stands in for a Python that trains: it prints what it is given.
    writeFileSync(join(prefix, "bin", "python"), '#!/bin/sh\necho "{\\"accuracy\\": 0.$3$5}"\n');
    chmodSync(join(prefix, "bin", "python"), 0o755);
    using dir = temporaryDirectory();
    const own = new Map(Object.entries(variables));
    const effects = {
      ...systemEffects(),
      variables: { get: (name: string) => own.get(name), names: () => [...own.keys()] },
    };
    const experimenter = new MyExperimenter({ trials: 2 });
    const workspace = await Workspace.create(dir.join("run"), { effects });
    const space = { lr: { type: "int", low: 1, high: 3 } } as const;
    const { best } = await new Pipeline({
      researcher: new SearchResearcher({ method: "grid", space, numTasks: 3 }),
      experimenter,
      evaluator: new MetricEvaluator({ metric: "accuracy", baseline: 0.1 }),
      reviewer: new StatsReviewer(),
      workspace,
      root: dir.path,
      maxIterations: 1,
    }).run();
    expect(best).toMatchObject({ id: "i00001-h002", score: 0.31 });
    expect(experimenter.steps.filter((step) => step.startsWith("prepare"))).toHaveLength(6);
    for (const step of ["execute", "collect", "cleanup"])
      expect(experimenter.steps.filter((done) => done === step)).toHaveLength(6);
    const trial = workspace.readTrial("i00001-h002-t01");
    expect(trial?.attempts[0]?.command?.[0]).toBe(join(prefix, "bin", "python"));
    expect(trial?.attempts[0]?.environment).toMatch(/^conda-/);
    expect(await workspace.summary()).toMatchObject({ bestScore: 0.31, bestHypothesisId: "i00001-h002" });
  });
});
