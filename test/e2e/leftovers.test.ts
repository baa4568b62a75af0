import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Desk, desk, type LiveAura, script, sharedDesk, spec } from "../support/aura.ts";
import { processesWhere, until } from "../support/processes.ts";
import { few, thorough } from "../support/thorough.ts";

// A daemon by the book: a new session, then a second fork whose parent is gone. It says when it is there.
const DAEMON = `setsid sh -c '(sleep 300.DUR & echo $! > "$AURA_ROOT/daemon.pid"; exec sleep 300.DUR) &' > /dev/null 2>&1 < /dev/null; while [ ! -s "$AURA_ROOT/daemon.pid" ]; do sleep 0.01; done`;
const supported = process.platform === "linux";

describe.skipIf(!supported)("what a trial leaves running", () => {
  const here = sharedDesk();
  const token = `${process.pid}`;
  const daemon = (number: number) => DAEMON.replaceAll("DUR", `${token}${number}`);

  test("is gone when the run has ended", async () => {
    here.write("daemon.yaml", spec({ name: "daemon", experimenter: script(`${daemon(1)}; echo score=$1`) }));
    const { code } = await here.run(["run", "daemon.yaml"]);
    expect(code).toBe(0);
    expect(here.lines("daemon.pid")).toHaveLength(1);
    expect(running(`sleep\u0000300.${token}1`)).toEqual([]);
  });

  thorough(
    "is gone when the run was interrupted, at the first signal's deadline or at once by the second",
    async () => {
      const line = `${daemon(2)}; trap '' TERM INT HUP; echo up; sleep 300.${token}2`;
      here.write("stubborn.yaml", spec({ name: "stubborn", experimenter: script(line) }));
      for (const [signal, code, second] of [
        ["SIGTERM", 143, false],
        ["SIGINT", 130, true],
        ["SIGUSR2", 75, false],
      ] as const) {
        const live = here.start(["run", "stubborn.yaml", "--new", "--grace", second ? "5m" : "0s"]);
        await live.until("trial.started");
        live.kill(signal);
        if (second) {
          await new Promise<void>((resolve) => setTimeout(resolve, 200));
          live.kill(signal);
        }
        const end = await live.ended;
        expect(end.code).toBe(code);
        expect(running(`sleep\u0000300.${token}2`)).toEqual([]);
      }
    },
  );

  test("by a killed AURA is ended by the next resume with `on_crash: end`", async () => {
    const trial = script(`${daemon(3)}; sleep 300.${token}3`, "timeout: 1s, on_crash: end");
    here.write("killed.yaml", spec({ name: "killed", experimenter: trial }));
    const live = here.start(["run", "killed.yaml"]);
    here.write("daemon.pid", "");
    await live.until("trial.started");
    await until("the daemon's two", () => running(`sleep\u0000300.${token}3`).length >= 3);
    live.kill("SIGKILL");
    await live.ended;
    const orphans = running(`sleep\u0000300.${token}3`);
    expect(orphans.length).toBeGreaterThanOrEqual(3);
    const { stdout } = await here.run(["resume", "runs/killed", "--set", "stop.failures=1"]);
    expect(stdout).toMatch(/leftovers-ended/);
    expect(running(`sleep\u0000300.${token}3`)).toEqual([]);
  });

  const FIRST = 'case "$AURA_TRIAL_DIR" in *i00001-h000-t00.a1) exit 1;; *i00001-*) echo score=0; exit;; esac;';
  const ADOPTED = `${FIRST} echo begun >> "$AURA_ROOT/begun"; sleep 0.1 & ${DAEMON.replaceAll("DUR", `${token}5`)}; while [ ! -e "$AURA_ROOT/go" ]; do sleep 0.02; done; echo score=$1`;
  test.each(few(["while it runs", "when it has ended"]))(
    "by a killed AURA is gone on with by the next resume, %s, and nothing of it is left then",
    async (when) => {
      using place = desk();
      const researcher =
        "{ type: search, method: random, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }";
      const parts = { researcher, stop: "{ iterations: 2 }", more: "retries: 1" };
      place.write("kept.yaml", spec({ name: "kept", experimenter: script(ADOPTED), ...parts }));
      const live = place.start(["run", "kept.yaml"]);
      await live.until("trial.started");
      const folder = place.join("runs/kept/iterations/00002/trials");
      const record = `${folder}/i00002-h000-t00.json`;
      await until("its trial", () => existsSync(record) && existsSync(place.join("daemon.pid")));
      live.kill("SIGKILL");
      await live.ended;
      const exit = (): string => readFileSync(`${folder}/i00002-h000-t00.a1.running/exit`, "utf8");
      if (when === "when it has ended") {
        place.write("go", "");
        await until("the trial's end", () => exit().endsWith("exit 0\n"));
      }
      const { stdout: plan } = await place.run(["resume", "runs/kept", "--explain"]);
      expect(plan).toMatch(/i00002-h000-t00.*attempt 1 outlived AURA/s);
      const again = place.start(["resume", "runs/kept"]);
      await again.until("trial.started");
      place.write("go", "");
      const { code, stdout } = await again.ended;
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/leftovers-ended/);
      expect(place.lines("begun")).toEqual(["begun"]);
      const { attempts, outcome } = JSON.parse(readFileSync(record, "utf8"));
      expect(attempts).toHaveLength(1);
      expect(outcome).toMatchObject({ status: "completed" });
      // With both attempts of the first, one of which left nothing.
      expect(place.json("runs/kept/run.json")).toMatchObject({ totals: { trials: 3 } });
      expect(running(`sleep\u0000300.${token}5`)).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.endsWith(".running"))).toEqual([]);
    },
  );

  const callers = few([
    ["an agent", "runner: { type: command, argv: [sh, ./agent.sh] }", "agent.sh", (n: number) => hangingAgent(n)],
    [
      "an agent that clears its environment",
      "runner: { type: command, argv: [env, -i, PATH=/usr/bin:/bin, sh, ./agent.sh] }",
      "agent.sh",
      (n: number) => hangingAgent(n),
    ],
    [
      "a function that answers prompts",
      "runner: { type: function, module: ./answer.mjs }",
      "answer.mjs",
      (n: number) => hangingModule(n, "({ content: '[{\"x\": 1}]' })"),
    ],
  ]);
  test.each(callers)(
    "by a killed AURA in a call is ended by the next resume, and its scratch files go: %s",
    async (_, runner, file, text) => {
      const number = 10 + uses++;
      using place = desk({ [file]: text(number), hang: "" });
      place.write("tmp/others", "");
      const researcher = `{ type: prompt, num_tasks: 1, prompt: "PROPOSE", ${runner} }`;
      place.write("called.yaml", spec({ name: "called", researcher }));
      await killedInCall(place, "called.yaml", number);
      const { code, stdout } = await place.run(["resume", "runs/called"], { TMPDIR: place.join("tmp") });
      expect(stdout).toMatch(/leftovers-ended/);
      expect(code).toBe(0);
      expect(running(`sleep\u0000300.${token}${number}`)).toEqual([]);
      expect(readdirSync(place.join("tmp"))).toEqual(["others"]);
    },
  );

  test("by a killed AURA in an evaluator of the user's is ended by the next resume", async () => {
    using place = desk({ "judge.mjs": hangingModule(20, "({ score: 1 })"), hang: "", "tmp/others": "" });
    const evaluator = "evaluator: { type: function, module: ./judge.mjs }";
    place.write("judged.yaml", spec({ name: "judged", more: evaluator }));
    await killedInCall(place, "judged.yaml", 20);
    const { code } = await place.run(["resume", "runs/judged"], { TMPDIR: place.join("tmp") });
    expect(code).toBe(0);
    expect(running(`sleep\u0000300.${token}20`)).toEqual([]);
    expect(readdirSync(place.join("tmp"))).toEqual(["others"]);
  });

  test("of a run that goes on is left alone by a resume of a copy of its workspace", async () => {
    using place = desk({ hang: "" });
    const line = `if [ -e "$AURA_ROOT/hang" ]; then sleep 300.${token}4; fi; echo score=$1`;
    place.write("copied.yaml", spec({ name: "copied", experimenter: script(line) }));
    const live = place.start(["run", "copied.yaml"]);
    await live.until("trial.started");
    const trials = await untilRunning(`sleep\u0000300.${token}4`, live);
    rmSync(place.join("hang"));
    cpSync(place.join("runs/copied"), place.join("runs/copy"), { recursive: true });
    const { code, stdout } = await place.run(["resume", "runs/copy"]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/leftovers-ended/);
    expect(running(`sleep\u0000300.${token}4`)).toEqual(trials);
    live.kill("SIGINT");
    live.kill("SIGTERM");
    await live.ended;
    expect(running(`sleep\u0000300.${token}4`)).toEqual([]);
  });

  let uses = 0;
  /** Hangs while there is a file `hang`, which it removes, so that only the first does. */
  const hangingAgent = (number: number): string =>
    `if [ -e hang ]; then rm hang; sleep 300.${token}${number}; fi; echo '[{"x": 1}]'\n`;
  const hangingModule = (number: number, answer: string): string => `
    import { spawnSync } from "node:child_process";
    import { existsSync, rmSync } from "node:fs";
    export default () => {
      if (existsSync("hang")) {
        rmSync("hang");
        spawnSync("sleep", ["300.${token}${number}"]);
      }
      return ${answer};
    };`;

  /** A run that is killed while something of it hangs. */
  async function killedInCall(place: Desk, file: string, number: number): Promise<void> {
    const live = place.start(["run", file], { TMPDIR: place.join("tmp") });
    await untilRunning(`sleep\u0000300.${token}${number}`, live);
    // A process that carries no mark is known by its record only, which is there a moment after it has started.
    const call = place.join("runs/called/iterations/00001/calls/i00001-researcher-a1.json");
    await until("its record", () => !existsSync(call) || readFileSync(call, "utf8").includes('"pid"'));
    live.kill("SIGKILL");
    await live.ended;
    expect(running(`sleep\u0000300.${token}${number}`)).toHaveLength(1);
  }
});

/** Waits until a command has started a process with this command line; throws with what it said when it ends before. */
async function untilRunning(words: string, live: LiveAura): Promise<readonly string[]> {
  const end = live.ended.then(({ stdout, stderr }) => {
    throw new Error(`it ended:\n${stdout}\n${stderr}`);
  });
  end.catch(() => undefined);
  while (running(words).length === 0) await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 10))]);
  return running(words);
}

/** Ids of the processes whose command line begins so. */
function running(words: string): readonly string[] {
  return processesWhere("cmdline", (text) => text.startsWith(words));
}
