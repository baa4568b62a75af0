import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { AURA, script, sharedDesk, spec, start } from "../support/aura.ts";
import { few, thorough } from "../support/thorough.ts";

const python = spawnSync("python3", ["--version"]).status === 0 ? "python3" : null;
/** Runs a command on a terminal of its own and prints what it wrote there. */
const ON_A_TERMINAL =
  "import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 65536))))";

describe("what a run prints", () => {
  const here = sharedDesk({
    "tiny.yaml": spec({ experimenter: script("printf 'in \\033[31mred\\033[0m\\n' >&2; echo score=$1") }),
    "bad.yaml": 'version: 1\nname: "\\e[31mbad"\nparalel: 1\n',
  });
  let place = 0;
  const run = (env: Readonly<Record<string, string>> = {}, more: readonly string[] = []) =>
    here.run(["run", "tiny.yaml", "--workspace", `w${place++}`, ...more], env);

  test("to a pipe is one line an event, with time, level, name and fields, then the summary", async () => {
    const { stdout, stderr, code } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [events = "", summary = ""] = stdout.split("\n\n");
    for (const line of events.split("\n"))
      expect(line).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warn|error) [a-z]+\.[a-z]+( [a-z_]+=("([^"\\]|\\.)*"|[^\s"]+))*$/,
      );
    expect(events).toMatch(/experiment\.finished id=i00001-h000 score=0\.\d+ best=0\.\d+/);
    expect(events.split("\n").at(-1)).toMatch(/run\.finished reason=iterations exit=0 best=/);
    expect(summary).toContain("tiny finished");
  });

  thorough.each([
    {},
    { NO_COLOR: "1" },
    { TERM: "dumb" },
    { CI: "true" },
    { TERM: "xterm-256color", COLORTERM: "truecolor" },
  ])("to a pipe holds no escape byte (%j)", async (env) => {
    const { stdout, stderr } = await run(env);
    expect(stdout + stderr).not.toMatch(/[\u001b\u009b]/);
    const mistakes = await here.run(["run", "bad.yaml"], env);
    expect(mistakes.code).toBe(2);
    expect(mistakes.stdout + mistakes.stderr).not.toMatch(/[\u001b\u009b]/);
  });

  test("with --reporter silent is nothing", async () => {
    expect(await run({}, ["--reporter", "silent"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test.skipIf(python === null)("on a terminal in CI or with TERM=dumb is plain lines too", async () => {
    for (const env of few([{ CI: "true", TERM: "xterm" }, { TERM: "dumb" }])) {
      const command = ["-c", ON_A_TERMINAL, process.execPath, AURA, "run", "tiny.yaml", "--workspace", `w${place++}`];
      const { stdout, code } = await start(python ?? "", command, { cwd: here.path, env }).ended;
      expect(code).toBe(0);
      expect(stdout).toMatch(/Z info run\.started/);
      expect(stdout).not.toContain("\u001b");
    }
  });

  test.skipIf(python === null)("on a terminal has no colours with NO_COLOR, and gives the cursor back", async () => {
    for (const [env, colours] of [
      [{ TERM: "xterm-256color" }, true],
      [{ TERM: "xterm-256color", NO_COLOR: "1" }, false],
    ] as const) {
      const command = ["-c", ON_A_TERMINAL, process.execPath, AURA, "run", "tiny.yaml", "--workspace", `w${place++}`];
      const { stdout, code } = await start(python ?? "", command, { cwd: here.path, env }).ended;
      expect(code).toBe(0);
      expect(/\u001b\[[0-9;]*[1-9][0-9;]*m/.test(stdout)).toBe(colours);
      expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
      // What follows the last frame is text alone.
      expect(stdout.slice(stdout.lastIndexOf("tiny finished"))).not.toContain("\u001b");
    }
  });

  thorough("as a dashboard that is asked for in a pipe is its last frame, as text", async () => {
    const { stdout, code } = await run({}, ["--reporter", "tui"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/best so far/);
    expect(stdout.match(/best so far/g)).toHaveLength(1);
    expect(stdout).not.toContain("\u001b");
  });

  test("by a command that reads, to a reader that has seen enough, is no error", async () => {
    const shell = (command: string) => start("sh", ["-c", command], { cwd: here.path }).ended;
    await run({}, ["--workspace", "read"]);
    const aura = `"${process.execPath}" "${AURA}"`;
    for (const view of ["events", "hypotheses --json", "events --follow"]) {
      const { stderr } = await shell(`${aura} inspect read ${view} | true`);
      expect(stderr).toBe("");
    }
    here.write("long.yaml", spec({ name: "long", experimenter: script("sleep 60; echo score=$1") }));
    const live = here.start(["run", "long.yaml", "--grace", "0s"]);
    await live.until("trial.started");
    const follower = start("sh", ["-c", `${aura} inspect runs/long events --follow | head -n 1`], { cwd: here.path });
    await follower.until("run.started");
    live.kill("SIGINT");
    expect(await follower.ended).toMatchObject({ code: 0, stderr: "" });
    expect((await live.ended).code).toBe(130);
    if (process.platform !== "linux") return;
    const full = await shell(`${aura} inspect read --json > /dev/full`);
    expect(full.code).toBe(6);
    expect(full.stderr).toMatch(/^aura: cannot write to standard output: .*ENOSPC.*\n$/);
    expect(await shell(`${aura} --version > /dev/full`)).toEqual(full);
  });

  test("to a pipe that is closed early ends the run in order, resumable", async () => {
    here.write("slow.yaml", spec({ name: "slow", experimenter: script("sleep 30; echo score=$1") }));
    const shell = `"${process.execPath}" "${AURA}" run slow.yaml --grace 0s | head -n 3; echo done`;
    const { stdout, stderr } = await start("sh", ["-c", shell], { cwd: here.path }).ended;
    expect(stdout).toContain("run.started");
    expect(stderr).not.toMatch(/EPIPE|unexpected/);
    expect(here.json("runs/slow/run.json")).toMatchObject({ status: "interrupted" });
  });
});
