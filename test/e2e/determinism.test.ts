import { describe, expect, test } from "vitest";
import type { FinishedTrial } from "../../src/model/trial.ts";
import type { HypothesisRow } from "../../src/model/views.ts";
import { script, sharedDesk, spec } from "../support/aura.ts";
import { few } from "../support/thorough.ts";

type Rows = { readonly hypotheses: readonly HypothesisRow[] };
const TRIALS = 24;

// Each trial takes its own time, so that parallel ones finish in another order than they start.
const RANDOM_PAUSE =
  'echo "$2 $AURA_TRIAL_ID" >> "$STARTS"; sleep 0.0$(($(od -An -N1 -tu1 /dev/urandom) % 10)); echo "score=$1"';

const SEARCH = `{ type: search, method: tpe, num_tasks: 4, space: {
  x: { type: float, low: 0.001, high: 1, log: true }, n: { type: int, low: 1, high: 8 },
  opt: { type: categorical, choices: [adam, sgd] }, mom: { type: float, low: 0, high: 1, when: { opt: sgd } } } }`;

describe("the same seed", () => {
  const here = sharedDesk({
    "tpe.yaml": spec({
      stop: `{ hypotheses: ${TRIALS} }`,
      researcher: SEARCH,
      experimenter: script(RANDOM_PAUSE, "pass_env: [STARTS], trials: 2"),
      more: "parallel: 2\nreviewer: { type: stats }",
    }),
  });

  const outcome = async (place: string) => {
    const { hypotheses } = await here.document<Rows>(["inspect", place, "hypotheses", "--json"]);
    return hypotheses.map(({ id, spec, score }) => ({ id, spec, score }));
  };
  const startsOf = (place: string) => ({ STARTS: here.join(`${place}.starts`) });

  test("gives the same hypotheses and scores, in parallel, also when one run is killed over and over", async () => {
    const undisturbed = here.start(["run", "tpe.yaml", "--workspace", "calm"], startsOf("calm")).ended;
    // At another moment each time: a trial starts, one has ended, a verdict, a batch is under way, one is proposed.
    const moments = few([
      /trial\.started id=i00001-h002/,
      /trial\.finished id=i00002-h001/,
      /evaluation\.scored id=i00003-h000/,
      /iteration\.started iteration=4/,
      /hypothesis\.proposed id=i00005-h003/,
    ]);
    for (const [kill, moment] of moments.entries()) {
      const verb = kill === 0 ? ["run", "tpe.yaml", "--workspace", "killed"] : ["resume", "killed"];
      const live = here.start(verb, startsOf("killed"));
      await live.until(moment);
      live.kill("SIGKILL");
      expect((await live.ended).signal).toBe("SIGKILL");
    }
    expect((await here.run(["resume", "killed"], startsOf("killed"))).code).toBe(0);
    expect((await undisturbed).code).toBe(0);

    const calm = await outcome("calm");
    expect(calm).toHaveLength(TRIALS);
    expect(await outcome("killed")).toEqual(calm);
    for (const view of [["best"], ["insights"]]) {
      const documents = await Promise.all(
        ["calm", "killed"].map((place) => here.document(["inspect", place, ...view, "--json"])),
      );
      const [calmly, killed] = documents.map((document) => JSON.stringify(document, withoutTimes));
      expect(calmly).toEqual(killed);
    }
  });

  test("runs no finished trial again: each start that was not cut short counts once", () => {
    expect(here.lines("calm.starts")).toHaveLength(2 * TRIALS);
    const starts = here.lines("killed.starts");
    expect(new Set(starts).size).toBe(2 * TRIALS);
    for (const line of new Set(starts)) {
      const [hypothesis = "", trial = ""] = line.split(" ");
      const record = here.json<FinishedTrial>(`killed/iterations/${hypothesis.slice(1, 6)}/trials/${trial}.json`);
      const times = starts.filter((other) => other === line).length;
      expect(record.attempts.filter(({ status }) => status === "completed")).toHaveLength(1);
      expect(times).toBeLessThanOrEqual(record.attempts.at(-1)?.attempt ?? 0);
    }
    // At most five kills, two trials under way at each.
    expect(starts.length - 2 * TRIALS).toBeLessThanOrEqual(10);
  });
});

/** How long something took is nobody's promise. */
function withoutTimes(key: string, value: unknown): unknown {
  return key === "durationMs" ? undefined : value;
}
