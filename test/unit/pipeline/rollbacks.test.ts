import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { openStates } from "../../../src/cli/states.ts";
import {
  type AuraEvent,
  asResearcher,
  FunctionExperimenter,
  Researcher,
  Reviewer,
  Workspace,
} from "../../../src/index.ts";
import type { PipelineOptions } from "../../../src/pipeline/options.ts";
import { explainResume } from "../../../src/pipeline/resume.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { planRollback, rollback } from "../../../src/workspace/states/index.ts";
import { inspectBest } from "../../../src/workspace/views/queries.ts";
import { pipelineIn } from "../../support/pipeline-run.ts";
import { readCarried } from "../../support/states.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder({ "project/code.txt": "5\n" });

/** What the hypotheses of each iteration write into the tracked file, which is their score; the start has 5. */
const SCORES: readonly (readonly number[])[] = [[], [7, 9], [12, 20, 8], [10, 8]];

interface Told {
  readonly events: readonly AuraEvent[];
  /** What an event told as the best, where `inspect` said something else at that moment. */
  readonly contradicted: readonly string[];
  /** Prompts of the reviewer, one an iteration. */
  readonly prompts: readonly string[];
}

/** Starts the run or goes on with it, until it ends or `until` is about to be scored. */
async function live(
  until: string | null,
  options: Partial<PipelineOptions> | ((stop: AbortController) => Partial<PipelineOptions>) = {},
): Promise<Told> {
  const stop = new AbortController();
  const contradicted: string[] = [];
  const prompts: string[] = [];
  const workspace = await Workspace.create(folder.join("run"), { ifExists: "resume" });
  const { pipeline, events } = await pipelineIn(folder, {
    workspace,
    root: folder.join("project"),
    artifacts: ["code.txt"],
    researcher: asResearcher(
      ({ iteration }) =>
        (SCORES[iteration] ?? []).map((score) => ({
          spec: { score },
          edits: [{ path: "code.txt", content: `${score}\n` }],
        })),
      { numTasks: 3 },
    ),
    experimenter: new FunctionExperimenter(({ score = 5 }, { trialId }) => {
      if (until !== null && trialId.startsWith(until)) stop.abort();
      stop.signal.throwIfAborted();
      return { score };
    }),
    reviewer: new Reviewer({
      promptTemplate: "best {{best.id}}",
      runner: async (prompt) => {
        prompts.push(prompt);
        return '[{"finding": "seen"}]';
      },
    }),
    maxIterations: 3,
    ...(typeof options === "function" ? options(stop) : options),
  });
  pipeline.subscribe((event) => {
    const told = event.type === "run.started" ? event.run.best : "best" in event ? event.best : undefined;
    const best = told === undefined ? null : inspectBest(workspace.root, workspace.effects);
    const recorded = best && { id: best.id, score: best.score };
    if (told !== undefined && JSON.stringify(told) !== JSON.stringify(recorded)) {
      contradicted.push(`${event.type} tells ${JSON.stringify(told)}, inspect ${JSON.stringify(recorded)}`);
    }
  });
  await pipeline.run({ signal: stop.signal });
  return { events, contradicted, prompts };
}

async function rollBackTo(to: string): Promise<void> {
  const effects = systemEffects();
  const { workspace, store, records } = await openStates(folder.join("run"), effects);
  const lock = await workspace.lock();
  rollback(store, planRollback(store, records, to), effects.clock.now());
  lock.release();
}

const told = (events: readonly AuraEvent[], type: AuraEvent["type"]): readonly unknown[] =>
  events.flatMap((event) => {
    if (event.type !== type) return [];
    if (event.type === "run.started") return [event.run.best?.id];
    return "best" in event ? [event.best?.id] : [];
  });
const iteration = (n: number) => JSON.parse(folder.read(`run/iterations/0000${n}/iteration.json`) ?? "null");
const carried = (): string | null => readCarried(folder.join("run"), ["code.txt"]);
const stateOf = (id: string): string =>
  JSON.parse(folder.read(`run/iterations/${id.slice(1, 6)}/experiments/${id}.json`) ?? "{}").state;

test("a run that is cut short and resumed tells of what it had scored, at once", async () => {
  const first = await live("i00002-h001");
  const { events, contradicted } = await live(null);
  expect([...first.contradicted, ...contradicted]).toEqual([]);
  expect(told(events, "run.started")).toEqual(["i00002-h000"]);
  expect(told(events, "best.improved")).toEqual(["i00002-h001"]);
});

test("a rollback in the middle of an iteration counts from the first event of the resume on", async () => {
  await live("i00002-h001");
  await rollBackTo("i00001-h000");
  const { events, contradicted, prompts } = await live(null);
  expect(contradicted).toEqual([]);
  expect(told(events, "run.started")).toEqual(["i00001-h000"]);
  expect(told(events, "evaluation.scored")).toEqual(["i00001-h000", "i00001-h000", "i00003-h000", "i00003-h000"]);
  expect(told(events, "best.improved")).toEqual(["i00003-h000"]);
  const [second] = events.filter(({ type }) => type === "iteration.finished");
  expect(second).toMatchObject({ improved: false, carried: { hypothesisId: "i00001-h000" } });
  expect(iteration(3)).toMatchObject({ base: { hypothesisId: "i00001-h000" }, best: "i00003-h000", improved: true });
  // A question that was asked before the rollback has the same words after it, so that its reply is not paid for again.
  expect(prompts).toEqual(["best i00001-h001", "best i00001-h000"]);
});

test("a rollback to what the iteration under way started from counts as well, though that is carried on already", async () => {
  await live("i00001-h001");
  await rollBackTo("start");
  const { events, contradicted } = await live(null);
  expect(contradicted).toEqual([]);
  expect(told(events, "run.started")).toEqual(["i00000-h000"]);
  expect(told(events, "best.improved")).toEqual(["i00002-h000", "i00002-h001"]);
  expect(iteration(2)).toMatchObject({ base: { hypothesisId: "i00000-h000" } });
});

test("a rollback to a hypothesis of the iteration under way counts at once as well", async () => {
  await live("i00002-h001");
  await rollBackTo("i00002-h000");
  const { events, contradicted } = await live(null);
  expect(contradicted).toEqual([]);
  expect(told(events, "run.started")).toEqual(["i00002-h000"]);
  expect(told(events, "best.improved")).toEqual([]);
  expect(iteration(3)).toMatchObject({ base: { hypothesisId: "i00002-h000" } });
});

test("an iteration in which nothing was proposed yet begins anew, from the state that was rolled back to", async () => {
  await live(null, { maxIterations: 1 });
  const asked: string[] = [];
  const asking = (stop: AbortController | null): Partial<PipelineOptions> => ({
    maxIterations: 2,
    researcher: new Researcher({
      promptTemplate: "from {{best.id}}",
      numTasks: 1,
      runner: async (prompt) => {
        asked.push(prompt);
        stop?.abort();
        stop?.signal.throwIfAborted();
        return '[{"spec": {"score": 8}, "edits": [{"path": "code.txt", "content": "8"}]}]';
      },
    }),
  });
  await live(null, asking);
  expect(iteration(2)).toMatchObject({ state: "started", base: { hypothesisId: "i00001-h001" } });
  const stale = folder.write("run/iterations/00002/hypotheses/i00002-h001.json", '{ "id": "i00002-h001", "spec": {} }');

  await rollBackTo("i00001-h000");
  expect(explainResume(await Workspace.open(folder.join("run"))).at(-1)).toEqual({
    step: "iteration 2: propose",
    action: "rerun",
    why: "it begins anew from i00001-h000, which was rolled back to",
  });
  const { contradicted } = await live(null, asking(null));
  expect(contradicted).toEqual([]);
  expect(asked).toEqual(["from i00001-h001", "from i00001-h000"]);
  expect(existsSync(stale)).toBe(false);
  expect(iteration(2)).toMatchObject({
    base: { hypothesisId: "i00001-h000" },
    carried: { hypothesisId: "i00002-h000" },
  });
  expect(told((await live(null, asking(null))).events, "run.started")).toEqual(["i00002-h000"]);
});

test("artifacts/ keeps the state that was rolled back to while the iteration under way is finished", async () => {
  await live("i00002-h001");
  await rollBackTo("i00001-h000");
  await live("i00002-h002");
  expect(carried()).toBe(stateOf("i00001-h000"));
  await live(null);
  expect(carried()).toBe(stateOf("i00003-h000"));
});

test("a target that only a hypothesis had reached which counts no more ends no run", async () => {
  const metric = { name: "score", target: 9 };
  await live(null, { metric });
  await rollBackTo("i00001-h000");
  const { events } = await live(null, { metric });
  expect(events.at(-1)).toMatchObject({ type: "run.finished", reason: "target", best: { id: "i00002-h001" } });
});

test("killed again after the rollback, or redone in part, the run comes to the same", async () => {
  await live("i00002-h001");
  await rollBackTo("i00001-h000");
  await live("i00002-h002");
  await live("i00003-h001");
  const { contradicted } = await live(null);
  expect(contradicted).toEqual([]);
  const undisturbed = [2, 3].map(iteration);
  expect(undisturbed[1]).toMatchObject({ best: "i00003-h000", carried: { hypothesisId: "i00003-h000" } });
  for (const record of ["insights.json", "evaluations/i00002-h001.json", "iteration.json"]) {
    systemEffects().files.remove(folder.join(`run/iterations/00002/${record}`));
    const again = await live(null);
    expect(again.contradicted).toEqual([]);
    expect(again.prompts).toEqual([]);
    expect([2, 3].map(iteration), record).toEqual(undisturbed);
  }
});
