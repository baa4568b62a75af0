import { spawnSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import type { Effects, ProcessRequest } from "../../../src/kernel/effects.ts";
import { StorageError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { type FaultPlan, faultyEffects, parseFaultPlan, SimulatedCrash } from "../../support/faults.ts";

const never = new AbortController().signal;
const used: Effects[] = [];

afterEach(() => {
  for (const { processes } of used.splice(0)) processes.killAll();
});

function faulty(plan: FaultPlan | null = null) {
  const effects = systemEffects();
  used.push(effects);
  return faultyEffects(effects, plan);
}

/** Three crossings of files. */
function writeThree(effects: Effects, dir: TemporaryDirectory): void {
  effects.files.writeAtomic(dir.join("one"), "1111");
  effects.files.readText(dir.join("one"));
  effects.files.append(dir.join("two"), "2222");
  effects.files.rename(dir.join("two"), dir.join("three"));
}

function sleeper(more: Partial<ProcessRequest> = {}): ProcessRequest {
  const env = { PATH: process.env.PATH ?? "" };
  return { file: "sleep", args: ["300"], cwd: "/", env, graceMs: 100, outputLimitBytes: 1e6, ...more };
}

test("crossings are listed in order, reads are none", () => {
  using dir = temporaryDirectory();
  const { effects, crossings } = faulty();
  writeThree(effects, dir);
  expect(crossings.map(({ n, method, target }) => `${n} ${method} ${target.slice(dir.path.length)}`)).toEqual([
    "1 writeAtomic /one",
    "2 append /two",
    "3 rename /three",
  ]);
});

test("a crash before a crossing stops it and everything after it", () => {
  using dir = temporaryDirectory();
  const rig = faulty({ at: 2, when: "before", fault: "die" });
  expect(() => writeThree(rig.effects, dir)).toThrow(SimulatedCrash);
  expect(rig.crashed).toBe(true);
  expect(() => rig.effects.files.writeAtomic(dir.join("later"), "")).toThrow(SimulatedCrash);
  expect(() => rig.effects.files.readText(dir.join("one"))).toThrow(SimulatedCrash);
  expect(
    systemEffects()
      .files.list(dir.path)
      ?.map(({ name }) => name),
  ).toEqual(["one"]);
  expect(rig.crossings).toHaveLength(2);
});

test("a crash after a crossing lets it happen", () => {
  using dir = temporaryDirectory();
  const rig = faulty({ at: 2, when: "after", fault: "die" });
  expect(() => writeThree(rig.effects, dir)).toThrow(SimulatedCrash);
  expect(dir.read("two")).toBe("2222");
});

test("a full disk fails one crossing and the next works again", () => {
  using dir = temporaryDirectory();
  const rig = faulty({ at: 1, when: "before", fault: "ENOSPC" });
  expect(() => writeThree(rig.effects, dir)).toThrow(StorageError);
  writeThree(rig.effects, dir);
  expect(dir.read("three")).toBe("2222");
});

test("a short write leaves half: of an append in the file, of an atomic write in its temporary file", () => {
  using dir = temporaryDirectory();
  expect(() => writeThree(faulty({ at: 2, when: "before", fault: "short-write" }).effects, dir)).toThrow(StorageError);
  expect(dir.read("two")).toBe("22");
  using other = temporaryDirectory();
  expect(() => writeThree(faulty({ at: 1, when: "before", fault: "torn-die" }).effects, other)).toThrow(SimulatedCrash);
  expect(other.read("one")).toBeNull();
  expect(other.read(".one.0-0.tmp")).toBe("11");
});

test("a crash while a process is recorded ends it, and nobody learns how", async () => {
  const rig = faulty({ at: 2, when: "before", fault: "die" });
  let pid = 0;
  const running = rig.effects.processes.run(sleeper({ onStart: () => (pid = -1) }), never);
  await expect(running).rejects.toBeInstanceOf(SimulatedCrash);
  expect(rig.crossings.map(({ method }) => method)).toEqual(["run", "started"]);
  expect(pid).toBe(0);
});

test("a crash elsewhere ends running processes and what waits for them or for the clock", async () => {
  using dir = temporaryDirectory();
  const rig = faulty({ at: 3, when: "before", fault: "die" });
  const started = deferred<number>();
  const running = rig.effects.processes.run(sleeper({ onStart: ({ pid }) => started.resolve(pid) }), never);
  const asleep = rig.effects.clock.sleep(60_000, never);
  const pid = await started.promise;
  expect(() => rig.effects.files.append(dir.join("x"), "")).toThrow(SimulatedCrash);
  await expect(running).rejects.toBeInstanceOf(SimulatedCrash);
  await expect(asleep).rejects.toBeInstanceOf(SimulatedCrash);
  const outside = systemEffects();
  while (outside.processes.isAlive({ pid })) await outside.clock.sleep(5, never);
});

test("a hanging call ends with its signal", async () => {
  const rig = faulty({ at: 1, when: "before", fault: "hang" });
  const stop = new AbortController();
  const call = rig.wrapCall("main", async () => "reply");
  const hanging = call("prompt", { signal: stop.signal });
  stop.abort(new Error("patience is out"));
  await expect(hanging).rejects.toThrow("patience is out");
  expect(await call("prompt", { signal: never })).toBe("reply");
});

test("a lost reply was still sent", async () => {
  const rig = faulty({ at: 1, when: "after", fault: "die" });
  let sent = 0;
  const call = rig.wrapCall("main", async () => String(++sent));
  await expect(call("prompt", { signal: never })).rejects.toBeInstanceOf(SimulatedCrash);
  expect(sent).toBe(1);
});

test("a crashed life is dead to the next one, its own is alive", () => {
  using dir = temporaryDirectory();
  const first = faulty({ at: 1, when: "before", fault: "die" });
  expect(first.effects.processes.isAlive(first.effects.processes.self)).toBe(true);
  expect(() => writeThree(first.effects, dir)).toThrow(SimulatedCrash);
  const next = faulty();
  expect(next.effects.processes.isAlive(first.effects.processes.self)).toBe(false);
  expect(systemEffects().processes.isAlive(first.effects.processes.self)).toBe(false);
});

test("a plan is read from a text, and nonsense is refused", () => {
  expect(parseFaultPlan("sigkill:after:17")).toEqual({ fault: "sigkill", when: "after", at: 17 });
  for (const text of ["", "die", "die:before:0", "die:during:1", "melt:before:1", "die:before:1:2"]) {
    expect(() => parseFaultPlan(text)).toThrow(RangeError);
  }
});

test("a real SIGKILL strikes at the crossing it is planned for", () => {
  using dir = temporaryDirectory();
  const url = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
  const script = `
    const { faultyEffects, parseFaultPlan } = await import(${url("test/support/faults.ts")});
    const { systemEffects } = await import(${url("src/platform/system.ts")});
    const { effects } = faultyEffects(systemEffects(), parseFaultPlan(process.env.TEST_FAULT));
    for (const name of ["a", "b", "c"]) effects.files.append(${JSON.stringify(dir.path)} + "/" + name, "four");
  `;
  const killed = (plan: string) =>
    spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      env: { ...process.env, TEST_FAULT: plan },
    }).signal;
  expect(killed("torn-sigkill:before:2")).toBe("SIGKILL");
  expect([dir.read("a"), dir.read("b"), dir.read("c")]).toEqual(["four", "fo", null]);
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
