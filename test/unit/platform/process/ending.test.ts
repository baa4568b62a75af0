import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TimeoutReached } from "../../../../src/kernel/effects.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { thorough } from "../../../support/thorough.ts";
import { hardTree, never, newMarker, request, runner, runs, sh, treeIn, until } from "./support.ts";

test("a timeout leaves nobody of a tree that does all it can to stay", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  const marker = newMarker();
  const running = processes.run(sh(hardTree(dir.path), { marker, timeoutMs: 700 }), never);
  const pids = await treeIn(dir.path);
  expect(pids.filter(runs)).toHaveLength(6);
  const result = await running;
  expect(result).toMatchObject({ end: "timeout", message: "timed out after 0.7 s", signal: "SIGKILL", exitCode: null });
  expect(pids.filter(runs)).toEqual([]);
});

test("killAll leaves nobody of such a tree, at once and without waiting", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  const running = processes.run(sh(hardTree(dir.path), { marker: newMarker() }), never);
  const pids = await treeIn(dir.path);
  processes.killAll();
  await until(() => pids.filter(runs).length === 0);
  expect(await running).toMatchObject({ end: "cancelled", signal: "SIGKILL" });
});

/** Starts something in a session of its own, with its id in `pid`, and ends by itself as soon as that is there. */
function leaving(dir: { join(name: string): string }, command: string): string {
  const pid = dir.join("pid");
  return `setsid sh -c 'echo $$ > ${pid}; ${command}' >/dev/null 2>&1 & while [ ! -s ${pid} ]; do sleep 0.01; done`;
}

test("what a trial leaves in another session is gone when its end is told, however large its environment is", async () => {
  using processes = runner();
  for (const bytes of [1, 120_000]) {
    using dir = temporaryDirectory();
    const script = leaving(dir, "exec sleep 300");
    const env = { PATH: process.env.PATH ?? "", LARGE: "x".repeat(bytes) };
    expect(await processes.run(sh(script, { env, marker: newMarker() }), never)).toMatchObject({ exitCode: 0 });
    expect(runs(Number(dir.read("pid")))).toBe(false);
  }
});

test("a lock that something left behind holds is free when the trial's end is told, eight times over", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  // A worker whose own child holds the lock under a cleared environment.
  const worker = `env -i PATH="$PATH" sh -c "exec 9>lock; flock -n 9 || exit 1; echo taken > held; exec sleep 300" & exec sleep 300`;
  for (let turn = 0; turn < 8; turn++) {
    // Every second one is seen before it has its child.
    const script = `rm -f pid held; ${leaving(dir, `sleep ${(turn % 2) / 10}; ${worker}`)}; while [ ! -s held ]; do sleep 0.01; done`;
    const more = { marker: newMarker(), cwd: dir.path, timeoutMs: 5000 };
    expect(await processes.run(sh(script, more), never)).toMatchObject({ end: "exited", exitCode: 0 });
    expect(await processes.run(sh("exec 9>lock; flock -n 9", { cwd: dir.path }), never)).toMatchObject({ exitCode: 0 });
  }
});

thorough(
  "what has cleared its environment and left for another session is ended with a trial that ends by itself, once it was seen",
  async () => {
    using dir = temporaryDirectory();
    using processes = runner();
    const script = `env -i PATH="$PATH" setsid sh -c 'echo $$ > ${dir.join("pid")}; exec sleep 300' >/dev/null 2>&1 & sleep 1.5`;
    expect(await processes.run(sh(script, { marker: newMarker() }), never)).toMatchObject({
      end: "exited",
      exitCode: 0,
    });
    expect(runs(Number(dir.read("pid")))).toBe(false);
  },
);

test("a process that shares its marker with a running one does not take that with it", async () => {
  using processes = runner();
  const marker = newMarker();
  const stop = new AbortController();
  const long = processes.run(sh("exec sleep 300", { marker }), stop.signal);
  expect(await processes.run(sh("sleep 300", { marker, timeoutMs: 20 }), never)).toMatchObject({ end: "timeout" });
  stop.abort(new Error("enough"));
  expect(await long).toMatchObject({ end: "cancelled", signal: "SIGTERM", message: "enough" });
});

test("what stays in the group of a process that ended by itself is ended with it", async () => {
  using processes = runner();
  const result = await processes.run(sh("sleep 300 >/dev/null 2>&1 & echo $!"), never);
  expect(result.end).toBe("exited");
  await until(() => !runs(Number(result.stdoutTail)));
});

test("a daemon that holds the pipe does not hold the result up", async () => {
  using processes = runner();
  const start = performance.now();
  const result = await processes.run(
    sh("setsid sleep 300 & echo $!; sleep 300 & echo done", { marker: newMarker() }),
    never,
  );
  expect(result).toMatchObject({ end: "exited", exitCode: 0 });
  expect(result.stdoutTail).toContain("done");
  expect(performance.now() - start).toBeLessThan(3000);
  await until(() => !runs(Number(result.stdoutTail.split("\n")[0])));
});

test("a process that takes SIGTERM well gets no SIGKILL and may say a last word", async () => {
  using processes = runner();
  const stop = new AbortController();
  const result = await processes.run(
    sh(`trap 'echo saved; exit 3' TERM; echo up; while :; do sleep 0.01; done`, {
      graceMs: 5000,
      onLine: (_, line) => {
        if (line === "up") stop.abort(new Error("stopped"));
      },
    }),
    stop.signal,
  );
  expect(result).toMatchObject({ end: "cancelled", message: "stopped", exitCode: 3, signal: null });
  expect(result.stdoutTail).toBe("up\nsaved\n");
});

test("the first reason is the reason", async () => {
  using processes = runner();
  const stop = new AbortController();
  const running = processes.run(
    sh(`trap "" TERM; while :; do sleep 0.05; done`, { timeoutMs: 100, graceMs: 400 }),
    stop.signal,
  );
  setTimeout(() => stop.abort(), 250);
  expect(await running).toMatchObject({ end: "timeout" });
});

test("a signal that has already aborted starts nothing", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  const touch = request("touch", [dir.join("started")]);
  expect(await processes.run(touch, AbortSignal.abort(new Error("no")))).toMatchObject({
    end: "cancelled",
    message: "no",
  });
  expect(await processes.run(touch, AbortSignal.abort(new TimeoutReached(10)))).toMatchObject({ end: "timeout" });
  expect(dir.read("started")).toBeNull();
});

test("an exit code, a signal and a shell's 137 are told apart", async () => {
  using processes = runner({ oomKills: () => null });
  expect(await processes.run(sh("exit 42"), never)).toMatchObject({ end: "exited", exitCode: 42, signal: null });
  expect(await processes.run(sh("kill -SEGV $$"), never)).toMatchObject({
    end: "signal",
    exitCode: null,
    signal: "SIGSEGV",
    message: "ended by SIGSEGV",
  });
  expect(await processes.run(sh("kill -9 $$"), never)).toMatchObject({ end: "signal", signal: "SIGKILL" });
  expect(await processes.run(sh("exit 137"), never)).toMatchObject({ end: "exited", exitCode: 137 });
});

test("only a kernel that counts one more memory kill makes a SIGKILL out-of-memory", async () => {
  let kills = 4;
  using processes = runner({ oomKills: () => kills });
  const killed = processes.run(sh("kill -9 $$", { onStart: () => (kills = 5) }), never);
  expect(await killed).toMatchObject({ end: "out-of-memory", signal: "SIGKILL" });
  const other = runner({ oomKills: () => 5 });
  expect(await other.run(sh("kill -9 $$"), never)).toMatchObject({ end: "signal" });
});

thorough("120 processes leave no descriptors, listeners or zombies behind", async () => {
  const program = fileURLToPath(new URL("many-processes-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk]: unknown[] = await once(child.stdout, "data");
  expect(JSON.parse(String(chunk))).toEqual({ more: [], listeners: 0, zombies: [] });
});

test("processes left by a killed parent are ended by their recorded identity and their marker, others are not", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  const prefix = newMarker();
  const script = `
    const { localProcesses } = await import(${JSON.stringify(new URL("../../../../src/platform/process/local.ts", import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL("../../../../src/platform/clock.ts", import.meta.url).href)});
    const runner = localProcesses({ clock: systemClock() });
    await runner.run({
      file: "sh", args: ["-c", ${JSON.stringify(hardTree(dir.path))}], cwd: "/", env: { PATH: process.env.PATH },
      graceMs: 100, outputLimitBytes: 1e9, marker: ${JSON.stringify(`${prefix}/t00.a1`)},
      onStart: (identity) => process.stdout.write(JSON.stringify(identity) + "\\n"),
    }, new AbortController().signal);
  `;
  const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk]: unknown[] = await once(parent.stdout, "data");
  const identity: { pid: number; startedAt: string } = JSON.parse(String(chunk));
  const pids = await treeIn(dir.path);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  expect(pids.filter(runs)).toHaveLength(6);
  expect(processes.isAlive(identity)).toBe(true);

  using bystander = runner();
  const stop = new AbortController();
  let other: { pid: number } | null = null;
  const innocent = bystander.run(
    sh("exec sleep 300", { marker: newMarker(), onStart: (id) => (other = id) }),
    stop.signal,
  );
  await until(() => other !== null);
  const reused = { pid: other ? Object(other).pid : 0, startedAt: identity.startedAt };
  expect(processes.isAlive(reused)).toBe(false);

  expect(await processes.endLeftovers([identity, reused, processes.self], prefix)).toBeGreaterThanOrEqual(3);
  expect(pids.filter(runs)).toEqual([]);
  expect(processes.isAlive(identity)).toBe(false);
  expect(runs(reused.pid)).toBe(true);
  expect(await processes.endLeftovers([identity], prefix)).toBe(0);
  stop.abort();
  await innocent;
});

test("an identity is alive only as long as exactly that process is", async () => {
  using processes = runner();
  expect(processes.isAlive(processes.self)).toBe(true);
  expect(processes.isAlive({ pid: processes.self.pid })).toBe(true);
  expect(processes.isAlive({ pid: processes.self.pid, startedAt: "1@00000000" })).toBe(false);
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30]) expect(processes.isAlive({ pid })).toBe(false);
  expect(processes.self.host).not.toBe("");
  const zombie = spawn("sh", ["-c", "(exit 0) & echo $!; exec sleep 300"], { stdio: ["ignore", "pipe", "ignore"] });
  const [chunk]: unknown[] = await once(zombie.stdout, "data");
  const pid = Number(chunk);
  await until(() => !runs(pid));
  expect(processes.isAlive({ pid })).toBe(false);
  zombie.kill("SIGKILL");
});
