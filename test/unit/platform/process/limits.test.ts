import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { ControlGroups } from "../../../../src/platform/process/control-groups.ts";
import { Limits } from "../../../../src/platform/process/limits.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { never, request, runner, sh } from "./support.ts";

const groups = new ControlGroups();
const hasGroups = groups.tier("memoryBytes") !== null && groups.tier("pids") !== null;

const BOMB = ["-e", "const all = []; for (;;) all.push(Buffer.alloc(8e6, 1));"];

describe.runIf(process.platform === "linux")("limits of local processes", () => {
  it("are held by what the record says, or by nothing", () => {
    const limits = { memoryBytes: 1e9, pids: 50, cpuSeconds: 5, openFiles: 20 };
    expect(new Limits().tiers(limits, 1000)).toEqual({
      memoryBytes: groups.tier("memoryBytes") ?? "rlimit",
      pids: groups.tier("pids") ?? "rlimit",
      cpuSeconds: "rlimit",
      openFiles: "rlimit",
    });
    expect(new Limits().tiers({ pids: 50 }, 0)).toEqual({ pids: groups.tier("pids") ?? "none" });
  });

  it("of CPU time end it, and say so", async () => {
    using processes = runner();
    const limits = { cpuSeconds: 1 };
    const busy = await processes.run(sh("while :; do :; done", { limits }), never);
    expect(busy).toMatchObject({ end: "signal", signal: "SIGXCPU", message: expect.stringContaining("CPU time") });
    expect(busy.usage?.limits).toEqual({ cpuSeconds: "rlimit" });
  });

  it.runIf(hasGroups)("of memory end it as `out-of-memory`, whoever of its processes took it", async () => {
    using processes = runner();
    const limits = { memoryBytes: 64 * 2 ** 20 };
    const alone = await processes.run(request(process.execPath, BOMB, { limits }), never);
    expect(alone).toMatchObject({ end: "out-of-memory", message: expect.stringContaining("67108864 bytes") });
    const env = { PATH: process.env.PATH ?? "", NODE: process.execPath, BOMB: BOMB[1] ?? "" };
    const child = await processes.run(sh('"$NODE" -e "$BOMB"; exit 3', { limits, env }), never);
    expect(child).toMatchObject({ end: "out-of-memory", exitCode: 3 });
    expect(child.usage?.peakMemoryBytes).toBeGreaterThan(32 * 2 ** 20);
    expect(await processes.run(sh("exit 3", { limits }), never)).toMatchObject({ end: "exited", exitCode: 3 });
  });

  it.runIf(hasGroups)("of processes hold for a fork bomb of root as well", async () => {
    using processes = runner();
    const bomb = "i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i + 1)); done; echo all";
    const bounded = await processes.run(sh(bomb, { limits: { pids: 10 } }), never);
    expect(bounded.stdoutTail).not.toContain("all");
    expect(bounded.stderrTail).toMatch(/fork/i);
    using dir = temporaryDirectory();
    const none = await processes.run(sh("exit 2", { limits: { pids: 1 }, lasting: dir.join("lasting") }), never);
    expect(none).toMatchObject({ end: "spawn-error", message: expect.stringMatching(/^cannot be started: .*fork/i) });
  });

  it.runIf(hasGroups)("of one run's trial are no other run's, in the same process", async () => {
    using one = runner();
    using other = runner();
    const limits = { pids: 20 };
    const long = one.run(sh("sleep 0.5; echo done", { limits }), never);
    expect(await other.run(sh("sleep 0.1", { limits }), never)).toMatchObject({ end: "exited", exitCode: 0 });
    expect(await long).toMatchObject({ end: "exited", stdoutTail: "done\n" });
  });

  it.skipIf(hasGroups)("of memory bound each process where no group can be made", async () => {
    using processes = runner();
    const limits = { memoryBytes: 256 * 2 ** 20 };
    expect(await processes.run(request(process.execPath, BOMB, { limits }), never)).not.toMatchObject({ exitCode: 0 });
  });
});

/** A tree that looks like a file system of control groups: their files are there, whatever is written into them. */
function withGroups(files: readonly string[], path: string) {
  const mount = temporaryDirectory();
  const known = (pid = process.pid) => {
    const folder = mount.join(`${path}/aura-${pid}-probe`);
    mkdirSync(folder, { recursive: true });
    for (const file of files) writeFileSync(`${folder}/${file}`, "");
    return folder;
  };
  return { mount, known };
}

describe("control groups of version 2", () => {
  const files = ["memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cgroup.procs"];

  test("are made in the process's own group, or beside it where that one may have none", () => {
    const { mount, known } = withGroups(files, "user.slice");
    using _ = mount;
    known();
    const found = new ControlGroups(mount.path, "0::/user.slice/session.scope\n", () => true);
    expect([found.tier("memoryBytes"), found.tier("pids")]).toEqual(["cgroup-v2", "cgroup-v2"]);
  });

  test("hold no limit whose file is not there, nor one that no process can be put under", () => {
    const { mount, known } = withGroups(["memory.max"], "");
    using _ = mount;
    const folder = known();
    const found = new ControlGroups(mount.path, "0::/\n", () => true);
    expect([found.tier("memoryBytes"), found.tier("pids")]).toEqual(["cgroup-v2", null]);
    expect(readFileSync(`${folder}/memory.max`, "utf8")).toBe(String(2 ** 30));
    expect(new ControlGroups(mount.path, "0::/\n", () => false).tier("memoryBytes")).toBeNull();
  });
});
