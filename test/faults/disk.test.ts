import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { thorough } from "../support/thorough.ts";
import { afterAll, type RealPlace, realPlace, undisturbedCommand } from "./support/real.ts";

interface TinyDisk extends Disposable {
  readonly folder: string;
  readonly isMounted: boolean;
  remount(how: "ro" | "rw"): void;
}

/** A tiny file system of its own as the place for runs, where this user may mount one. */
function tinyDisk(place: RealPlace): TinyDisk {
  const folder = place.join("runs");
  mkdirSync(folder, { recursive: true });
  const mount = (...args: readonly string[]): boolean => spawnSync("mount", [...args, folder]).status === 0;
  return {
    folder,
    isMounted: mount("-t", "tmpfs", "-o", "size=4m", "tmpfs"),
    remount: (how) => void mount("-o", `remount,${how}`),
    [Symbol.dispose]: () => void spawnSync("umount", ["-l", folder]),
  };
}

const mayMount = ((): boolean => {
  using place = realPlace();
  using disk = tinyDisk(place);
  return disk.isMounted;
})();

let expected: Awaited<ReturnType<typeof undisturbedCommand>>;
beforeAll(async () => {
  expected = await undisturbedCommand();
});

test.runIf(process.env.AURA_REQUIRE_TOOLS === "1")("file systems can be mounted for these tests", () => {
  expect(mayMount).toBe(true);
});

describe.runIf(mayMount)("a real disk (needs the right to mount one)", () => {
  thorough("that is full ends the run with 6, and with room it goes on to the same end", async () => {
    using place = realPlace();
    using disk = tinyDisk(place);
    const ballast = join(disk.folder, "ballast");
    for (const freeKiB of [0, 60, 200]) {
      spawnSync("sh", ["-c", `cat /dev/zero > "${ballast}" 2>/dev/null; truncate -s -${freeKiB}K "${ballast}"`]);
      const full = await place.live();
      expect(full.stderr).toContain("ENOSPC");
      expect(full.code).toBe(6);
      expect(full.broken).toEqual([]);
    }
    rmSync(ballast);
    expect(await place.live()).toMatchObject({ code: 0, broken: [] });
    expect(afterAll(expected, place)).toEqual([]);
  });

  thorough("that is read-only ends the run with 6, and once it can be written to it goes on", async () => {
    using place = realPlace();
    using disk = tinyDisk(place);
    disk.remount("ro");
    const first = await place.live();
    expect(first.code).toBe(6);
    expect(first.stderr).toContain("EROFS");
    disk.remount("rw");

    place.write("hang", "");
    const live = place.start();
    await until("a trial", () => place.tally().starts.size > 0);
    live.kill("SIGKILL");
    await live.ended;
    rmSync(place.join("hang"));
    disk.remount("ro");
    expect((await place.live()).code).toBe(6);
    disk.remount("rw");
    expect(await place.live()).toMatchObject({ code: 0, broken: [] });
    expect(afterAll(expected, place)).toEqual([]);
  });
});
