import { describe, expect, it } from "vitest";
import {
  asExperimenter,
  FunctionExperimenter,
  type FunctionExperimenterOptions,
  type MetricsFunction,
} from "../../../../src/components/experimenters/index.ts";
import type { Experiment } from "../../../../src/model/experiment.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";

async function run(fn: MetricsFunction, options: FunctionExperimenterOptions = {}): Promise<Experiment> {
  using rig = executionRig();
  return await new FunctionExperimenter(fn, options).runExperiment(hypothesis({ lr: 2 }), rig.ctx);
}

describe("a function in code", () => {
  it("gets the parameters and the trial, and gives metrics", async () => {
    const done = await run((spec, ctx) => ({ double: Number(spec.lr) * 2, index: ctx.index }), { trials: 2 });
    expect(done.summary).toMatchObject({ double: 4, index: 0.5, trials: { completed: 2, failed: 0 } });
  });

  it.each([
    [() => ({ accuracy: Number.NaN }), { accuracy: "NaN" }],
    [async () => ({ a: Number.POSITIVE_INFINITY, b: undefined, c: -0 }), { a: "Infinity", c: 0 }],
  ])("may give numbers that are none, which stay recognisable", async (fn, output) => {
    expect((await run(fn)).trials[0]?.outcome).toEqual({ status: "completed", output });
  });

  it.each([
    [(): unknown => 0.9, "returned 0.9"],
    [() => undefined, "returned nothing"],
    [() => true, "returned true"],
    [() => ({ when: new Date(0) }), "when is a Date"],
    [() => ({ f: () => 1 }), "f is a function"],
    [() => ({ n: 1n }), "n is a bigint"],
    [
      () => {
        const loop: Record<string, unknown> = {};
        loop.self = loop;
        return loop;
      },
      "in itself",
    ],
  ])("that returns something else is a failed trial that says what", async (fn, message) => {
    using rig = executionRig();
    // biome-ignore lint/complexity/noBannedTypes: what a user's JavaScript may do
    const untyped: Function = fn;
    const experimenter = new FunctionExperimenter((...args) => untyped(...args));
    const done = await experimenter.runExperiment(hypothesis(), rig.ctx);
    expect(done.failure).toMatchObject({ code: "result-invalid", message: expect.stringContaining(message) });
  });

  it("that throws is a failed trial with its message and stack", async () => {
    const done = await run(() => {
      throw new TypeError("no data");
    });
    expect(done.failure).toMatchObject({ code: "function-threw", message: "the function threw: no data" });
    expect(done.failure?.logTail).toContain("function.test.ts");
  });

  it("is a timeout when its time is up, whether it listens or not", async () => {
    let asked: unknown = null;
    const ignoring = await run(
      (_spec, ctx) => {
        ctx.signal.addEventListener("abort", () => {
          asked = ctx.signal.reason;
        });
        return new Promise(() => {});
      },
      { timeoutMs: 50 },
    );
    expect(ignoring.trials[0]?.outcome).toMatchObject({
      status: "timeout",
      failure: { message: "timed out after 0.05 s" },
    });
    expect(asked).toBeInstanceOf(Error);
    const blocking = await run(
      () => {
        const until = performance.now() + 80;
        while (performance.now() < until);
        return { a: 1 };
      },
      { timeoutMs: 50 },
    );
    expect(blocking.trials[0]?.outcome.status).toBe("timeout");
  });

  it("reports steps on its way", async () => {
    using rig = executionRig();
    const experimenter = new FunctionExperimenter((_spec, ctx) => {
      ctx.step({ step: 1, loss: Number.NaN });
      return { a: 1 };
    });
    await experimenter.runExperiment(hypothesis(), rig.ctx);
    expect(rig.trials).toMatchObject([{ steps: [{ data: { step: 1, loss: "NaN" } }] }]);
  });

  it("is left at a stop", async () => {
    using rig = executionRig();
    const running = new FunctionExperimenter(() => new Promise(() => {})).runExperiment(hypothesis(), rig.ctx);
    rig.stop.abort(new Error("stopped"));
    await expect(running).rejects.toThrow("stopped");
  });

  it("runs behind the spec's checks", async () => {
    using rig = executionRig({ settings: { checks: [{ name: "no", command: "false", shell: false }] } });
    const done = await new FunctionExperimenter(() => ({ a: 1 })).runExperiment(hypothesis(), rig.ctx);
    expect(done).toMatchObject({ status: "failed", trials: [], failure: { code: "check-failed" } });
  });
});

describe("a function as an experimenter", () => {
  const done = async (fn: Parameters<typeof asExperimenter>[0]): Promise<Experiment> => {
    using rig = executionRig();
    return await asExperimenter(fn).runExperiment(hypothesis({ lr: 2 }), rig.ctx);
  };

  it("gets the hypothesis and may give metrics", async () => {
    expect(await done((given: { readonly id: string }) => ({ accuracy: 1, of: given.id }))).toMatchObject({
      status: "completed",
      summary: { accuracy: 1, of: "i00001-h000" },
      trials: [{ outcome: { status: "completed" } }],
    });
  });

  it("is left alone when it is one already, and refused when it is nothing of the kind", async () => {
    const own = new FunctionExperimenter(() => ({ a: 1 }));
    expect(asExperimenter(own)).toBe(own);
    // @ts-expect-error: what a user's JavaScript may do
    expect(() => asExperimenter(5)).toThrow(/runExperiment/);
  });
});
