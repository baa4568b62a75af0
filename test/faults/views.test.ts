import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src/model/settings.ts";
import { everyAnswer } from "./support/damage.ts";
import { inPlace, live } from "./support/lives.ts";
import { differencesFrom, leftoversIn } from "./support/reference-model.ts";
import { type Place, tallyOf } from "./support/scenario.ts";
import { type Undisturbed, undisturbed } from "./support/sweep.ts";

let expected: Undisturbed;
beforeAll(async () => {
  expected = await undisturbed();
});

const record = (place: Place, path: string): string => join(place.workspace, "iterations", path);
const MORE = { settings: { stop: { ...DEFAULT_SETTINGS.stop, iterations: 3 } } };

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`nothing was changed in ${file}`);
  writeFileSync(file, after);
}

/** Trials that a life started, with how often. */
function startedBy(place: Place, before: ReadonlyMap<string, number>): Record<string, number> {
  const started = [...tallyOf(place).starts].map(([id, count]) => [id, count - (before.get(id) ?? 0)] as const);
  return Object.fromEntries(started.filter(([, count]) => count > 0));
}

describe("views", () => {
  test("deleting all of them changes nothing that inspect says, and the next writer makes them again", () =>
    inPlace(async (place) => {
      await live(place);
      const before = everyAnswer(place.workspace);
      for (const view of ["journal.jsonl", "artifacts"]) {
        rmSync(join(place.workspace, view), { recursive: true, force: true });
      }
      expect(everyAnswer(place.workspace)).toEqual(before);
      expect((await live(place)).exitCode).toBe(0);
      expect(differencesFrom(expected.essence, place.workspace)).toEqual([]);
      expect(existsSync(join(place.workspace, "journal.jsonl"))).toBe(true);
    }));
});

describe("an edit by hand", () => {
  test("of a score counts for best and for what comes after", () =>
    inPlace(async (place) => {
      await live(place);
      edit(record(place, "00001/evaluations/i00001-h000.json"), (text) =>
        text.replace(/"score": [\d.]+/, '"score": 100'),
      );
      expect(everyAnswer(place.workspace).get("best")).not.toContain('"score":100');
      const resumed = await live(place, null, MORE);
      expect(resumed).toMatchObject({ exitCode: 0, broken: [] });
      const manifest = JSON.parse(readFileSync(join(place.workspace, "run.json"), "utf8"));
      expect(manifest.best).toEqual({ id: "i00001-h000", score: 100 });
      expect(everyAnswer(place.workspace).get("best")).toContain('"id":"i00001-h000","label":"double","score":100');
      const prompt = readFileSync(record(place, "00003/calls/i00003-researcher-a1.json"), "utf8");
      expect(prompt).toContain("score=100");
    }));

  test("of a hypothesis that has not run yet is what runs", () =>
    inPlace(async (place) => {
      const proposed = expected.life.crossings.find(({ target }) => target.endsWith("i00002-h001-c00.json"));
      await live(place, { at: proposed?.n ?? 0, when: "before", fault: "die" });
      edit(record(place, "00002/hypotheses/i00002-h001.json"), (text) => text.replace('"x": 4', '"x": 7'));
      expect((await live(place)).exitCode).toBe(0);
      const evaluation = JSON.parse(readFileSync(record(place, "00002/evaluations/i00002-h001.json"), "utf8"));
      expect(evaluation.score).toBeCloseTo(7.2025 + 3, 6);
    }));
});

describe("a deleted record", () => {
  const both = (id: string): Record<string, number> => ({ [`${id}-t00`]: 1, [`${id}-t01`]: 1 });
  test.each([
    ["evaluation", "00001/evaluations/i00001-h001.json", {}],
    ["experiment", "00001/experiments/i00001-h001.json", {}],
    ["trial", "00001/trials/i00001-h001-t01.json", { "i00001-h001-t01": 1 }],
    ["hypothesis", "00001/hypotheses/i00001-h001.json", { "i00001-h001-c00": 1, ...both("i00001-h001") }],
    [
      "hypothesis of the last iteration",
      "00002/hypotheses/i00002-h001.json",
      { "i00002-h001-c00": 1, ...both("i00002-h001") },
    ],
    ["insights", "00001/insights.json", {}],
    ["iteration", "00001/iteration.json", {}],
    ["last iteration", "00002/iteration.json", {}],
  ])("(%s) is made again, with what follows from it for that hypothesis alone", (_, path, started) =>
    inPlace(async (place) => {
      await live(place);
      const before = tallyOf(place);
      rmSync(record(place, path));
      const resumed = await live(place);
      expect(resumed.exitCode).toBe(0);
      expect(startedBy(place, before.starts)).toEqual(started);
      expect(tallyOf(place).calls).toEqual(before.calls);
      expect(differencesFrom(expected.essence, place.workspace)).toEqual([]);
      expect(leftoversIn(place.workspace)).toEqual([]);
    }),
  );
});
