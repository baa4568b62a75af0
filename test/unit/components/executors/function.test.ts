import { describe, expect, it } from "vitest";
import { FunctionExecutor } from "../../../../src/components/executors/index.ts";
import type { RawResult } from "../../../../src/kernel/ports.ts";
import { executionRig, hypothesis } from "../../../support/execution-rig.ts";

const NONE = { wrap: <T>(command: T): T => command };

const MODULE = `
import { existsSync } from "node:fs";
export default (spec, ctx) => ({ double: spec.lr * 2, seed: ctx.seed, dir: existsSync(ctx.trial_dir), key: process.env.MY_KEY ?? null });
export function nan() { return { accuracy: NaN }; }
export async function steps(spec, ctx) { console.log("talk"); ctx.step({ step: 1, loss: NaN }); return { accuracy: 1 }; }
export function throws() { throw new Error("no data"); }
export function hangs() { for (;;); }
export function leaves() { process.exit(0); }
export function keepsOpen() { setInterval(() => {}, 1000); return { a: 1 }; }
export function number() { return 5; }
export function date() { return { at: new Date() }; }
`;

/** What a compiler of TypeScript writes first into a CommonJS module. */
const COMPILED = 'Object.defineProperty(exports, "__esModule", { value: true });\n';

describe("a function in code", () => {
  it("that throws because it was asked to stop is cancelled, and has not failed", async () => {
    using rig = executionRig();
    const executor = new FunctionExecutor((_spec, { signal }) => {
      rig.stop.abort(new Error("enough"));
      signal.throwIfAborted();
    });
    expect(await executor.run(hypothesis(), NONE, rig.trial())).toMatchObject({
      status: "cancelled",
      failure: { message: "enough" },
    });
  });
});

describe("a function of a module", () => {
  it("runs in a process of its own, with the parameters and the trial", async () => {
    using rig = executionRig({ variables: { MY_KEY: "not passed" } });
    const module = rig.dir.write("train.mjs", MODULE);
    const run = (name?: string, timeoutMs = 20_000): Promise<RawResult> => {
      const target = name === undefined ? { module } : { module, export: name };
      const given = hypothesis({ lr: 2 });
      return new FunctionExecutor(target, { timeoutMs }).run(given, NONE, rig.trial({ hypothesis: given }));
    };
    expect(await run()).toEqual({ kind: "value", value: { double: 4, seed: 1, dir: true, key: null }, steps: [] });
    expect(await run("nan")).toMatchObject({ value: { accuracy: "NaN" } });
    expect(await run("steps")).toMatchObject({
      value: { accuracy: 1 },
      steps: [{ kind: "metrics", data: { step: 1, loss: "NaN" } }],
    });
    expect(await run("throws")).toMatchObject({
      status: "failed",
      failure: {
        code: "function-threw",
        message: "the function threw: no data",
        logTail: expect.stringContaining("train.mjs"),
      },
    });
    expect(await run("hangs", 1500)).toMatchObject({ kind: "process", end: "timeout" });
    expect(await run("leaves")).toMatchObject({ status: "failed", failure: { code: "function-ended" } });
    expect(await run("keepsOpen")).toMatchObject({ value: { a: 1 } });
    expect(await run("number")).toMatchObject({ failure: { message: expect.stringContaining("returned 5") } });
    expect(await run("date")).toMatchObject({ failure: { message: expect.stringContaining("at is a Date") } });
    expect(await run("nothing")).toMatchObject({ failure: { message: expect.stringContaining('"nothing"') } });
    expect(rig.dir.read("trials/i00001-h000-t00.stdout.log")).toContain("talk");
    expect(rig.ctx.effects.files.list(rig.dir.join("trials/i00001-h000-t00"))?.map(({ name }) => name)).toEqual([
      "params.json",
    ]);
  });

  it.each([
    ["train.cjs", "an object", "module.exports = { score: (spec) => ({ a: 1 }) };", "score"],
    [
      "train.js",
      "an object that has a name",
      "const all = { score: () => ({ a: 1 }) };\nmodule.exports = all;",
      "score",
    ],
    ["train.cjs", "the function itself", "module.exports = () => ({ a: 1 });", "default"],
    ["train.cjs", "a compiled default", `${COMPILED}exports.default = () => ({ a: 1 });`, "default"],
    ["train.cjs", "a compiled name", `${COMPILED}exports.score = () => ({ a: 1 });`, "score"],
  ])("may be CommonJS: %s, %s", async (file, _what, source, name) => {
    using rig = executionRig();
    const target = { module: rig.dir.write(file, source), export: name };
    const result = await new FunctionExecutor(target, { timeoutMs: 20_000 }).run(hypothesis(), NONE, rig.trial());
    expect(result).toMatchObject({ kind: "value", value: { a: 1 } });
  });

  it("may be TypeScript, and is taken from the trial's own copy of the project", async () => {
    using rig = executionRig();
    const module = rig.dir.write("train.ts", "export default (spec: { lr: number }) => ({ from: 1 });");
    const ctx = rig.trial({ cwd: "copy" });
    const run = () => new FunctionExecutor({ module }, { timeoutMs: 20_000 }).run(hypothesis(), NONE, ctx);
    expect(await run()).toMatchObject({ value: { from: 1 } });
    rig.dir.write("trials/i00001-h000-t00/project/train.ts", "export default () => ({ from: 2 as number });");
    expect(await run()).toMatchObject({ value: { from: 2 } });
  });

  it("that does not load is a failed trial that says why", async () => {
    using rig = executionRig();
    const broken = rig.dir.write("broken.mjs", "export default (");
    const run = (module: string) => new FunctionExecutor({ module }).run(hypothesis(), NONE, rig.trial());
    expect(await run(broken)).toMatchObject({ status: "failed", failure: { code: "function-threw" } });
    expect(await run(rig.dir.join("missing.ts"))).toMatchObject({
      failure: { message: expect.stringContaining("missing.ts") },
    });
  });
});
