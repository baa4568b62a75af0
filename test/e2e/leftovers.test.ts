import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Desk, desk, script, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

// A daemon by the book: a new session, then a second fork whose parent is gone. It says when it is there.
const DAEMON = `setsid sh -c '(sleep 300.DUR & echo $! > "$AURA_ROOT/daemon.pid"; exec sleep 300.DUR) &' > /dev/null 2>&1 < /dev/null; while [ ! -s "$AURA_ROOT/daemon.pid" ]; do sleep 0.01; done`;
const supported = process.platform === "linux";

describe.skipIf(!supported)("what a trial leaves running", () => {
  let here: Desk;
  const token = `${process.pid}`;
  beforeAll(() => {
    here = desk();
  });
  afterAll(() => here[Symbol.dispose]());
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
        ["SIGHUP", 129, false],
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

  test("by a killed AURA is ended by the next resume", async () => {
    here.write(
      "killed.yaml",
      spec({ name: "killed", experimenter: script(`${daemon(3)}; sleep 300.${token}3`, "timeout: 1s") }),
    );
    const live = here.start(["run", "killed.yaml"]);
    here.write("daemon.pid", "");
    await live.until("trial.started");
    while (running(`sleep\u0000300.${token}3`).length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    live.kill("SIGKILL");
    await live.ended;
    const orphans = running(`sleep\u0000300.${token}3`);
    expect(orphans.length).toBeGreaterThanOrEqual(3);
    const { stdout } = await here.run(["resume", "runs/killed", "--set", "stop.failures=1"]);
    expect(stdout).toMatch(/leftovers-ended/);
    expect(running(`sleep\u0000300.${token}3`)).toEqual([]);
  });
});

/** Ids of the processes whose command line holds this. */
function running(words: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(words);
    } catch {
      return false;
    }
  });
}
