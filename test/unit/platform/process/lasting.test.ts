import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, utimesSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LeftProcess, ProcessIdentity } from "../../../../src/kernel/effects.ts";
import { openSpool, readExit, Spool } from "../../../../src/platform/process/lasting.ts";
import type { TemporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { testFolder } from "../../../support/test-folder.ts";
import { never, newMarker, request, runner, sh, until } from "./support.ts";

const dir = testFolder();

/** Starts a process as `run` does, in an AURA that is killed at once. */
async function leave(dir: TemporaryDirectory, script: string): Promise<LeftProcess> {
  const own = new URL("./lasting-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--import", "tsx", own, dir.join("lasting"), script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.on("data", (chunk) => {
    told += chunk;
  });
  await until(() => told.includes("\n"));
  child.kill("SIGKILL");
  await once(child, "exit");
  const identity: ProcessIdentity = JSON.parse(told);
  return { process: identity, startedAtMs: Date.now() };
}

const LOST = "it ended while no AURA watched, without saying how";

describe("a lasting process", () => {
  test("is told like any other: output, code, signal, CPU time, and a program that cannot be started", async () => {
    using processes = runner();
    let made = 0;
    const run = (script: string, more = {}) =>
      processes.run(sh(script, { lasting: dir.join(`l${made++}`), marker: newMarker(), ...more }), never);
    const lines: string[] = [];
    const onLine = (stream: string, line: string) => lines.push(`${stream} ${line}`);
    const logs = { stdout: dir.join("out.log"), stderr: dir.join("err.log") };
    const result = await run("echo one; echo two >&2; exit 7", { onLine, logs });
    expect(result).toMatchObject({
      end: "exited",
      exitCode: 7,
      signal: null,
      stdoutTail: "one\n",
      stderrTail: "two\n",
    });
    expect(lines.sort()).toEqual(["stderr two", "stdout one"]);
    expect(readFileSync(logs.stderr, "utf8")).toBe("two\n");
    expect(await run("kill -SEGV $$")).toMatchObject({
      end: "signal",
      signal: "SIGSEGV",
      exitCode: null,
      stderrTail: "",
    });
    expect(await run("exit 139")).toMatchObject({ end: "exited", exitCode: 139, signal: null });
    const busy = await run("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done");
    expect(busy.usage?.cpuSeconds).toBeGreaterThan(0.05);
    const bad = dir.write("bad", "#!/no/such/interpreter\n", 0o755);
    expect(await processes.run(request(bad, [], { lasting: dir.join("bad.l") }), never)).toMatchObject({
      end: "cannot-start",
      message: expect.stringContaining("interpreter"),
    });
  });

  test("hears SIGTERM and may take its time; what ignores it is killed with the shell before it", async () => {
    using processes = runner();
    const polite = sh('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.01; done', {
      lasting: dir.join("a"),
      timeoutMs: 300,
      graceMs: 5000,
    });
    expect(await processes.run(polite, never)).toMatchObject({ end: "timeout", stdoutTail: "up\nbye\n" });
    const deaf = sh('trap "" TERM; while :; do sleep 0.01; done', {
      lasting: dir.join("b"),
      timeoutMs: 200,
      graceMs: 100,
    });
    expect(await processes.run(deaf, never)).toMatchObject({ end: "timeout" });
  });

  test("that outlives its AURA is gone on with: waited for, or taken when it has ended", async () => {
    using processes = runner();
    const script = `echo begun; while [ ! -e ${dir.join("go")} ]; do sleep 0.01; done; echo done; exit 3`;
    const left = await leave(dir, script);
    const lasting = dir.join("lasting");
    expect(processes.isAdoptable(lasting, left.process)).toBe(true);
    const asked = { ...sh(script), lasting };
    const waiting = processes.adopt(asked, left, never);
    dir.write("go", "");
    const end = { end: "exited", exitCode: 3, stdoutTail: "begun\ndone\n" };
    expect(await waiting).toMatchObject(end);
    // The same once more, as if that AURA had been killed as well before it had recorded anything.
    expect(processes.isAdoptable(lasting, left.process)).toBe(true);
    utimesSync(dir.join("lasting/exit"), new Date(), new Date(left.startedAtMs + 5000));
    expect(await processes.adopt(asked, left, never)).toMatchObject({ ...end, durationMs: 5000 });
    const late = { ...left, startedAtMs: Date.now() - 60_000 };
    expect(await processes.adopt({ ...asked, timeoutMs: 30_000 }, late, never)).toMatchObject({ end: "timeout" });
  });

  test("that was adopted keeps its timeout from when it was started, and ends with the run", async () => {
    using processes = runner();
    const left = await leave(dir, "exec sleep 300");
    const asked = { ...sh("exec sleep 300"), lasting: dir.join("lasting") };
    const late = { ...left, startedAtMs: Date.now() - 60_000 };
    expect(await processes.adopt({ ...asked, timeoutMs: 60_100 }, late, never)).toMatchObject({
      end: "timeout",
      message: "timed out after 60.1 s",
    });
    expect(processes.isAlive(left.process)).toBe(false);
  });

  test("that was killed with the shell before it is lost, and no other AURA takes it up", async () => {
    using processes = runner();
    const left = await leave(dir, "exec sleep 300");
    process.kill(-left.process.pid, "SIGKILL");
    await until(() => !processes.isAlive(left.process));
    const lasting = dir.join("lasting");
    expect(processes.isAdoptable(lasting, left.process)).toBe(false);
    expect(await processes.adopt({ ...sh(""), lasting }, left, never)).toMatchObject({ end: "lost", message: LOST });
  });
});

test("an exit that is only half written is none", () => {
  const folder = dir.path;
  expect(readExit(folder)).toBeNull();
  dir.write("exit", "");
  expect(readExit(folder)).toBeNull();
  dir.write("exit", "0m0.00s 0m0.00s\n1m2.50s 0m0.50s\nexit 1");
  expect(readExit(folder)).toBeNull();
  appendFileSync(dir.join("exit"), "0\n");
  expect(readExit(folder)).toMatchObject({ code: 10, signal: null, cpuSeconds: 63 });
  dir.write("exit", "Segmentation fault\n0m0.00s 0m0.00s\n0m0.00s 0m0.00s\nexit 139\n");
  expect(readExit(folder)).toMatchObject({ code: null, signal: "SIGSEGV" });
});

test("output that grows beyond all bounds is read and given back while what writes it is held up", async () => {
  const folder = dir.join("spool");
  const [out, err] = openSpool(folder);
  let bytes = 0;
  const calls: string[] = [];
  const spool = new Spool(
    folder,
    (_stream, chunk) => {
      bytes += chunk.length;
    },
    3_000_000,
  );
  spool.follow({
    hold: async () => {
      calls.push("hold");
      return true;
    },
    goOn: () => calls.push("go on"),
  });
  const write = (count: number) =>
    execFileSync("head", ["-c", String(count), "/dev/zero"], { stdio: ["ignore", out, err] });
  write(4_000_000);
  await until(() => calls.length === 2);
  write(1000);
  await until(() => bytes === 4_001_000);
  spool.close();
  expect(calls).toEqual(["hold", "go on"]);
  expect(readFileSync(`${folder}/stdout`)).toHaveLength(1000);
  expect(existsSync(`${folder}/cut`)).toBe(true);
});
