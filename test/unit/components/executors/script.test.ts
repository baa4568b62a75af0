import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NoEnvironment } from "../../../../src/components/environments/none.ts";
import { CommandExecutor, checkProcessOptions, ScriptExecutor } from "../../../../src/components/executors/index.ts";
import type { PreparedEnvironment, RawResult } from "../../../../src/kernel/ports.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { CommandError } from "../../../../src/platform/command.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { type ExecutionRig, executionRig, hypothesis } from "../../../support/execution-rig.ts";

const NONE: PreparedEnvironment = { wrap: (command) => command };

function run(rig: ExecutionRig, executor: ScriptExecutor, spec: JsonObject = {}): Promise<RawResult> {
  return executor.run(hypothesis(spec), NONE, rig.trial({ hypothesis: hypothesis(spec) }));
}

function stdoutOf(raw: RawResult): string {
  if (raw.kind !== "process") throw new Error(`no process: ${JSON.stringify(raw)}`);
  return raw.lines.stdout.map((line) => line.text).join("\n");
}

describe("a script executor", () => {
  it("runs the command in the project with the hypothesis's values and AURA's", async () => {
    using rig = executionRig();
    const raw = await run(
      rig,
      new ScriptExecutor(
        'sh -c \'pwd; printf "%s\\n" "$@"\' sh {lr} {aura.seed} {aura.id} {aura.trial_id} {aura.params_file}',
      ),
      { lr: 0.1 },
    );
    expect(stdoutOf(raw).split("\n")).toEqual([
      rig.dir.path,
      "0.1",
      "1",
      "i00001-h000",
      "i00001-h000-t00",
      rig.dir.join("trials/i00001-h000-t00/params.json"),
    ]);
  });

  it("runs a shell's text as it is, with the parameters as variables", async () => {
    using rig = executionRig();
    const script = 'for i in 1 2; do printf "%s {lr} " "$AURA_PARAM_lr"; done; echo "$AURA_SEED"';
    const raw = await run(rig, new ScriptExecutor(script, { shell: true }), { lr: "$(touch X)'\"" });
    expect(stdoutOf(raw)).toBe("$(touch X)'\" {lr} $(touch X)'\" {lr} 1");
    expect(existsSync(rig.dir.join("X"))).toBe(false);
  });

  it("refuses, before any trial, a value that a model writes as a program's text", async () => {
    using rig = executionRig();
    const executor = new ScriptExecutor("sh -c 'echo {x}'");
    await expect(executor.setup(rig.ctx)).rejects.toThrow(/\{x\} would become part of a program's text/);
    await executor.setup({ ...rig.ctx, declared: { x: "number" } });
  });

  it("gives the trial AURA's own environment, less what may be secret, and says once what that is", async () => {
    using rig = executionRig({
      variables: {
        HOME: "/home/me",
        CUDA_VISIBLE_DEVICES: "2",
        LD_LIBRARY_PATH: "/opt/cuda/lib64",
        ANTHROPIC_API_KEY: "secret-1",
        GH_TOKEN: "secret-2",
        DB_PASSWORD_FILE: "secret-3",
        GATEWAY: "secret-4",
        AURA_PARAM_old: "of another run",
        OPENAI_API_KEY: "passed",
      },
    });
    const ctx = { ...rig.ctx, keyVariables: ["GATEWAY"] };
    const executor = new ScriptExecutor("env", {
      env: { GPU: "g{aura.slot}", RATE: "{lr}" },
      passEnv: ["OPENAI_API_KEY"],
    });
    await executor.setup(ctx);
    const trial = () => ({ ...rig.trial({ hypothesis: hypothesis({ lr: "x y" }) }), keyVariables: ["GATEWAY"] });
    const raw = await executor.run(hypothesis({ lr: "x y" }), NONE, trial());
    await executor.run(hypothesis({ lr: "x y" }), NONE, trial());
    const lines = stdoutOf(raw).split("\n");
    const own = lines.filter((line) => !/^(PATH|AURA_TRIAL\w*|AURA_SEED)=/.test(line));
    expect(own.sort()).toEqual([
      "AURA_PARAM_lr=x y",
      "CUDA_VISIBLE_DEVICES=2",
      "GPU=g0",
      "HOME=/home/me",
      "LD_LIBRARY_PATH=/opt/cuda/lib64",
      "OPENAI_API_KEY=passed",
      "RATE=x y",
    ]);
    expect(rig.events.filter(({ type }) => type === "warning")).toEqual([
      {
        type: "warning",
        code: "variables-withheld",
        message:
          "trials are not given ANTHROPIC_API_KEY, DB_PASSWORD_FILE, GATEWAY, GH_TOKEN, since they look like secrets; " +
          "pass_env: [ANTHROPIC_API_KEY, DB_PASSWORD_FILE, GATEWAY, GH_TOKEN] lets them through",
      },
    ]);
  });

  it("gives what runs in a sandbox a small environment with a home of its own", async () => {
    using rig = executionRig({ variables: { HOME: "/home/me", LC_ALL: "C.UTF-8", LD_LIBRARY_PATH: "/x", MODE: "m" } });
    const executor = new CommandExecutor("env", { passEnv: ["MODE"] }, { isolates: true });
    const lines = stdoutOf(await executor.run(hypothesis(), NONE, rig.trial())).split("\n");
    const own = lines.filter((line) => !/^(PATH|AURA_\w+)=/.test(line));
    expect(own.sort()).toEqual([`HOME=${rig.dir.join("trials/i00001-h000-t00")}`, "LC_ALL=C.UTF-8", "MODE=m"]);
  });

  it("refuses to set AURA's own variables", () => {
    expect(() => new ScriptExecutor("p", { env: { AURA_TRIAL: "k" } })).toThrow(/AURA sets/);
    expect(() => new ScriptExecutor("p", { passEnv: ["AURA_SEED"] })).toThrow(/AURA sets/);
  });

  it("keeps logs and tells watchers of the output", async () => {
    using rig = executionRig();
    await run(rig, new ScriptExecutor("sh -c 'echo out; echo err >&2'"));
    const log = (name: string): string => readFileSync(rig.dir.join(`trials/i00001-h000-t00.${name}.log`), "utf8");
    expect([log("stdout"), log("stderr")]).toEqual(["out\n", "err\n"]);
    const told = rig.events.flatMap((event) =>
      event.type === "trial.output" ? [`${event.stream} ${event.line}`] : [],
    );
    expect(told.sort()).toEqual(["stderr err", "stdout out"]);
  });

  it("tells watchers of a flood at most 50 lines a second, and keeps the newest metrics", async () => {
    using rig = executionRig();
    rig.dir.write("flood.mjs", "for (let i = 0; i < 30000; i++) console.log(JSON.stringify({ step: i }));");
    const raw = await run(rig, new ScriptExecutor("node flood.mjs"));
    expect(rig.events.length).toBeLessThanOrEqual(50 * 20);
    if (raw.kind !== "process") throw new Error("no process");
    expect(raw.lines.stdout).toHaveLength(20_000);
    expect(raw.lines.truncated).toBe(true);
    expect(raw.lines.stdout.at(-1)?.text).toBe('{"step":29999}');
  });

  it("lets no trial run longer than the run's time budget", async () => {
    using rig = executionRig({ settings: { timeBudgetMs: 150 } });
    expect(await run(rig, new ScriptExecutor("sleep 60"))).toMatchObject({ end: "timeout" });
  });

  it("reports a program that is not there as one that cannot start", async () => {
    using rig = executionRig();
    expect(await run(rig, new ScriptExecutor("no-such-program-here"))).toMatchObject({ end: "cannot-start" });
  });

  it("makes a value that cannot be used a failure that names it, and starts nothing", async () => {
    using rig = executionRig();
    expect(await run(rig, new ScriptExecutor("touch X {lr}"), { lrate: 1 })).toMatchObject({
      kind: "failure",
      status: "failed",
      failure: { code: "command-invalid", message: expect.stringContaining("{lr}") },
    });
    expect(existsSync(rig.dir.join("X"))).toBe(false);
  });

  it("is cancelled by a stop", async () => {
    using rig = executionRig();
    const running = run(rig, new ScriptExecutor("sleep 60"));
    rig.stop.abort(new Error("stopped"));
    expect(await running).toMatchObject({ end: "cancelled" });
  });

  it("warns once, with the first trial, when model-written code will run without a sandbox", async () => {
    using rig = executionRig({ settings: { artifacts: ["train.py"] } });
    const executor = new ScriptExecutor("true", { passEnv: ["NOT_SET_HERE"] });
    await executor.setup(rig.ctx);
    expect(rig.events).toEqual([]);
    await run(rig, executor);
    await run(rig, executor);
    const warnings = rig.events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings).toEqual([expect.stringContaining("NOT_SET_HERE"), expect.stringContaining("bwrap")]);
  });
});

describe("the options of a script executor", () => {
  const check = checkProcessOptions;
  const valid = { shell: false, timeout: "1h", strict_limits: false, cwd: "root" } as const;

  it("are checked before anything runs", () => {
    expect(check({ ...valid, command: "python train.py {lr} {aura.seed}" })).toEqual([]);
    const found = check({
      ...valid,
      command: "echo {x",
      env: { A: "{aura.slott}", AURA_ID: "x" },
      pass_env: ["OPENAI_API_KEY", "AURA_SEED"],
    });
    expect(found.map(({ path }) => path)).toEqual(["command", "env.A", "env.AURA_ID", "pass_env.1"]);
    expect(check({ ...valid, command: "p {aura.sede}" })[0]?.message).toContain("seed");
  });

  it("throw for library users", () => {
    expect(() => new ScriptExecutor("a | b")).toThrow(CommandError);
  });
});

describe("limits", () => {
  it("hold for what the trial does", async () => {
    using rig = executionRig();
    const executor = new ScriptExecutor("head -c 5000 /dev/zero > big", {
      shell: true,
      limits: { fileSizeBytes: 1000 },
    });
    expect(await run(rig, executor)).toMatchObject({ kind: "process", end: expect.stringMatching(/signal|exited/) });
    expect(rig.dir.read("big")?.length).toBe(1000);
  });

  it("that nothing holds end the run under strict_limits, before anything is spent, and are a warning otherwise", async () => {
    const { processes } = systemEffects();
    const limitTiers = () => ({ pids: "none", openFiles: "rlimit" }) as const;
    using rig = executionRig({ effects: { processes: { ...processes, limitTiers } } });
    const limits = { pids: 5000, openFiles: 100 };
    const environment = new NoEnvironment();
    const strict = new ScriptExecutor("true", { limits, strictLimits: true });
    await expect(strict.probe(environment, rig.ctx)).rejects.toMatchObject({ exitCode: 5 });
    await expect(strict.setup(rig.ctx)).rejects.toThrow(/nothing here would hold limits.pids:/);
    const lenient = new ScriptExecutor("true", { limits });
    await lenient.probe(environment, rig.ctx);
    await lenient.setup(rig.ctx);
    await run(rig, lenient);
    expect(rig.events.filter(({ type }) => type === "warning")).toHaveLength(1);
  });
});

describe("{aura.inputs}", () => {
  it("are paths inside the trial's own project where they are there, else where they are", async () => {
    const input = (path: string) => ({ path, absolutePath: `/data/${path}`, show: "name" }) as const;
    using rig = executionRig({ settings: { inputs: [input("a b.csv"), input("../outside.csv")] } });
    const raw = await run(rig, new ScriptExecutor("printf '%s\\n' {aura.inputs...}"));
    expect(stdoutOf(raw).split("\n")).toEqual([rig.dir.join("a b.csv"), "/data/../outside.csv"]);
  });
});
