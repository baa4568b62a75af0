import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAuraError } from "../../src/kernel/errors.ts";
import { FULL } from "../support/thorough.ts";
import { cutAt, events, everyAnswer, flippedAt, names, oneOfEachSort, sizeOf, VIEWS } from "./support/damage.ts";
import { IN_MEMORY } from "./support/in-memory.ts";
import { live } from "./support/lives.ts";
import { differencesFrom } from "./support/reference-model.ts";
import { layOut, type Place } from "./support/scenario.ts";
import { type Undisturbed, undisturbed } from "./support/sweep.ts";

// One finished run and one that was killed in its second iteration. Each case damages one file of a copy.
let expected: Undisturbed;
let finished: Place;
let halfway: Place;
let answers: ReadonlyMap<string, string | Error>;
const dir = mkdtempSync(join(IN_MEMORY, "aura-damage-"));

beforeAll(async () => {
  expected = await undisturbed();
  finished = layOut(join(dir, "finished"));
  await live(finished);
  answers = everyAnswer(finished.workspace);
  halfway = layOut(join(dir, "halfway"));
  const at = Math.floor(expected.life.crossings.length * 0.8);
  await live(halfway, { at, when: "before", fault: "die" });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Puts other bytes into a file while something is done. */
async function withBytes<T>(file: string, bytes: Uint8Array, use: () => T | Promise<T>): Promise<T> {
  const original = readFileSync(file);
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
  try {
    return await use();
  } finally {
    writeFileSync(file, original);
  }
}

/** A copy of the half-finished run that is gone afterwards. */
async function inCopy<T>(use: (place: Place) => Promise<T>): Promise<T> {
  const to = mkdtempSync(join(dir, "copy-"));
  const from = dirname(halfway.project);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const moved = (path: string): string => join(to, path.slice(from.length));
  try {
    return await use({
      project: moved(halfway.project),
      workspace: moved(halfway.workspace),
      starts: moved(halfway.starts),
      calls: moved(halfway.calls),
    });
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
}

type Damaging = (file: string, at: number) => Uint8Array;

/** What is wrong with the answers about a damaged workspace: each has to be the old one, or exit 4 naming the file. */
async function answersAfter(
  sort: string,
  path: string,
  at: number,
  damage: Damaging,
  exact: boolean,
): Promise<string[]> {
  const file = join(finished.workspace, path);
  return withBytes(file, damage(file, at), () => {
    const wrong: string[] = [];
    for (const [question, answer] of everyAnswer(finished.workspace)) {
      if (
        answer instanceof Error ? names(answer, path) && !VIEWS.has(sort) : !exact || answer === answers.get(question)
      )
        continue;
      wrong.push(`${question}, ${sort} at byte ${at}: ${answer instanceof Error ? answer.stack : answer}`);
    }
    const log = events(finished.workspace);
    if (log instanceof Error && !names(log, path)) wrong.push(`events, ${sort} at byte ${at}: ${log.stack}`);
    return wrong;
  });
}

/** What is wrong with a resume of a damaged workspace: it has to go well, or end with 4 and the file's name. */
async function resumeAfter(
  sort: string,
  path: string,
  at: number,
  damage: Damaging,
  exact: boolean,
): Promise<string[]> {
  return inCopy(async (place) => {
    const file = join(place.workspace, path);
    const bytes = damage(file, at);
    chmodSync(file, 0o644);
    writeFileSync(file, bytes);
    const life = await live(place);
    const told = `resume, ${sort} at byte ${at}: ${life.thrown instanceof Error ? life.thrown.stack : life.exitCode}`;
    // What still fits its schema is a change by hand: it may name what is not there, or be a spec that needs consent.
    if (!exact && isAuraError(life.thrown) && (life.exitCode === 4 || life.exitCode === 2)) return [];
    if (life.exitCode === 4) return names(life.thrown, path) && !VIEWS.has(sort) ? [] : [told];
    if (life.exitCode !== 0) return [told];
    const differ = exact ? differencesFrom(expected.essence, place.workspace) : [];
    return differ.length === 0 ? [] : [told, ...differ];
  });
}

describe.each([
  ["cut short", cutAt, true],
  ["with a flipped bit", flippedAt, false],
] as const)("a file %s", (_, damage, exact) => {
  test("leaves every answer right, or ends in 4 with its name", async () => {
    const wrong: string[] = [];
    for (const [sort, path] of oneOfEachSort(finished.workspace)) {
      const size = sizeOf(finished.workspace, path);
      const wanted = Math.min(size, FULL ? 100 : 4);
      for (let place = 0; place < wanted; place++) {
        const at = Math.floor((place * size) / wanted);
        wrong.push(...(await answersAfter(sort, path, at, damage, exact || VIEWS.has(sort))));
      }
    }
    expect(wrong).toEqual([]);
  });

  test("leaves the run to go on to the same end, or ends in 4 with its name", async () => {
    const wrong: string[] = [];
    for (const [sort, path] of oneOfEachSort(halfway.workspace)) {
      const size = sizeOf(halfway.workspace, path);
      const wanted = FULL ? 24 : 2;
      for (let place = 0; place < wanted; place++) {
        const at = Math.floor((place * (size - 2)) / (wanted - 1));
        wrong.push(...(await resumeAfter(sort, path, at, damage, exact || VIEWS.has(sort))));
      }
    }
    expect(wrong).toEqual([]);
  });
});
