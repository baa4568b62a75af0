import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ProcessRequest, StartedProcess } from "../../../../src/kernel/effects.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { hardTree, never, newMarker, remoteRunner, request, runner, runs, sh, treeIn, until } from "./support.ts";

/** The starter processes of a process, by what it has as children. */
function startersOf(pid: number): readonly number[] {
  return childrenOf(pid).filter((child) => commandOf(child).includes("starter-child"));
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((other) => Number.isInteger(other) && parentOf(other) === pid);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

const EXAMPLES: readonly (readonly [string, ProcessRequest])[] = [
  ["an exit code", sh("exit 42")],
  ["a signal", sh("kill -SEGV $$")],
  ["output on both streams", sh("echo out; echo err >&2")],
  ["text on stdin", request("cat", [], { stdin: "prompt ü\n".repeat(50_000) })],
  ["stdin that is not read", request("true", [], { stdin: "x".repeat(1_000_000) })],
  ["arguments of any kind", request("printf", ["%s|", "", " ", "'", '"', "\n", "ü\u{1f600}", "\ud800", "$(id)"])],
  ["the environment", request("/usr/bin/env", [], { env: { A: "1", "B.C": "two\nlines" } })],
  ["a missing program", request("no-such-program", [])],
  ["a NUL byte", request("echo", ["a\0b"])],
  ["too long an argument", request("echo", ["x".repeat(200_000)])],
  ["a missing folder", request("true", [], { cwd: "/no/such/folder" })],
  ["too much output", sh("yes", { outputLimitBytes: 100_000, graceMs: 50 })],
  ["a timeout", sh("exec sleep 300", { timeoutMs: 50 })],
];

describe("through a starter process", () => {
  test("everything ends as it does without one", async () => {
    using direct = runner({ many: Number.POSITIVE_INFINITY });
    using remote = await remoteRunner();
    for (const [name, what] of EXAMPLES) {
      const [expected, actual] = [await direct.run(what, never), await remote.run(what, never)];
      const { durationMs: _1, pid: _2, ...same } = expected;
      if (same.end === "output-limit") {
        expect(actual.stdoutBytes, name).toBeGreaterThan(100_000);
        expect(actual.end, name).toBe("output-limit");
      } else expect(actual, name).toMatchObject(same);
    }
  });

  test("much output of several at once arrives whole", async () => {
    using processes = await remoteRunner();
    const lines = 200_000;
    const counts = await Promise.all(
      [0, 1, 2].map(async (number) => {
        let wrong = 0;
        let count = 0;
        const onLine = (_: string, line: string): void => {
          if (line !== `${number} ${count++}`) wrong += 1;
        };
        const script = `i=0; exec awk 'BEGIN { for (i = 0; i < ${lines}; i++) print "${number} " i }'`;
        await processes.run(sh(script, { onLine }), never);
        return { count, wrong };
      }),
    );
    expect(counts).toEqual([0, 1, 2].map(() => ({ count: lines, wrong: 0 })));
  });

  test("its start is named by a start time, unless it is over by the time that is heard of", async () => {
    using processes = await remoteRunner();
    const named: StartedProcess[] = [];
    for (const seconds of [...Array(20).fill("0"), "0.1"])
      await processes.run(request("sleep", [seconds], { onStart: (identity) => named.push(identity) }), never);
    expect(named).toHaveLength(21);
    expect(named.every(({ startedAt, over }) => over === true || typeof startedAt === "string")).toBe(true);
    expect(named.at(-1)?.startedAt).toEqual(expect.any(String));
  });

  test("a timeout leaves nobody of a tree that does all it can to stay", async () => {
    using dir = temporaryDirectory();
    using processes = await remoteRunner();
    const running = processes.run(sh(hardTree(dir.path), { marker: newMarker(), timeoutMs: 700 }), never);
    const pids = await treeIn(dir.path);
    expect(await running).toMatchObject({ end: "timeout", signal: "SIGKILL" });
    expect(pids.filter(runs)).toEqual([]);
  });

  test("killAll leaves nobody, neither of what runs nor of what was only just asked for", async () => {
    using dir = temporaryDirectory();
    using processes = await remoteRunner();
    const running = processes.run(sh(hardTree(dir.path), { marker: newMarker() }), never);
    const pids = await treeIn(dir.path);
    const starters = startersOf(process.pid);
    const asked = Array.from({ length: 10 }, (_, number) =>
      processes.run(sh(`echo $$ > ${dir.join(String(number))}; exec sleep 300.25`, { marker: newMarker() }), never),
    );
    processes.killAll();
    expect((await Promise.all([running, ...asked])).map(({ end }) => end)).toEqual(Array(11).fill("cancelled"));
    expect([...pids, ...starters].filter(runs)).toEqual([]);
    const started = readdirSync(dir.path).filter((name) => /^\d+$/.test(name));
    expect(started.map((name) => Number(dir.read(name))).filter((pid) => pid > 0 && runs(pid))).toEqual([]);
  });

  test("a stop that comes before the start ends it all the same", async () => {
    using processes = await remoteRunner();
    const stop = new AbortController();
    const running = processes.run(sh("exec sleep 300"), stop.signal);
    stop.abort(new Error("enough"));
    expect(await running).toMatchObject({ end: "cancelled", message: "enough" });
  });
});

describe("a starter process", () => {
  test("that is killed takes its children along as lost, and the next are started without one", async () => {
    using dir = temporaryDirectory();
    using processes = await remoteRunner();
    const running = processes.run(sh(hardTree(dir.path), { marker: newMarker() }), never);
    const pids = await treeIn(dir.path);
    for (const pid of startersOf(process.pid)) process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({ end: "lost", exitCode: null });
    await until(() => pids.filter(runs).length === 0);
    const answers = [await processes.run(sh("echo $PPID"), never), await processes.run(sh("echo $PPID"), never)];
    expect(answers.map(({ end }) => end)).toContain("exited");
    expect(Number(answers[1]?.stdoutTail)).toBe(process.pid);
  });

  test("takes no notice of signals that are meant for AURA", async () => {
    using processes = await remoteRunner();
    const running = processes.run(sh("sleep 0.2; echo done"), never);
    for (const pid of startersOf(process.pid))
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) process.kill(pid, signal);
    expect(await running).toMatchObject({ end: "exited", stdoutTail: "done\n" });
  });

  test("leaves when there is nothing more to start, and comes back when there is", async () => {
    using processes = await remoteRunner({ idleMs: 20 });
    const first = startersOf(process.pid);
    expect(first.length).toBeGreaterThan(0);
    await until(() => startersOf(process.pid).every((pid) => !first.includes(pid)));
    expect(await processes.run(sh("echo again"), never)).toMatchObject({ stdoutTail: "again\n" });
  });

  test("leaves also when nothing came by the time it was ready", async () => {
    using processes = runner({ many: 0, idleMs: 20 });
    const before = startersOf(process.pid);
    const started = () => startersOf(process.pid).filter((pid) => !before.includes(pid));
    await processes.run(sh("true"), never);
    expect(started()).not.toEqual([]);
    await until(() => started().length === 0);
  });

  test("ends everything and leaves when AURA is killed, and holds up no AURA that has nothing to wait for", async () => {
    using dir = temporaryDirectory();
    const source = (name: string): string =>
      JSON.stringify(new URL(`../../../../src/platform/${name}`, import.meta.url).href);
    const script = (after: string): string => `
      const { localProcesses } = await import(${source("process.ts")});
      const { systemClock } = await import(${source("clock.ts")});
      const runner = localProcesses({ clock: systemClock(), many: 0 });
      const common = { cwd: "/", env: { PATH: process.env.PATH }, graceMs: 100, outputLimitBytes: 1e9 };
      const run = (text, more) =>
        runner.run({ file: "sh", args: ["-c", text], ...common, ...more }, new AbortController().signal);
      while (Number((await run("echo $PPID")).stdoutTail) === process.pid) await new Promise((done) => setTimeout(done, 5));
      ${after}`;
    const node = (text: string) =>
      spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", text], {
        stdio: ["ignore", "ignore", "inherit"],
      });
    const ending = node(script("await run('true');"));
    expect(await once(ending, "exit")).toEqual([0, null]);

    const marker = newMarker();
    const parent = node(
      script(`await run(${JSON.stringify(hardTree(dir.path))}, { marker: ${JSON.stringify(marker)} });`),
    );
    const pids = await treeIn(dir.path);
    const starters = startersOf(parent.pid ?? 0);
    expect(starters.length).toBeGreaterThan(0);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await until(() => [...pids, ...starters].filter(runs).length === 0);
  });
});
