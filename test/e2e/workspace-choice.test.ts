import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import type { SummaryView } from "../../src/model/views.ts";
import { type AuraEnd, aura, desk, eventsOf, script, sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

/** Counts its own starts outside AURA. */
const COUNTED = script('echo "$2" >> "$AURA_ROOT/starts.txt"; echo score=$1');

describe("a workspace that holds a run", () => {
  const here = sharedDesk({
    "tiny.yaml": spec({ experimenter: COUNTED, metric: "{ name: score, baseline: 0.1, target: 5 }" }),
  });
  let first: AuraEnd;
  beforeAll(async () => {
    first = await here.run(["run", "tiny.yaml"]);
  });

  const manifest = (place = "runs/tiny") => here.json<RunManifest>(`${place}/run.json`);

  test("is made beside the spec's reader, under runs/, and says what to type next", () => {
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("runs/tiny");
    expect(first.stdout).toContain("aura inspect runs/tiny best");
    expect(first.stdout).toContain("aura resume runs/tiny --set stop.iterations=2");
  });

  test("is not run over: exit 2, with the command that goes on", async () => {
    const refused = await here.run(["run", "tiny.yaml"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/already holds a run/);
    expect(refused.stderr).toMatch(/aura resume \S*runs\/tiny/);
    expect(refused.stderr).toContain("--new");
  });

  test("is left alone by --new, which takes the next free name", async () => {
    expect((await here.run(["run", "tiny.yaml", "--new"])).code).toBe(0);
    expect((await here.run(["run", "tiny.yaml", "--new"])).code).toBe(0);
    expect(readdirSync(here.join("runs")).sort()).toEqual(["tiny", "tiny-2", "tiny-3"]);
  });

  thorough("is gone on with by --or-resume, which also starts one where there is none", async () => {
    const before = here.lines("starts.txt").length;
    const resumed = await here.run(["run", "tiny.yaml", "--or-resume", "--max-iterations", "2"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain("resumed=true");
    expect(here.lines("starts.txt").length).toBe(before + 2);
    expect(manifest()).toMatchObject({ iterationsCompleted: 2, overrides: { "stop.iterations": 2 } });
    const fresh = await here.run(["run", "tiny.yaml", "--or-resume", "--workspace", "elsewhere/w"]);
    expect(fresh.code).toBe(0);
    expect(manifest("elsewhere/w").status).toBe("finished");
  });

  test("is gone on with by --or-resume by the spec and flags as given now, not by those of before", async () => {
    using place = desk({ "own.yaml": spec({ name: "own" }) });
    expect((await place.run(["run", "own.yaml", "--set", "parallel=2"])).code).toBe(0);
    const resumed = await place.run(["run", "own.yaml", "--or-resume", "--set", "stop.iterations=2"]);
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expect(resumed.stdout).toMatch(/settings\.changed .*parallel/);
    const { iterationsCompleted, overrides } = place.json<RunManifest>("runs/own/run.json");
    expect({ iterationsCompleted, overrides }).toEqual({ iterationsCompleted: 2, overrides: { "stop.iterations": 2 } });
  });

  thorough("behind a symbolic link is gone on with by either of its names", async () => {
    using place = desk({ "project/own.yaml": spec({ name: "own" }) });
    mkdirSync(place.join("scratch"));
    symlinkSync(place.join("scratch"), place.join("project/runs"));
    const cwd = place.join("project");
    expect((await aura(["run", "own.yaml"], { cwd })).code).toBe(0);
    const more = (workspace: string, iterations: number) =>
      aura(["resume", workspace, "--set", `stop.iterations=${iterations}`], { cwd });
    for (const end of [await more(place.join("scratch/own"), 2), await more("runs/own", 3)])
      expect(end, end.stderr).toMatchObject({ code: 0 });
    expect(place.json<RunManifest>("scratch/own/run.json")).toMatchObject({ iterationsCompleted: 3 });
  });

  thorough("keeps what --set changed, over resumes that do not say it again", async () => {
    const set = ["--set", "stop.iterations=2", "--set", "parallel=2"];
    await here.run(["run", "tiny.yaml", "--workspace", "set", ...set]);
    expect(manifest("set").overrides).toEqual({ "stop.iterations": 2, parallel: 2 });
    await here.run(["resume", "set", "--set", "stop.iterations=3"]);
    expect(manifest("set").overrides).toEqual({ "stop.iterations": 3, parallel: 2 });
    const again = await here.run(["resume", "set"]);
    expect(again).toMatchObject({ code: 0 });
    expect(manifest("set").iterationsCompleted).toBe(3);
  });

  test("is refused when a folder holds something else", async () => {
    here.write("precious/notes.txt", "mine");
    const refused = await here.run(["run", "tiny.yaml", "--workspace", "precious"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("notes.txt");
    expect(readdirSync(here.join("precious"))).toEqual(["notes.txt"]);
  });

  test.skipIf(process.platform !== "linux")("that cannot be made is told at once, with 6", async () => {
    for (const place of ["/proc/aura/run", "/dev/null/run"]) {
      const { code, stderr } = await here.run(["run", "tiny.yaml", "--workspace", place]);
      expect(stderr).toContain(place.split("/").slice(0, 3).join("/"));
      expect(stderr).not.toContain("unexpected error");
      expect([2, 6]).toContain(code);
    }
  });

  test("says what a place without a run is, with 2", async () => {
    for (const command of [
      ["resume", "nowhere"],
      ["inspect", "nowhere"],
      ["inspect", "precious", "best"],
    ]) {
      const { code, stderr, stdout } = await here.run(command);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/no run|holds/);
    }
  });

  test("is named to who forgets to name one", async () => {
    const { code, stderr } = await here.run(["resume"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/missing required argument 'workspace'/);
    expect(stderr).toMatch(/^workspaces here: .*\bruns\/tiny\b/m);
    const inJson = await here.run(["inspect", "--json"]);
    expect(JSON.parse(inJson.stdout)).toMatchObject({ error: { details: expect.stringContaining("runs/tiny") } });
  });

  test("is in use: a second writer gets 3 at once, and readers do not care", async () => {
    here.write("slow.yaml", spec({ name: "slow", experimenter: script("sleep 60; echo score=$1") }));
    const live = here.start(["run", "slow.yaml", "--grace", "0s"]);
    await live.until("trial.started");
    const second = await here.run(["run", "slow.yaml"]);
    const resumed = await here.run(["resume", "runs/slow", "--json"]);
    const seen = await here.document<SummaryView>(["inspect", "runs/slow", "--json"]);
    live.kill("SIGINT");
    const { code } = await live.ended;
    expect(code).toBe(130);
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`process ${live.pid}`);
    expect(resumed.code).toBe(3);
    expect(eventsOf(resumed).map(({ type }) => type)).toEqual(["run.started", "run.finished"]);
    expect(seen).toMatchObject({ status: "running", best: null });
    expect((await here.document<SummaryView>(["inspect", "runs/slow", "--json"])).status).toBe("interrupted");
  });
});

describe("options of a run", () => {
  const here = sharedDesk({ "tiny.yaml": spec({ experimenter: COUNTED }) });

  const manifest = (place: string) => here.json<RunManifest>(`${place}/run.json`);

  test("have AURA_ twins, and a flag goes before its twin, which goes before the spec", async () => {
    const env = { AURA_MAX_ITERATIONS: "2", AURA_PARALLEL: "2", AURA_SEED: "11", AURA_WORKSPACE: "by-env" };
    expect((await here.run(["run", "tiny.yaml", "--seed", "12"], env)).code).toBe(0);
    expect(manifest("by-env")).toMatchObject({
      seed: 12,
      iterationsCompleted: 2,
      overrides: { parallel: 2, seed: 12, "stop.iterations": 2 },
    });
    const quiet = await here.run(["resume", "by-env"], { AURA_REPORTER: "silent", AURA_REQUIRE: "2" });
    expect(quiet).toMatchObject({ code: 100, stdout: "", stderr: "" });
  });

  thorough.each([
    [["--max-iterations", "0"], /whole number/],
    [["--parallel", "two"], /whole number/],
    [["--seed", "-1"], /seed|number/],
    [["--set", "parallel"], /path=value/],
    [["--set", "paralel=2"], /parallel/],
    [["--grace", "soon"], /--grace/],
    [["--require", "lots"], /--require/],
    [["--require", "baseline"], /baseline/],
    [["--reporter", "fancy"], /tui/],
    [["--new", "--or-resume"], /or-resume/],
    [["--what"], /--what/],
  ])("that are wrong are told with 2, and nothing is written: %j", async (flags, said) => {
    const { code, stderr } = await here.run(["run", "tiny.yaml", "--workspace", "wrong", ...flags]);
    expect(code).toBe(2);
    expect(stderr).toMatch(said);
    expect(existsSync(here.join("wrong"))).toBe(false);
  });

  thorough("a wrong AURA_ twin is told with 2 and its name", async () => {
    const { code, stderr } = await here.run(["run", "tiny.yaml", "--workspace", "wrong"], { AURA_PARALLEL: "many" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/AURA_PARALLEL|--parallel/);
  });

  thorough("a twin that is empty or off counts as unset", async () => {
    const env = { AURA_PARALLEL: "", AURA_JSON: "0", AURA_NEW: "false", AURA_DRY_RUN: "" };
    const { code, stdout } = await here.run(["run", "tiny.yaml", "--workspace", "off"], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d{4}-/);
  });

  test("--dry-run shows the plan and the commands, starts nothing and writes nothing", async () => {
    const before = readdirSync(here.path).sort();
    const { code, stdout } = await here.run(["run", "tiny.yaml", "--dry-run", "--workspace", "dry"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/sh -c/);
    expect(stdout).toContain("dry");
    expect(readdirSync(here.path).sort()).toEqual(before);
  });
});
