import { existsSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { LiveAura } from "../support/aura.ts";
import { until } from "../support/processes.ts";
import { thorough } from "../support/thorough.ts";
import { afterAll, type RealPlace, realPlace, survivorsOf, undisturbedCommand } from "./support/real.ts";

let expected: Awaited<ReturnType<typeof undisturbedCommand>>;
beforeAll(async () => {
  expected = await undisturbedCommand();
});

const GRACE_MS = 300;

/** The command with a trial under way that ignores every polite signal, and so does its grandchild. */
async function withHangingTrial(
  place: RealPlace,
  args: readonly string[] = ["--reporter", "plain"],
): Promise<LiveAura> {
  place.write("hang", "");
  const live = place.start({}, [...args, "--grace", `${GRACE_MS}ms`]);
  await Promise.race([
    until("a trial that hangs", () => existsSync(place.join("hanging.log"))),
    live.ended.then(({ stdout, stderr }) => Promise.reject(new Error(`it ended early: ${stdout}${stderr}`))),
  ]);
  return live;
}

/** The run goes on afterwards and ends where the undisturbed one ends. */
async function goesOn(place: RealPlace): Promise<void> {
  rmSync(place.join("hang"), { force: true });
  const resumed = await place.live();
  expect(resumed).toMatchObject({ code: 0, broken: [] });
  expect(afterAll(expected, place)).toEqual([]);
}

describe("a signal while a trial ignores being asked to end", () => {
  thorough.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGUSR2", 75],
  ] as const)("%s ends with %i, leaves nobody behind, and says how to go on", async (signal, code) => {
    using place = realPlace();
    const live = await withHangingTrial(place);
    const from = performance.now();
    live.kill(signal);
    const end = await live.ended;
    expect(end.code).toBe(code);
    expect(performance.now() - from).toBeLessThan(GRACE_MS + 2500);
    expect(survivorsOf(place)).toEqual([]);
    expect(end.stdout).toContain("aura resume runs/kill");
    expect(end.stdout).toMatch(
      new RegExp(`run\\.finished reason=${code === 75 ? "paused" : "interrupted"} exit=${code}\\b`),
    );
    if (signal === "SIGINT") await goesOn(place);
  });

  thorough("a hang-up is nothing to a command without a terminal, as with nohup: it goes on to its end", async () => {
    using place = realPlace();
    const live = await withHangingTrial(place);
    live.kill("SIGHUP");
    place.write("let-go", "");
    rmSync(place.join("hang"));
    const end = await live.ended;
    expect(end.code).toBe(0);
    expect(afterAll(expected, place)).toEqual([]);
  });

  test("a second SIGINT leaves within 500 ms", async () => {
    using place = realPlace();
    const live = await withHangingTrial(place);
    live.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const from = performance.now();
    live.kill("SIGINT");
    const end = await live.ended;
    expect(performance.now() - from).toBeLessThan(500);
    expect(end.code).toBe(130);
    expect(survivorsOf(place)).toEqual([]);
  });

  thorough("a reader of the events that goes away ends the run like a hang-up", async () => {
    using place = realPlace();
    const live = await withHangingTrial(place, ["--json"]);
    live.closeStdout();
    rmSync(place.join("hang"));
    const end = await live.ended;
    expect(end.code).toBe(129);
    expect(end.stderr).toContain("nobody reads the output any more; stopping");
    expect(survivorsOf(place)).toEqual([]);
    await goesOn(place);
  });

  thorough("what a SIGKILL of the command leaves running is ended by the next resume", async () => {
    using place = realPlace();
    const live = await withHangingTrial(place);
    live.kill("SIGKILL");
    await live.ended;
    expect(survivorsOf(place).length).toBeGreaterThanOrEqual(2);
    await goesOn(place);
  });
});

describe("a signal while nothing can be run", () => {
  thorough("during a wait for another host's lock the command ends at once", async () => {
    using place = realPlace();
    place.write("runs/kill/lock.json", FOREIGN_LOCK);
    const live = place.start();
    await live.until("another-host", "stderr");
    const from = performance.now();
    live.kill("SIGTERM");
    const end = await live.ended;
    expect(end.code).toBe(143);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});

const FOREIGN_LOCK = JSON.stringify({
  token: "ab".repeat(16),
  pid: 7,
  bootId: "elsewhere",
  host: "another-host",
  acquiredAt: "2026-01-31T12:00:00.000Z",
});
