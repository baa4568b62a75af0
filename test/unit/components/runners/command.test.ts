import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  CommandRunner,
  type CommandRunnerOptions,
  commandLlm,
  commandRunner,
} from "../../../../src/components/runners/command.ts";
import { readCommandOutput } from "../../../../src/components/runners/command-output.ts";
import { functionRunner } from "../../../../src/components/runners/module.ts";
import type { ComponentDeps } from "../../../../src/kernel/define.ts";
import { SpecError, StorageError, ToolMissingError } from "../../../../src/kernel/errors.ts";
import type { RunnerRequest } from "../../../../src/kernel/ports.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { runnerContext, runnerRequest } from "../../../support/scripted-runner.ts";
import { stageContext } from "../../../support/stage-context.ts";
import { testFolder } from "../../../support/test-folder.ts";

const folder = testFolder();

/** The machine, with these variables only and scratch files in the test's folder. */
function effects(variables: Readonly<Record<string, string>> = {}) {
  const known = new Map(
    Object.entries({ PATH: process.env.PATH ?? "", HOME: "/home/me", TMPDIR: folder.path, ...variables }),
  );
  return { ...systemEffects(), variables: { get: (name: string) => known.get(name), names: () => [...known.keys()] } };
}

function run(script: string, prompt: string, options: CommandRunnerOptions = {}, args: readonly string[] = []) {
  const file = folder.write("agent", `#!/bin/sh\n${script}\n`, 0o755);
  const runner = new CommandRunner([file, ...args], { effects: effects(), ...options });
  return runner.run(runnerRequest(prompt, { cwd: folder.path }), runnerContext());
}

describe("CommandRunner", () => {
  it("gives the prompt on stdin and takes the reply from stdout", async () => {
    expect(await run("tr a-z A-Z", "hello\n$(rm x) 'é'")).toEqual({ content: "HELLO\n$(RM X) 'é'" });
  });

  it("gives the prompt as one argument, never as an option", async () => {
    const show = `printf '%s|' "$@"`;
    expect((await run(show, "a b; $x", { input: "argument" }, ["-p"])).content).toBe("-p|a b; $x|");
    expect((await run(show, "-rf", { input: "argument" }, ["--ask={prompt}", "x"])).content).toBe("--ask= -rf|x|");
    await expect(run(show, "x".repeat(200_000), { input: "argument" })).rejects.toThrow(/use input: stdin or file/);
  });

  it("gives no prompt as the text of a program, where what a model wrote would run", async () => {
    for (const words of [["-c", "agent {prompt}"], ["-c"], ["-e{prompt}"], ["--eval=f('{prompt}')"]])
      expect(() => new CommandRunner(["sh", ...words], { input: "argument" })).toThrow(/program's text.*from "\$1"/);
    const given = { input: "argument", output: "text", timeout: "10m", max_wait: "5m" } as const;
    expect(commandRunner.check?.({ ...given, argv: ["sh", "-c", "a {prompt}"] })).toMatchObject([{ path: "argv" }]);
    const behind = ["-c", 'printf %s "$1"', "sh", "{prompt}"];
    const runner = new CommandRunner(["sh", ...behind], { effects: effects(), input: "argument" });
    const { content } = await runner.run(runnerRequest("`touch x`", { cwd: folder.path }), runnerContext());
    expect(content).toBe("`touch x`");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("gives the prompt as a file, and leaves nothing behind", async () => {
    expect((await run('cat "$2"', "from a file", { input: "file" }, ["--file", "{prompt_file}"])).content).toBe(
      "from a file",
    );
    expect(readdirSync(folder.path)).toEqual(["agent"]);
  });

  it("runs again what fails because its provider is busy, and counts what that used", async () => {
    const busy =
      '{"is_error":true,"result":"Overloaded; try again in 10 ms","usage":{"input_tokens":1,"output_tokens":2}}';
    const script = `[ -e twice ] && echo '{"result":"yes","usage":{"input_tokens":3,"output_tokens":4}}' && exit
      [ -e once ] && touch twice && echo "HTTP 429: retry after 10 ms" >&2 && exit 1
      touch once; echo '${busy}'`;
    expect(await run(script, "", { outputFormat: "json", maxWait: 30 })).toEqual({
      content: "yes",
      usage: { inputTokens: 4, outputTokens: 6 },
    });
  });

  it("is unavailable when a busy provider stays so, and has failed at anything else", async () => {
    const unavailable = {
      problem: "unavailable",
      message: expect.stringMatching(/max wait 0.*limit reached, resets at 5pm/),
    };
    const says = (text: string, code: number) => run(`echo "${text}"; exit ${code}`, "", { maxWait: 0 });
    await expect(says("Usage limit reached, resets at 5pm", 3)).rejects.toMatchObject(unavailable);
    await expect(says("no such option -x", 2)).rejects.toMatchObject({ problem: "failed" });
    const above = `echo '{"type":"error","status":429}'; echo "it failed, see above" >&2; exit 1`;
    const inOutput = run(above, "", { outputFormat: "jsonl", maxWait: 0 });
    await expect(inOutput).rejects.toMatchObject({ problem: "unavailable" });
    expect(await says("a rate limit of 429 calls", 0)).toMatchObject({ content: "a rate limit of 429 calls" });
  });

  it("keeps long replies whole", async () => {
    const { content } = await run("head -c 300000 /dev/zero | tr '\\0' x", "");
    expect(content).toHaveLength(300_000);
  });

  it("tells which question is asked, and passes keys only when told to", async () => {
    const machine = effects({ ANTHROPIC_API_KEY: "sk-1", OTHER_KEY: "sk-2" });
    const options = { effects: machine, env: { MODE: "fast" }, passEnv: ["OTHER_KEY"] };
    const { content } = await run("env", "", options);
    expect(content).toMatch(/AURA_ROLE=researcher/);
    expect(content).toMatch(/MODE=fast/);
    expect(content).toMatch(/HOME=\/home\/me/);
    expect(content).toMatch(/OTHER_KEY=sk-2/);
    expect(content).not.toMatch(/sk-1/);
  });

  it("says with its first call what it is not given", async () => {
    const machine = effects({ ANTHROPIC_API_KEY: "sk-1", OTHER_KEY: "sk-2" });
    const runner = new CommandRunner(["cat"], { effects: machine, name: "main", passEnv: ["OTHER_KEY"] });
    await runner.setup({ ...stageContext(), effects: machine });
    const told: string[] = [];
    const context = { ...runnerContext(), warn: (_: string, message: string) => void told.push(message) };
    for (const ask of [0, 1]) await runner.run(runnerRequest("", { cwd: folder.path, ask }), context);
    expect(told).toEqual([
      "runner main is not given ANTHROPIC_API_KEY, since they look like secrets; pass_env: [ANTHROPIC_API_KEY] lets them through",
    ]);
  });

  it("fails with the end of what a failing command said", async () => {
    const failing = run("echo fine; echo 'no credit' >&2; exit 3", "");
    await expect(failing).rejects.toMatchObject({
      problem: "failed",
      message: expect.stringMatching(/exited with 3: no credit$/),
    });
    await expect(run("kill -9 $$", "")).rejects.toMatchObject({ problem: "failed" });
    const message = expect.stringContaining("timed out after 0.2 s");
    // Without a word it was at work, too: what it was asked is counted.
    await expect(run("sleep 30", "", { timeout: 0.2 })).rejects.toMatchObject({ message, reply: "" });
    await expect(run("yes", "")).rejects.toMatchObject({ problem: "failed" });
  });

  it("ends at once on abort", async () => {
    const stop = new AbortController();
    const runner = new CommandRunner(["sh", "-c", "echo up; exec sleep 30"], { effects: effects() });
    const asked = runner.run(runnerRequest("", { cwd: folder.path }), runnerContext(stop.signal));
    stop.abort(new Error("user stop"));
    await expect(asked).rejects.toThrow("user stop");
  });

  it("misses its program before anything is spent", async () => {
    await expect(new CommandRunner(["no-such-agent-x"]).setup(stageContext())).rejects.toThrow(ToolMissingError);
    await new CommandRunner(["sh"]).setup(stageContext());
    expect(() => new CommandRunner([])).toThrow(SpecError);
  });

  it("finds its program where the system will: past folders that may not be searched, on the PATH it is given", async () => {
    const machine = effects({ PATH: `/locked:${folder.path}` });
    const files = {
      ...machine.files,
      realPath: (path: string) => {
        if (path.startsWith("/locked")) throw new StorageError("resolve", path, new Error("EACCES: permission denied"));
        return machine.files.realPath(path);
      },
    };
    const ctx = { ...stageContext(), effects: { ...machine, files } };
    folder.write("agent", "#!/bin/sh\n", 0o755);
    await new CommandRunner(["agent"]).setup(ctx);
    await new CommandRunner(["sh"], { env: { PATH: "/usr/bin:/bin" } }).setup(ctx);
    const elsewhere = new CommandRunner(["agent"], { env: { PATH: "/usr/bin:/bin" } });
    await expect(elsewhere.setup(ctx)).rejects.toThrow(ToolMissingError);
  });
});

describe("a preset", () => {
  /** Stands in for an agent: notes how it was called and with which key, reads its prompt, and answers in its form. */
  const agent = (name: string, prints: string, prompt = "cat") => {
    const note = `printf '%s\\n' "$*" "key=$\{ANTHROPIC_API_KEY}$OPENAI_API_KEY" > ${folder.path}/called; ${prompt} > ${folder.path}/prompt`;
    folder.write(name, `#!/bin/sh\n${note}\ncat <<'END'\n${prints}\nEND\n`, 0o755);
  };
  const called = (file: string): string => folder.read(file) ?? "";
  const ask = async (
    preset: "claude" | "codex" | "aider",
    argv: readonly string[],
    rest: Partial<RunnerRequest> = {},
  ) => {
    const machine = effects({
      PATH: `${folder.path}:${process.env.PATH}`,
      OPENAI_API_KEY: "sk-open-1",
      ANTHROPIC_API_KEY: "sk-ant-2",
    });
    const runner = new CommandRunner(argv, { preset, name: "main", effects: machine });
    await runner.setup({ ...stageContext(), effects: machine });
    const ctx = runnerContext();
    const reply = await runner.run(runnerRequest("Try x", { cwd: folder.path, ...rest }), ctx);
    return { reply, warnings: ctx.warnings };
  };

  it("asks claude in its print mode, with its own key and no other, which is said once and hidden", async () => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 100, cache_creation_input_tokens: 20, output_tokens: 6 };
    agent(
      "claude",
      JSON.stringify({ type: "result", is_error: false, result: "[1] sk-ant-2", usage, total_cost_usd: 0.5 }),
    );
    const { reply, warnings } = await ask("claude", ["--model", "opus"]);
    expect(called("called")).toBe("-p --output-format json --model opus\nkey=sk-ant-2\n");
    expect(called("prompt")).toBe("Try x");
    expect(reply).toEqual({
      content: "[1] [redacted]",
      usage: { inputTokens: 125, outputTokens: 6, cacheReadTokens: 100, cacheWriteTokens: 20, costUsd: 0.5 },
    });
    expect(warnings).toEqual([
      expect.stringContaining("not given OPENAI_API_KEY"),
      "variables-passed: runner main is given ANTHROPIC_API_KEY, the keys of claude",
    ]);
    await ask("claude", [], { editsCopy: true });
    expect(called("called")).toContain("-p --output-format json --permission-mode acceptEdits\n");
  });

  it("asks codex by exec, outside a repository and in a sandbox that lets it write only where it is to", async () => {
    const events = [
      { type: "thread.started", thread_id: "t" },
      { type: "item.completed", item: { id: "item_0", type: "reasoning", text: "hm" } },
      { type: "item.completed", item: { id: "item_1", type: "agent_message", text: "[1]" } },
      { type: "item.completed", item: { id: "item_2", type: "reasoning", text: "Done." } },
      { type: "turn.completed", usage: { input_tokens: 50, cached_input_tokens: 40, output_tokens: 6 } },
    ];
    agent("codex", events.map((event) => JSON.stringify(event)).join("\n"));
    const { reply } = await ask("codex", []);
    expect(called("called")).toBe("exec --json --skip-git-repo-check --sandbox read-only\nkey=sk-open-1\n");
    expect(reply).toEqual({ content: "[1]", usage: { inputTokens: 50, outputTokens: 6 } });
    await ask("codex", [], { editsCopy: true });
    expect(called("called")).toContain("--sandbox workspace-write");
  });

  it("asks aider with its prompt in a file, without questions, commits or notes left behind", async () => {
    agent("aider", "Aider v0.86\n[1]", 'cat "$2"');
    const { reply } = await ask("aider", ["--model", "sonnet", "train.py"], { editsCopy: true });
    expect(called("called")).toMatch(
      /^--message-file \S+prompt\.md --yes-always --no-git .*--model sonnet train\.py\n/,
    );
    expect(called("called")).not.toContain("--chat-mode");
    expect(called("prompt")).toBe("Try x");
    expect(reply.content).toBe("Aider v0.86\n[1]");
    await ask("aider", []);
    expect(called("called")).toContain("--chat-mode ask");
  });

  it("or a program there has to be", () => {
    const defaults = { input: "stdin", output: "text", timeout: "10m", max_wait: "5m" } as const;
    expect(commandRunner.check?.({ ...defaults, argv: [] })).toEqual([
      { path: "argv", message: "expected the program and its arguments, or a preset: claude, codex, aider" },
    ]);
    expect(commandRunner.check?.({ ...defaults, preset: "codex" })).toEqual([]);
  });
});

describe("commandLlm", () => {
  it("is a function from a prompt to what a command answers", async () => {
    const call = commandLlm(["tr", "a-z", "A-Z"], { effects: effects() });
    const { signal } = new AbortController();
    expect(await call("hello", { signal })).toEqual({ content: "HELLO" });
  });
});

describe("readCommandOutput", () => {
  it("finds the reply of JSON output in the usual places or at the path", () => {
    const usage = { input_tokens: 5, output_tokens: 6 };
    const json = JSON.stringify({ type: "result", is_error: false, result: "hi", usage, total_cost_usd: 0.5 });
    expect(readCommandOutput(json, "json", undefined, "c")).toEqual({
      content: "hi",
      usage: { inputTokens: 5, outputTokens: 6, costUsd: 0.5 },
    });
    expect(readCommandOutput('{"a": [{"b": "deep"}]}', "json", "a.-1.b", "c").content).toBe("deep");
    expect(readCommandOutput('{"a": {"b": [1]}}', "json", "a", "c")).toEqual({
      content: '{"b":[1]}',
      structured: { b: [1] },
    });
    expect(readCommandOutput('[{"lr": 1}]', "json", undefined, "c").structured).toEqual([{ lr: 1 }]);
  });

  it("takes the last line of JSONL output that has a reply", () => {
    const lines = [
      '{"type":"system"}',
      "noise",
      '{"type":"assistant","message":{"content":[{"type":"text","text":"dra"},{"type":"text","text":"ft"}]}}',
      '{"type":"result","result":"final"}',
    ];
    expect(readCommandOutput(lines.join("\n"), "jsonl", undefined, "c").content).toBe("final");
    expect(readCommandOutput(lines.slice(0, 3).join("\n"), "jsonl", undefined, "c").content).toBe("draft");
  });

  it("gives all of an output without a reply back, with what is missing and what was used", () => {
    const used = { usage: { input_tokens: 3, output_tokens: 2 }, total_cost_usd: 3 };
    const usage = { inputTokens: 3, outputTokens: 2, costUsd: 3 };
    expect(readCommandOutput("oops", "json", undefined, "c")).toMatchObject({
      content: "oops",
      unusable: expect.stringMatching(/not JSON/),
    });
    const elsewhere = JSON.stringify({ a: 1, ...used });
    expect(readCommandOutput(elsewhere, "json", "b.c", "c")).toMatchObject({
      content: elsewhere,
      unusable: expect.stringMatching(/no reply at b\.c/),
      usage,
    });
    expect(readCommandOutput("x", "jsonl", undefined, "c").unusable).toMatch(/no reply/);
  });

  it("says in the command's own words why it failed, whatever numbers stand beside them", () => {
    const stdout = JSON.stringify({ is_error: true, usage: { input_tokens: 429 }, result: "context overflow" });
    expect(() => readCommandOutput(stdout, "json", "result", "c")).toThrow(
      expect.objectContaining({ problem: "failed", message: "c reports an error: context overflow" }),
    );
  });

  it("tells what a command used that says it failed", () => {
    const stdout = JSON.stringify({
      is_error: true,
      result: "context overflow",
      usage: { input_tokens: 100_000, output_tokens: 5000 },
      total_cost_usd: 3,
    });
    const usage = { inputTokens: 100_000, outputTokens: 5000, costUsd: 3 };
    expect(() => readCommandOutput(stdout, "json", "result", "c")).toThrow(
      expect.objectContaining({ problem: "failed", message: expect.stringMatching(/overflow/), reply: stdout, usage }),
    );
    const thrown = expect.objectContaining({ problem: "failed", usage });
    expect(() => readCommandOutput(`warn: old\n${stdout}\n`, "text", undefined, "c")).toThrow(thrown);
    expect(() => readCommandOutput(`[{"type":"system"},${stdout}]`, "json", undefined, "c")).toThrow(thrown);
    const failing = run(`echo '${stdout}'; exit 1`, "", { outputFormat: "json" });
    return expect(failing).rejects.toMatchObject({ problem: "failed", usage });
  });

  it.each([
    [
      '{"is_error":true,"result":"Invalid API key · Please run /login","usage":{"input_tokens":0,"output_tokens":0}}',
      "credentials",
    ],
    ['{"is_error":true,"result":"Credit balance is too low"}', "credentials"],
    ['{"is_error":true,"result":"You\'ve hit your limit · resets 3pm"}', "unavailable"],
    [
      '{"type":"item.completed","item":{"text":"please run /login"}}\n{"type":"turn.failed","error":{"message":"cut"}}',
      "failed",
    ],
  ])("says in the command's own words what is the matter with its provider: %s", async (stdout, problem) => {
    const words = /"(?:result|message)":"([^"]*)"/.exec(stdout)?.[1] ?? "";
    const message = expect.stringMatching(new RegExp(`(?:exited with 1|reports an error): ${words}`));
    for (const code of [0, 1]) {
      const failing = run(`cat <<'END'\n${stdout}\nEND\nexit ${code}`, "", { outputFormat: "jsonl", maxWait: 0 });
      await expect(failing).rejects.toMatchObject({ problem, message, usage: undefined });
    }
  });

  it("finds the reply at the path also in a list of all that an agent said", () => {
    const stdout = '[{"type":"system"},{"result":"[1]","usage":{"input_tokens":3,"output_tokens":2}}]';
    expect(readCommandOutput(stdout, "json", "result", "c")).toEqual({
      content: "[1]",
      usage: { inputTokens: 3, outputTokens: 2 },
    });
  });

  it("counts a cost without token counts", () => {
    const usage = { inputTokens: 0, outputTokens: 0, costUsd: 0.5 };
    expect(readCommandOutput('{"result": "a", "total_cost_usd": 0.5}', "json", undefined, "c").usage).toEqual(usage);
  });
});

describe("the function runner", () => {
  it("asks a module's function in a process of its own", async () => {
    const module = folder.write(
      "model.ts",
      `export const answer = async (prompt: string, ctx: { role: string }) => ({ content: prompt + "/" + ctx.role + "/" + process.pid });
       export const fail = () => { throw new Error("boom"); };`,
    );
    const deps: ComponentDeps = {
      name: "mine",
      specDir: folder.path,
      root: folder.path,
      effects: effects(),
      metric: { name: "score", direction: "maximize", minDelta: { kind: "absolute", value: 0 } },
      resolvePath: (path) => path,
      build: () => {
        throw new Error("it is made of nothing else");
      },
    };
    const ask = (name: string) =>
      functionRunner
        .create({ module, export: name, timeout: "30s" }, deps)
        .run(runnerRequest("hi", { cwd: folder.path }), runnerContext());
    const { content } = await ask("answer");
    expect(content).toMatch(/^hi\/researcher\/\d+$/);
    expect(content).not.toContain(String(process.pid));
    await expect(ask("fail")).rejects.toMatchObject({
      problem: "failed",
      message: "mine: fail: the function threw: boom",
    });
  });
});
