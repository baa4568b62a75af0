import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { IterationRecord } from "../../src/model/iteration.ts";
import type { RunManifest } from "../../src/model/run.ts";
import { aura } from "../support/aura.ts";
import { killAt, type RealPlace, realPlace, until } from "./support/real.ts";
import { differences, readTree } from "./support/tree.ts";

function edit(place: RealPlace, file: string, from: string, to: string): void {
  const text = readFileSync(place.join(file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} holds no ${from}`);
  writeFileSync(place.join(file), text.replace(from, to));
}

const manifest = (place: RealPlace): RunManifest => JSON.parse(readFileSync(join(place.workspace, "run.json"), "utf8"));
const iteration = (place: RealPlace, name: string): IterationRecord =>
  JSON.parse(readFileSync(join(place.workspace, "iterations", name, "iteration.json"), "utf8"));

/** Ids of trials that were started since. */
function startedSince(place: RealPlace, before: ReadonlyMap<string, number>): readonly string[] {
  return [...place.tally().starts]
    .filter(([id, count]) => count > (before.get(id) ?? 0))
    .map(([id]) => id)
    .sort();
}

describe("resume", () => {
  test("--explain tells for each step what it would do and why, and changes nothing", async () => {
    using place = realPlace();
    place.write("hang", "");
    const live = place.start(killAt(100_000, "before"));
    await until("two trials", () => place.tally().starts.size >= 2);
    live.kill("SIGKILL");
    await live.ended;
    const before = readTree(place.workspace);
    const explained = await aura(["resume", "runs/kill", "--explain"], { cwd: place.path });
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(/^adopt +i00000-h000-c00 +it has finished \(completed\)$/m);
    expect(explained.stdout).toMatch(/^rerun +i00000-h000-t00 +attempt 1 was cut short; attempt 2 gets a new folder$/m);
    expect(differences(before, readTree(place.workspace))).toEqual([]);
  });

  test("--retry-failed runs the failed hypothesis again and no other", async () => {
    using place = realPlace();
    await place.live();
    edit(place, "train.sh", '[ "$x" -lt 0 ] && exit 1', "");
    const before = place.tally();
    const end = await place.start({}, ["--retry-failed", "i00002-h000"]).ended;
    expect(end.code).toBe(0);
    expect(startedSince(place, before.starts)).toEqual(["i00002-h000-t00", "i00002-h000-t01"]);
    const evaluation = JSON.parse(
      readFileSync(join(place.workspace, "iterations/00002/evaluations/i00002-h000.json"), "utf8"),
    );
    expect(evaluation.score).not.toBeNull();
  });

  test("--set stop.iterations goes on with a finished run, and persists", async () => {
    using place = realPlace();
    await place.live();
    const before = place.tally();
    expect((await place.start({}, ["--set", "stop.iterations=3"]).ended).code).toBe(0);
    expect(manifest(place)).toMatchObject({ iterationsCompleted: 3, status: "finished", generation: 0 });
    expect(startedSince(place, before.starts).every((id) => id.startsWith("i00003-"))).toBe(true);
    const after = place.tally();
    expect((await place.start().ended).code).toBe(0);
    expect(place.tally()).toEqual(after);
  });
});

describe("a changed spec", () => {
  test("is refused with 2 and a diff of its fields, and nothing is run", async () => {
    using place = realPlace();
    await place.live();
    edit(place, "spec.yaml", "trials: 2", "trials: 1");
    edit(place, "spec.yaml", "retries: 1", "retries: 2");
    const before = place.tally();
    const refused = await place.start({}, ["--set", "stop.iterations=3"]).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^! experimenter\.trials +2 -> 1$/m);
    expect(refused.stderr).toMatch(/^ {2}retries +1 -> 2$/m);
    expect(place.tally()).toEqual(before);
    expect(manifest(place).generation).toBe(0);
  });

  test("that is accepted opens a generation whose best is its own, with the carried state scored again", async () => {
    using place = realPlace();
    await place.live();
    const before = manifest(place);
    const carried = iteration(place, "00002");
    edit(place, "spec.yaml", "trials: 2", "trials: 1");
    edit(place, "train.sh", "score=$((gain", "score=$((-100 + gain");
    const accepted = await place.start({}, ["--set", "stop.iterations=3", "--accept-spec-change"]).ended;
    expect(accepted.code).toBe(0);
    const after = manifest(place);
    expect(after.generation).toBe(1);
    expect(before.best?.score).toBeGreaterThan(0);
    expect(after.best?.score).toBeLessThan(0);
    expect(after.best?.id).toMatch(/^i0000[34]-/);
    expect(iteration(place, "00003")).toMatchObject({
      start: true,
      generation: 1,
      base: carried.state === "finished" ? carried.carried : null,
      hypotheses: ["i00003-h000"],
    });
    expect(iteration(place, "00004")).toMatchObject({ generation: 1, state: "finished" });
  });

  test("in an input's contents counts as one", async () => {
    using place = realPlace();
    await place.live();
    place.write("data.csv", "4,5,6\n");
    const refused = await place.start({}, ["--set", "stop.iterations=3"]).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("data.csv");
  });
});

describe("the format of a workspace", () => {
  const FIXTURE = resolve("test/unit/workspace/fixtures/format-0");

  test("of an older AURA is read as it is", async () => {
    using place = realPlace();
    cpSync(FIXTURE, place.join("old"), { recursive: true });
    const before = readTree(place.join("old"));
    const { code, stdout } = await aura(["inspect", "old", "--json"], { cwd: place.path });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).best.id).toMatch(/^i00001-h00/);
    expect(differences(before, readTree(place.join("old")))).toEqual([]);
  });

  test.each(["inspect", "resume", "repair"])("of a newer AURA is refused by %s with 4", async (command) => {
    using place = realPlace();
    cpSync(FIXTURE, place.join("new"), { recursive: true });
    edit(place, "new/run.json", '"format": 0', '"format": 99');
    const { code, stderr } = await aura([command, "new"], { cwd: place.path });
    expect(code).toBe(4);
    expect(stderr).toContain("run.json");
  });
});
