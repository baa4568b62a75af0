import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Files } from "../../../src/kernel/effects.ts";
import { peekLock } from "../../../src/workspace/lock/holder.ts";
import { acquireLock, type LockEffects } from "../../../src/workspace/lock/lock.ts";
import { Town, temporaryFolder } from "./rig.ts";

/** Sets the last heartbeat. */
function beatAgo(root: string, { clock }: Town, ms: number): void {
  const at = new Date(clock.now().getTime() - ms);
  utimesSync(join(root, "lock.json"), at, at);
}

function changeLock(root: string, changes: Readonly<Record<string, unknown>>): void {
  const path = join(root, "lock.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
}

function holderOf(root: string): unknown {
  return JSON.parse(readFileSync(join(root, "lock.json"), "utf8")).pid;
}

describe("the lock", () => {
  it("is taken, says who holds it, and is gone once released", async () => {
    const root = join(temporaryFolder(), "run");
    const lock = await acquireLock(root, new Town().process(1));
    lock.assertHeld();
    expect(JSON.parse(readFileSync(join(root, "lock.json"), "utf8"))).toMatchObject({
      pid: 1,
      pidStartedAt: "s1",
      host: "here",
      bootId: "boot-1",
      token: lock.token,
    });
    lock.release();
    expect(readdirSync(root)).toEqual([]);
    expect(() => lock.assertHeld()).toThrow(/given back/);
  });

  it("refuses a second writer at once, naming the first", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    await expect(acquireLock(root, town.process(2))).rejects.toMatchObject({
      problem: "locked",
      exitCode: 3,
      message: expect.stringContaining("process 1 on here"),
    });
    expect(town.clock.monotonic()).toBe(0);
  });

  it("refuses the same process twice", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    await expect(acquireLock(root, town.process(1))).rejects.toMatchObject({ problem: "locked" });
  });

  it("of a dead owner on this host is taken over at once", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    town.kill(1);
    await acquireLock(root, town.process(2));
    expect(holderOf(root)).toBe(2);
    expect(readdirSync(root)).toEqual(["lock.json"]);
    expect(town.clock.monotonic()).toBe(0);
  });

  it.each([
    ["the machine was started again", ["here", "boot-2"]],
    ["its container was started again", ["here", "boot-1", "pid:[2]"]],
  ] as const)("of an owner from before %s is taken over at once when its heartbeat is old", async (_, place) => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, { ...town.process(1, "here", "boot-1", "pid:[1]"), clock: new Town().clock });
    beatAgo(root, town, 31_000);
    await acquireLock(root, town.process(2, ...place));
    expect(holderOf(root)).toBe(2);
    expect(town.clock.monotonic()).toBe(0);
  });

  it("copied with its workspace is no lock, while that of the original is", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    const copy = temporaryFolder();
    writeFileSync(join(copy, "lock.json"), readFileSync(join(root, "lock.json")));
    expect(peekLock(copy, town.process(2)).state).toBe("abandoned");
    await acquireLock(copy, town.process(2));
    expect(holderOf(copy)).toBe(2);
    expect(town.clock.monotonic()).toBe(0);
    await expect(acquireLock(root, town.process(2))).rejects.toMatchObject({ problem: "locked" });
  });

  it("of a folder that is reached through another mount is decided by its heartbeat", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    const here = town.process(2);
    const files: Files = { ...here.files, identity: () => "1-2" };
    await expect(acquireLock(root, { ...here, files })).rejects.toMatchObject({ problem: "locked" });
    expect(holderOf(root)).toBe(1);
  });

  it("of an older version, which names no namespace and no folder, is decided by its process", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1));
    changeLock(root, { pidNamespace: undefined, folder: undefined });
    const later = town.process(2, "here", "boot-1", "pid:[1]");
    await expect(acquireLock(root, later)).rejects.toMatchObject({ problem: "locked" });
    expect(town.clock.monotonic()).toBe(0);
    town.kill(1);
    await acquireLock(root, later);
    expect(holderOf(root)).toBe(2);
  });

  it("follows a chain of claimants that died while they took over", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const dead = await acquireLock(root, town.process(1));
    let key = dead.token;
    for (const pid of [2, 3, 4]) {
      const elsewhere = temporaryFolder();
      const claimant = await acquireLock(elsewhere, town.process(pid));
      writeFileSync(join(root, `.lock-after-${key}`), readFileSync(join(elsewhere, "lock.json")));
      key = claimant.token;
      town.kill(pid);
    }
    town.kill(1);
    await acquireLock(root, town.process(5));
    expect(holderOf(root)).toBe(5);
    expect(readdirSync(root)).toEqual(["lock.json"]);
  });

  it("is not taken over while a living process is taking it over", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const dead = await acquireLock(root, town.process(1));
    const elsewhere = temporaryFolder();
    await acquireLock(elsewhere, town.process(2));
    changeLock(elsewhere, { folder: undefined });
    writeFileSync(join(root, `.lock-after-${dead.token}`), readFileSync(join(elsewhere, "lock.json")));
    town.kill(1);
    await expect(acquireLock(root, town.process(3))).rejects.toMatchObject({
      message: expect.stringContaining("process 2"),
    });
    expect(holderOf(root)).toBe(1);
  });

  it.each(["", "{", "null", '{"token": "x"}', "[]", "\0\0\0", "100000 bytes"])(
    "whose file is damaged (%j) is taken over",
    async (damage) => {
      const text = damage.endsWith("bytes") ? "x".repeat(100_000) : damage;
      const [root, town] = [temporaryFolder(), new Town()];
      writeFileSync(join(root, "lock.json"), text);
      await acquireLock(root, town.process(2));
      expect(holderOf(root)).toBe(2);
      expect(readdirSync(root)).toEqual(["lock.json"]);
    },
  );

  it("that is a folder is an error that names it", async () => {
    const root = temporaryFolder();
    await acquireLock(join(root, "lock.json"), new Town().process(1));
    await expect(acquireLock(root, new Town().process(1))).rejects.toMatchObject({
      problem: "damaged",
      file: join(root, "lock.json"),
    });
  });

  it("can be taken by somebody else when its owner was killed at any point of taking it over", async () => {
    for (let kill = 0; ; kill++) {
      const [root, town] = [temporaryFolder(), new Town()];
      await acquireLock(root, town.process(1));
      town.kill(1);
      const doomed = town.process(2);
      const finished = await acquireLock(root, { ...doomed, files: killedAt(doomed.files, kill) }).then(
        () => true,
        () => false,
      );
      town.kill(2);
      const heir = await acquireLock(root, town.process(3));
      heir.assertHeld();
      expect(holderOf(root)).toBe(3);
      if (finished) break;
      expect(kill).toBeLessThan(100);
    }
  });
});

describe.each([
  ["another host's lock", ["there", "boot-1", "pid:[1]"]],
  ["the lock of a host of this name with another boot, such as a clone's,", ["here", "boot-2", "pid:[1]"]],
  ["the lock of another process namespace, such as a container's,", ["here", "boot-1", "pid:[2]"]],
] as const)("%s", (_, place) => {
  const here = (town: Town): LockEffects => town.process(2, "here", "boot-1", "pid:[1]");

  it("is respected as soon as its heartbeat is seen to move, whoever has its pid here", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, town.process(1, ...place));
    town.kill(1);
    beatAgo(root, town, 4000);
    expect(peekLock(root, here(town)).state).toBe("foreign");
    await expect(acquireLock(root, here(town))).rejects.toMatchObject({
      problem: "locked",
      message: expect.stringMatching(/end it where it runs/),
    });
    expect(town.clock.monotonic()).toBeLessThanOrEqual(6000);
  });

  it("is taken over when its heartbeat stood still for 30 s, even if its owner has a living namesake here", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const frozen = await acquireLock(root, { ...town.process(1, ...place), clock: new Town().clock });
    const waits: unknown[] = [];
    await acquireLock(root, here(town), { onWait: ({ host }, atMostMs) => waits.push([host, atMostMs]) });
    expect(town.clock.monotonic()).toBe(30_000);
    expect(waits).toEqual([[place[0], 30_000]]);
    expect(holderOf(root)).toBe(2);
    expect(() => frozen.assertHeld()).toThrow(expect.objectContaining({ problem: "lock-lost", exitCode: 3 }));
  });

  it("is taken at once when it is released while its heartbeat is watched", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const other = await acquireLock(root, { ...town.process(1, ...place), clock: new Town().clock });
    town.clock.onSleep = (elapsed) => {
      if (elapsed === 3000) other.release();
    };
    await acquireLock(root, here(town));
    expect(town.clock.monotonic()).toBe(3000);
  });

  it("is not waited for any longer when the wait is called off", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    await acquireLock(root, { ...town.process(1, ...place), clock: new Town().clock });
    const stop = new AbortController();
    town.clock.onSleep = () => stop.abort(new Error("stopped"));
    await expect(acquireLock(root, here(town), { signal: stop.signal })).rejects.toThrow("stopped");
    expect(holderOf(root)).toBe(1);
  });
});

describe("a held lock", () => {
  it("beats every 5 s and is still held after its own beats", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const lock = await acquireLock(root, town.process(1));
    const times = new Set<number>();
    for (let beat = 0; beat < 3; beat++) {
      await town.clock.advance(5000);
      times.add(statSync(join(root, "lock.json")).mtimeMs);
    }
    expect(times.size).toBe(3);
    lock.assertHeld();
  });

  it("does not touch a lock that has become another's, and stays lost", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const lost = await acquireLock(root, town.process(1));
    town.kill(1);
    await acquireLock(root, { ...town.process(2), clock: new Town().clock });
    const before = statSync(join(root, "lock.json")).mtimeMs;
    await town.clock.advance(60_000);
    expect(statSync(join(root, "lock.json")).mtimeMs).toBe(before);
    expect(() => lost.assertHeld()).toThrow(/taken over/);
    lost.release();
    expect(holderOf(root)).toBe(2);
  });

  it("is lost when somebody deletes or cuts its file", async () => {
    for (const damage of [(path: string) => writeFileSync(path, ""), (path: string) => writeFileSync(path, "{}")]) {
      const [root, town] = [temporaryFolder(), new Town()];
      const lock = await acquireLock(root, town.process(1));
      damage(join(root, "lock.json"));
      expect(() => lock.assertHeld()).toThrow(expect.objectContaining({ problem: "lock-lost" }));
    }
  });

  it("survives a touch and a copy in place by hand", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const lock = await acquireLock(root, town.process(1));
    writeFileSync(join(root, "lock.json"), readFileSync(join(root, "lock.json")));
    lock.assertHeld();
  });

  it("stops its writer when the heartbeat cannot be kept up", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const real = town.process(1);
    const files: Files = {
      ...real.files,
      setTimes: () => {
        throw new Error("read-only file system");
      },
    };
    const lock = await acquireLock(root, { ...real, files });
    await town.clock.advance(15_000);
    lock.assertHeld();
    await town.clock.advance(5000);
    expect(() => lock.assertHeld()).toThrow("read-only file system");
  });
});

describe("a look at the lock", () => {
  it("tells free, held, abandoned and foreign apart without writing", async () => {
    const [root, town] = [temporaryFolder(), new Town()];
    const observer = town.process(9);
    expect(peekLock(join(root, "nowhere"), observer)).toEqual({ state: "free" });
    expect(existsSync(join(root, "nowhere"))).toBe(false);
    await acquireLock(root, town.process(1));
    expect(peekLock(root, observer)).toMatchObject({ state: "held", holder: { pid: 1 } });
    expect(peekLock(root, town.process(9, "there")).state).toBe("foreign");
    town.kill(1);
    expect(peekLock(root, observer).state).toBe("abandoned");
    writeFileSync(join(root, "lock.json"), "");
    expect(peekLock(root, observer)).toEqual({ state: "abandoned", holder: null });
  });
});

/** A file system whose n-th use, and every later one, does not happen: its user is dead. */
function killedAt(files: Files, crossing: number): Files {
  let count = 0;
  const dead = new Error("killed");
  return new Proxy(files, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (count++ >= crossing) throw dead;
        return Reflect.apply(method, target, args);
      };
    },
  });
}
