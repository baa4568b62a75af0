import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FinishedTrial } from "../../src/model/trial.ts";
import type { HypothesisRow } from "../../src/workspace/queries.ts";
import { type Desk, desk, script, spec } from "../support/aura.ts";

type Rows = { readonly hypotheses: readonly HypothesisRow[] };
/** Enough for the starter processes to be there for most of them. */
const TRIALS = 250;
const linux = process.platform === "linux";

describe.skipIf(!linux)("hundreds of trials a second", () => {
  let here: Desk;
  beforeAll(() => {
    here = desk({
      "many.yaml": spec({
        name: "many",
        stop: `{ hypotheses: ${TRIALS} }`,
        researcher: "{ type: search, method: random, num_tasks: 50, space: { x: { type: float, low: 0, high: 1 } } }",
        experimenter: script('echo "$AURA_TRIAL_ID $PPID" >> "$STARTS"; echo "score=$1"', "pass_env: [STARTS]"),
        more: "parallel: 2",
      }),
    });
  });
  afterAll(() => here[Symbol.dispose]());

  const startsOf = (place: string) => ({ STARTS: here.join(`${place}.starts`) });
  const outcome = async (place: string) => {
    const { hypotheses } = await here.document<Rows>(["inspect", place, "hypotheses", "--json"]);
    return hypotheses.map(({ id, spec, score }) => ({ id, spec, score }));
  };

  test("are started by processes other than AURA, and each trial once", async () => {
    const live = here.start(["run", "many.yaml", "--workspace", "calm", "--reporter", "silent"], startsOf("calm"));
    expect((await live.ended).code).toBe(0);
    const starts = here.lines("calm.starts").map((line) => line.split(" "));
    expect(starts).toHaveLength(TRIALS);
    expect(new Set(starts.map(([trial]) => trial)).size).toBe(TRIALS);
    const parents = new Set(starts.map(([, parent]) => Number(parent)));
    parents.delete(live.pid);
    expect(parents.size).toBeGreaterThan(0);
    expect([...parents].filter(isStarter)).toEqual([]);
  });

  test("come to the same when AURA and its starter processes are killed in the middle, and none is left", async () => {
    for (const moment of [/evaluation\.scored id=i00002-h030/, /evaluation\.scored id=i00004-h020/]) {
      const first = here.read("killed/run.json") === null;
      const verb = first ? ["run", "many.yaml", "--workspace", "killed"] : ["resume", "killed"];
      const live = here.start([...verb, "--reporter", "plain"], startsOf("killed"));
      await live.until(moment);
      const starters = childrenOf(live.pid).filter(isStarter);
      expect(starters.length).toBeGreaterThan(0);
      live.kill("SIGKILL");
      if (first) for (const pid of starters) killIfThere(pid);
      expect((await live.ended).signal).toBe("SIGKILL");
      while (starters.some(isStarter)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await here.run(["resume", "killed"], startsOf("killed"))).code).toBe(0);
    expect(await outcome("killed")).toEqual(await outcome("calm"));

    const starts = here.lines("killed.starts").map((line) => line.split(" ")[0] ?? "");
    expect(new Set(starts).size).toBe(TRIALS);
    // Two kills, two trials under way at each.
    expect(starts.length - TRIALS).toBeLessThanOrEqual(4);
    for (const trial of starts) {
      const record = here.json<FinishedTrial>(`killed/iterations/${trial.slice(1, 6)}/trials/${trial}.json`);
      expect(record.attempts.filter(({ status }) => status === "completed")).toHaveLength(1);
    }
  });
});

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && fileOf(pid, "stat").split(") ")[1]?.split(" ")[1] === String(parent));
}

function isStarter(pid: number): boolean {
  return fileOf(pid, "cmdline").includes("starter-child");
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has left by itself: AURA is gone.
  }
}
