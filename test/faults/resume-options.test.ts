import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { IterationRecord } from "../../src/model/iteration.ts";
import type { RunManifest } from "../../src/model/run.ts";
import { aura } from "../support/aura.ts";
import { until } from "../support/processes.ts";
import { thorough } from "../support/thorough.ts";
import { finishedPlace, type RealPlace, realPlace } from "./support/real.ts";
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
    const live = place.start();
    await until("two trials", () => place.tally().starts.size >= 2);
    live.kill("SIGKILL");
    await live.ended;
    const before = readTree(place.workspace);
    const explained = await aura(["resume", "runs/kill", "--explain"], { cwd: place.path });
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(/^adopt +i00000-h000-c00 +it has finished \(completed\)$/m);
    expect(explained.stdout).toMatch(/^adopt +i00000-h000-t00 +.*outlived AURA/m);
    expect(differences(before, readTree(place.workspace))).toEqual([]);
  });

  test("--retry-failed runs the failed hypothesis again and no other", async () => {
    using place = await finishedPlace();
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
    using place = await finishedPlace();
    const before = place.tally();
    expect((await place.start({}, ["--set", "stop.iterations=3"]).ended).code).toBe(0);
    expect(manifest(place)).toMatchObject({ iterationsCompleted: 3, status: "finished" });
    expect(startedSince(place, before.starts).every((id) => id.startsWith("i00003-"))).toBe(true);
    const after = place.tally();
    expect((await place.start().ended).code).toBe(0);
    expect(place.tally()).toEqual(after);
  });
});

describe("resume --explain", () => {
  /** What it says, and that it changed nothing. */
  async function explained(place: RealPlace, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const before = readTree(place.workspace);
    const end = await aura(["resume", "runs/kill", "--explain", ...args], { cwd: place.path, env });
    expect(differences(before, readTree(place.workspace))).toEqual([]);
    return end;
  }

  thorough("names what --retry-failed would run again, and refuses what it would refuse", async () => {
    using place = await finishedPlace();
    const { code, stdout } = await explained(place, ["--retry-failed", "i00002-h000"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rerun +i00002-h000-t00 +it failed \(failed\) and is to be run again$/m);
    expect(stdout).toMatch(/, [1-9]\d* to run$/m);
    expect((await explained(place, ["--retry-failed", "i00001-h000"])).code).toBe(2);
  });

  thorough("refuses what a resume would refuse, and tells of what it would go by from now on", async () => {
    using place = await finishedPlace();
    edit(place, "spec.yaml", "trials: 2", "trials: 1");
    const refused = await explained(place);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^! experimenter\.trials +2 -> 1$/m);
    edit(place, "spec.yaml", "trials: 1", "trials: 2");
    edit(place, "spec.yaml", "retries: 1", "retries: 2");
    const free = await explained(place);
    expect(free.code).toBe(0);
    expect(free.stdout).toMatch(/^ {2}retries +1 -> 2$/m);
    place.write("data.csv", "4,5,6,7\n");
    const input = await explained(place);
    expect(input.code).toBe(2);
    expect(input.stderr).toMatch(/^! input data\.csv +"6 bytes, sha256 \w{12}" -> "8 bytes, sha256 \w{12}"$/m);
  });

  thorough.each([
    ["of a newer AURA", '"format": 1', '"format": 2'],
    ["that is damaged", '"format": 1', '"format": '],
  ])("ends with 4 for a manifest %s", async (_, from, to) => {
    using place = await finishedPlace();
    edit(place, "runs/kill/run.json", from, to);
    expect((await explained(place)).code).toBe(4);
  });

  thorough("knows an iteration whose folder is gone, which resume makes again", async () => {
    using place = await finishedPlace();
    const whole = manifest(place).best;
    rmSync(join(place.workspace, "iterations/00001"), { recursive: true });
    const repair = await aura(["repair", "runs/kill"], { cwd: place.path });
    expect(repair.stdout).toContain("iterations/00001: it is missing");
    const { stdout } = await explained(place);
    expect(stdout).toMatch(/^rerun +iteration 1: propose +its record is missing/m);
    expect((await place.start().ended).code).toBe(0);
    expect(iteration(place, "00001")).toMatchObject({ state: "finished" });
    expect(manifest(place)).toMatchObject({ best: whole, iterationsCompleted: 2 });
  });
});

describe("what a spec takes from elsewhere", () => {
  const SPEC = `version: 1
name: kill
goal: more
metric: { name: score }
stop: { iterations: 1 }
researcher: { type: function, module: ./propose.mjs }
experimenter: { type: script, command: "sh train.sh \${STEP} {x}", env: { HUB_TOKEN: "\${HUB_TOKEN}" } }
reviewer: { type: none, x-note: "\${NOTE:-}" }
`;
  const FILES = {
    "spec.yaml": SPEC,
    "propose.mjs": "export default ({ iteration }) => [{ spec: { x: iteration } }];\n",
    "train.sh": "echo score=$(($1 + $2))\n",
  };
  const ENV = { STEP: "120", HUB_TOKEN: "first-token" };

  thorough(
    "is known again: a value or a module that scores depend on is refused, another applies and is said",
    async () => {
      using place = realPlace(FILES);
      expect((await place.start(ENV).ended).code).toBe(0);
      const more = ["--set", "stop.iterations=2", "--reporter", "plain"];
      const value = await place.start({ ...ENV, STEP: "121" }, more).ended;
      expect(value.code).toBe(2);
      expect(value.stderr).toMatch(/^! experimenter\.command +"\$\{STEP\} \(\w{8}\)" -> "\$\{STEP\} \(\w{8}\)"$/m);
      place.write("propose.mjs", `${FILES["propose.mjs"]}// other\n`);
      const module = await place.start({ ...ENV, HUB_TOKEN: "second-token", NOTE: "x" }, more).ended;
      expect(module.code).toBe(0);
      expect(module.stdout).toMatch(
        /settings\.changed from="the proposals of iteration 2" fields=".*researcher\.module/,
      );
    },
  );

  thorough("is recorded by hashes that do not give a value away, and differ from run to run", async () => {
    using one = realPlace(FILES);
    using other = realPlace(FILES);
    for (const place of [one, other]) await place.start(ENV).ended;
    const hash = (place: RealPlace) => manifest(place).sources?.find(({ name }) => name === "${STEP}")?.hash;
    expect(hash(one)).toMatch(/^[0-9a-f]{8}$/);
    expect(hash(one)).not.toBe(hash(other));
    const text = readFileSync(join(one.workspace, "run.json"), "utf8");
    expect(text).not.toContain('"120"');
    expect(text).not.toContain("first-token");
    expect(manifest(one).sources?.map(({ path }) => path)).toEqual([
      "researcher.module",
      "experimenter.command",
      "experimenter.command",
      "reviewer.x-note",
    ]);
  });
});

describe("a changed spec", () => {
  test("is refused with 2 and a diff of its fields, and nothing is run", async () => {
    using place = await finishedPlace();
    edit(place, "spec.yaml", "trials: 2", "trials: 1");
    edit(place, "spec.yaml", "retries: 1", "retries: 2");
    const before = place.tally();
    const refused = await place.start({}, ["--set", "stop.iterations=3"]).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^! experimenter\.trials +2 -> 1$/m);
    expect(refused.stderr).toMatch(/^ {2}retries +1 -> 2$/m);
    expect(place.tally()).toEqual(before);
    expect(manifest(place).changes).toBeUndefined();
  });

  thorough("in an input's contents counts as one", async () => {
    using place = await finishedPlace();
    place.write("data.csv", "4,5,6\n");
    const refused = await place.start({}, ["--set", "stop.iterations=3"]).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("data.csv");
  });
});

describe("after a rollback", () => {
  test("run.json names the best that counts", async () => {
    using place = await finishedPlace();
    expect(manifest(place).best?.id).not.toBe("i00000-h000");
    const { code } = await aura(["rollback", "runs/kill", "--to", "start"], { cwd: place.path });
    expect(code).toBe(0);
    expect(manifest(place).best?.id).toBe("i00000-h000");
  });
});

describe("the format of a workspace", () => {
  thorough.each([
    ["inspect", 0],
    ["resume", 99],
    ["repair", 99],
  ] as const)("that this AURA does not know is refused by %s with 4", async (command, format) => {
    using place = await finishedPlace();
    edit(place, "runs/kill/run.json", '"format": 1', `"format": ${format}`);
    const { code, stderr } = await aura([command, "runs/kill"], { cwd: place.path });
    expect(code).toBe(4);
    expect(stderr).toContain("run.json");
  });
});
