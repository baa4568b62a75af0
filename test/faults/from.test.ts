import { existsSync } from "node:fs";
import { expect } from "vitest";
import { startAura } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";
import { crossingsIn, oneOfEachKind, sideBySide } from "./support/kinds.ts";
import { finishedPlace, killAt, listIn, type RealPlace } from "./support/real.ts";
import { differencesFrom, essenceOf, leftoversIn } from "./support/reference-model.ts";
import { differences, readTree } from "./support/tree.ts";

const NEW = ["--workspace", "next", "--or-resume", "--set", "parallel=1", "--set", "stop.iterations=1"];

/** Starts the run from the finished one, or goes on with it. */
const run = (place: RealPlace, env: Readonly<Record<string, string>> = {}) => {
  const args = ["run", "spec.yaml", "--from", "runs/kill", ...NEW, "--reporter", "silent"];
  return startAura(args, { cwd: place.path, env }).ended;
};

thorough(
  "a run from another, killed at each kind of crossing of its creation, is there whole or not at all, and goes on as if nothing had happened",
  async () => {
    using whole = await finishedPlace();
    expect(await run(whole, listIn(whole.join("crossings.txt")))).toMatchObject({ code: 0 });
    const [essence, prior] = [essenceOf(whole.join("next")), readTree(whole.join("next/prior"))];
    expect(prior.size).toBeGreaterThan(3);
    const all = crossingsIn(whole.join("crossings.txt"));
    const created = all.findIndex(({ kind }) => kind.includes("/next/iterations"));
    expect(created).toBeGreaterThan(0);
    const wrong = await sideBySide(oneOfEachKind(all.slice(0, created), 2), async ({ crossing, when }) => {
      using place = await finishedPlace();
      const killed = await run(place, killAt(crossing, when));
      const begun = existsSync(place.join("next/run.json"));
      const copied = begun ? differences(prior, readTree(place.join("next/prior"))) : [];
      const more = await run(place);
      const problems = [
        ...(killed.signal === "SIGKILL" ? [] : [`it was not killed but ended with ${killed.code}: ${killed.stderr}`]),
        ...(more.code === 0 ? [] : [`it went on and ended with ${more.code}: ${more.stderr}`]),
        ...copied,
        ...differences(prior, readTree(place.join("next/prior"))),
        ...differencesFrom(essence, place.join("next")),
        ...leftoversIn(place.join("next")).map((path) => `${path} was left behind`),
      ];
      return problems.length === 0 ? [] : [`killed ${when} ${crossing.at} ${crossing.kind}`, ...problems];
    });
    expect(wrong).toEqual([]);
  },
);
