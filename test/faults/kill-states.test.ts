import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemEffects } from "../../src/platform/system.ts";
import { inspectBest } from "../../src/workspace/views/queries.ts";
import { aura } from "../support/aura.ts";
import { crossingsIn, oneOfEachKind, type RealCrossing, sideBySide } from "./support/kinds.ts";
import { killAt, listIn } from "./support/real.ts";
import { leftoversIn } from "./support/reference-model.ts";
import { copyOf, isCleared, type StatesRun, statesRun } from "./support/states-run.ts";
import { differences, readTree } from "./support/tree.ts";

type Tree = ReadonlyMap<string, string>;

let finished: StatesRun;
beforeAll(async () => {
  finished = await statesRun();
});
afterAll(() => finished[Symbol.dispose]());

const effects = systemEffects();
const carried = (run: StatesRun): Tree => readTree(join(run.workspace, "artifacts"));
/** All of the project but what an apply has staged. */
const project = (run: StatesRun): Tree => readTree(run.project, (path) => !/(^|\/)\.aura-apply/.test(path));
const isSame = (a: Tree, b: Tree): boolean => differences(a, b).length === 0;
const isDecided = (run: StatesRun): boolean => existsSync(join(run.workspace, "rollbacks/00001.json"));

describe("aura rollback under SIGKILL", () => {
  test("takes an iteration that a killed run had only begun to begin for none", async () => {
    using run = copyOf(finished);
    mkdirSync(run.join("run/iterations/00002"));
    expect(await rollBack(run, {})).toMatchObject({ code: 0 });
    expect(JSON.parse(run.read("run/rollbacks/00001.json") ?? "")).toMatchObject({ afterIteration: 1 });
  });

  const rollBack = (run: StatesRun, env: Readonly<Record<string, string>>) =>
    aura(["rollback", "run", "--to", "start"], { cwd: run.path, env });

  test("killed once at each kind of crossing, it has happened or it has not, for whoever goes on with the run", async () => {
    using whole = copyOf(finished);
    const before = carried(whole);
    expect(await rollBack(whole, listIn(whole.join("crossings.txt")))).toMatchObject({ code: 0 });
    const after = carried(whole);
    expect(isSame(before, after)).toBe(false);
    const crossings = crossingsIn(whole.join("crossings.txt"));
    const seen = new Set<boolean>();
    const wrong = await sideBySide(oneOfEachKind(crossings, 4), async ({ crossing, when }) => {
      using run = copyOf(finished);
      const killed = await rollBack(run, killAt(crossing, when));
      const decided = isDecided(run);
      seen.add(decided);
      const code = await run.goOn();
      const best = inspectBest(run.workspace, effects)?.id;
      const told = JSON.parse(run.read("run/run.json") ?? "{}").best?.id;
      const problems = [
        ...(killed.signal === "SIGKILL" ? [] : [`it was not killed but ended with ${killed.code}: ${killed.stderr}`]),
        ...(code === 0 ? [] : [`the run went on and ended with ${code}`]),
        ...differences(decided ? after : before, carried(run)),
        ...(best === (decided ? "i00000-h000" : "i00001-h000") && told === best
          ? []
          : [`best is ${best}, told ${told}`]),
        ...leftoversIn(run.workspace).map((path) => `${path} was left behind`),
      ];
      return problems.length === 0 ? [] : [`killed ${when} ${crossing.at} ${crossing.kind}`, ...problems];
    });
    expect(wrong).toEqual([]);
    expect([...seen].sort()).toEqual([false, true]);
  });
});

describe("aura apply under SIGKILL", () => {
  let before: Tree;
  let after: Tree;
  let crossings: readonly RealCrossing[];
  beforeAll(async () => {
    using whole = copyOf(finished);
    before = project(whole);
    const { code, stderr } = await whole.apply(listIn(whole.join("crossings.txt")));
    expect(code, stderr).toBe(0);
    after = project(whole);
    expect(isSame(before, after)).toBe(false);
    crossings = crossingsIn(whole.join("crossings.txt"));
  });

  test("killed once at each kind of crossing, it is finished or taken back by the next apply, which says so", async () => {
    const kinds = crossings.map(({ kind }) => kind);
    for (const needed of [
      "renameSync /project/src/",
      "chmodSync /project/src",
      "rmSync /project/src",
      "mkdirSync /project/src",
    ]) {
      expect(
        kinds.some((kind) => kind.startsWith(needed)),
        `${needed}\n${kinds.join("\n")}`,
      ).toBe(true);
    }
    const seen = new Set<string>();
    const wrong = await sideBySide(oneOfEachKind(crossings, 4), async ({ crossing, when }) => {
      using run = copyOf(finished);
      const killed = await run.apply(killAt(crossing, when));
      const between = ![before, after].some((state) => isSame(state, project(run)));
      const next = await run.apply();
      seen.add(/cut short: it is finished now|before it had replaced anything/.exec(next.stderr)?.[0] ?? "nothing");
      const problems = [
        ...(killed.signal === "SIGKILL" ? [] : [`it was not killed: ${killed.stderr}`]),
        ...(next.code === 0 ? [] : [`the next apply ended with ${next.code}: ${next.stderr}`]),
        ...(!between || next.stderr.includes("it is finished now") ? [] : [`it says nothing: ${next.stderr}`]),
        ...differences(after, project(run)),
        ...(isCleared(run) ? [] : ["what was staged is still there"]),
        ...(existsSync(join(run.workspace, "lock.json")) ? ["the lock is still there"] : []),
        ...leftoversIn(run.workspace).map((path) => `${path} was left behind`),
      ];
      return problems.length === 0 ? [] : [`killed ${when} ${crossing.at} ${crossing.kind}`, ...problems];
    });
    expect(wrong).toEqual([]);
    expect([...seen]).toContain("cut short: it is finished now");
  });
});
