import { describe, expect, test, vi } from "vitest";
import {
  type AuraEvent,
  asEvaluator,
  asExperimenter,
  asResearcher,
  type EvaluatorPort,
  type ExperimenterPort,
  FunctionExperimenter,
  type Hypothesis,
  MetricEvaluator,
  Pipeline,
  type PipelineOptions,
  Researcher,
  type ResearcherPort,
  Reviewer,
  RunFailedError,
  RunnerError,
  ScriptExperimenter,
  SearchResearcher,
  SingleTrialExperimenter,
  type StageContext,
  Workspace,
} from "../../../src/index.ts";
import { EXIT } from "../../../src/kernel/errors.ts";
import { StopRequest } from "../../../src/kernel/interrupted.ts";
import type { Evaluation } from "../../../src/model/evaluation.ts";
import type { JsonObject, JsonValue } from "../../../src/model/json.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();

const space = { x: { type: "float", low: 0, high: 1 } } as const;
const search = (numTasks = 2): ResearcherPort => new SearchResearcher({ method: "random", numTasks, space });
const score = new MetricEvaluator({ metric: "score" });
const identity = (): ExperimenterPort => new FunctionExperimenter((spec) => ({ score: spec.x }));

const verdict = (id: string): Evaluation => ({ hypothesisId: id, score: 1, passed: true, reason: "", details: {} });
function nested(id: string): Evaluation {
  const details: Record<string, JsonValue> = {};
  details.in = details;
  return { ...verdict(id), details };
}
class Verdict {
  readonly #id: string;
  constructor(id: string) {
    this.#id = id;
  }
  get hypothesisId() {
    return this.#id;
  }
  get score() {
    return 1;
  }
  get passed() {
    return true;
  }
  get reason() {
    return "";
  }
  get details() {
    return {};
  }
}

/** A pipeline in a folder of its own, for what is not given. */
async function pipeline(options: Partial<PipelineOptions> = {}, name = "run"): Promise<Pipeline> {
  const workspace = options.workspace ?? (await Workspace.create(folder.join(name), { ifExists: "resume" }));
  return new Pipeline({
    researcher: search(),
    experimenter: identity(),
    evaluator: score,
    maxIterations: 2,
    ...options,
    workspace,
  });
}

describe("a pipeline written in code", () => {
  test("runs functions given as stages", async () => {
    const seen: string[] = [];
    const run = await pipeline({
      researcher: asResearcher(({ history }: StageContext) => [{ spec: { x: history.entries.length + 1 } }]),
      experimenter: asExperimenter((hypothesis) => ({ score: Number(hypothesis.spec.x) * 2 })),
      evaluator: asEvaluator((hypothesis, experiment) => {
        seen.push(hypothesis.id);
        return Number(experiment.summary?.score) + 0.5;
      }),
      maxIterations: 3,
    });
    expect(await run.run()).toMatchObject({ reason: "iterations", best: { id: "i00003-h000", score: 6.5 } });
    expect(seen).toEqual(["i00001-h000", "i00002-h000", "i00003-h000"]);
  });

  test("runs stages that override one step", async () => {
    class Doubled extends MetricEvaluator {
      override async evaluate(...args: Parameters<MetricEvaluator["evaluate"]>) {
        const verdict = await super.evaluate(...args);
        return { ...verdict, score: verdict.score === null ? null : verdict.score * 2 };
      }
    }
    class Fixed extends SearchResearcher {
      override async hypothesize() {
        return { proposals: [{ label: "one", spec: { x: 0.25 } }], exhausted: true };
      }
    }
    const cleaned: string[] = [];
    class Measured extends SingleTrialExperimenter {
      override async execute(hypothesis: Hypothesis) {
        return { kind: "value" as const, value: { score: hypothesis.spec.x ?? 0 }, steps: [] };
      }
      override async collect(_: Hypothesis, raw: Awaited<ReturnType<Measured["execute"]>>) {
        return { output: raw.value, steps: raw.steps };
      }
      override async cleanup(hypothesis: Hypothesis) {
        cleaned.push(hypothesis.id);
      }
    }
    class Terse extends Reviewer {
      override async review() {
        return [{ finding: "one is enough" }];
      }
    }
    const run = await pipeline({
      researcher: new Fixed({ method: "random", numTasks: 1, space }),
      experimenter: new Measured(),
      evaluator: new Doubled({ metric: "score" }),
      reviewer: new Terse({ runner: async () => "" }),
    });
    expect(await run.run()).toMatchObject({ reason: "exhausted", best: { score: 0.5 } });
    expect(cleaned).toEqual(["i00001-h000"]);
    expect(folder.read("run/iterations/00001/insights.json")).toContain("one is enough");
  });

  test("gives a trial's function its parameters, seed, folder and signal", async () => {
    const seen: unknown[] = [];
    const run = await pipeline({
      experimenter: new FunctionExperimenter((spec, ctx) => {
        seen.push([Object.keys(spec), typeof ctx.seed, ctx.signal instanceof AbortSignal]);
        return { score: 1 };
      }),
      maxIterations: 1,
      researcher: search(1),
    });
    await run.run();
    expect(seen).toEqual([[["x"], "number", true]]);
  });

  test("gives commands absolute places, whatever it was told about its root", async () => {
    const run = await pipeline({
      experimenter: new ScriptExperimenter([
        "sh",
        "-c",
        'echo "score=1"; echo "$1" > "$AURA_TRIAL_DIR/root.txt"',
        "sh",
        "{aura.root}",
      ]),
      researcher: search(1),
      maxIterations: 1,
    });
    expect((await run.run()).best?.score).toBe(1);
    expect(folder.read("run/iterations/00001/trials/i00001-h000-t00.a1/root.txt")?.trim()).toBe(process.cwd());
  });

  test("prints nothing and leaves no signal handler or timer behind", async () => {
    const handlers = process.eventNames();
    const written = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
    await (await pipeline()).run();
    for (const spy of written) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    expect(process.eventNames()).toEqual(handlers);
  });

  test("goes on for an observer that throws: it is dropped, and the others are told once", async () => {
    const run = await pipeline();
    const events: AuraEvent[] = [];
    run.subscribe(() => {
      throw new Error("observer broke");
    });
    run.subscribe((event) => events.push(event));
    expect((await run.run()).exitCode).toBe(0);
    const told = events.filter((event) => event.type === "warning" && event.code === "sink-failed");
    expect(told).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: "run.finished", exitCode: 0 });
  });

  test("stops telling an observer that has unsubscribed", async () => {
    const run = await pipeline();
    let seen = 0;
    const stop = run.subscribe(() => {
      seen++;
    });
    stop();
    await run.run();
    expect(seen).toBe(0);
  });
});

describe("stopping from code", () => {
  const hanging = (reached: () => void) =>
    new FunctionExperimenter((_, ctx) => {
      reached();
      return new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
    });

  test("is heard also by a loop whose stages never wait for anything", async () => {
    for (const [numTasks, maxIterations] of [
      [1, 1000],
      [1000, 1],
    ] as const) {
      const stop = new AbortController();
      const run = await pipeline({ researcher: search(numTasks), maxIterations }, `of-${numTasks}`);
      // Asked for in the middle of the batch, by what only the event loop can bring.
      run.subscribe(({ type }) => {
        if (type === "experiment.finished") setTimeout(() => stop.abort(), 1);
      });
      const end = await run.run({ signal: stop.signal });
      expect(end).toMatchObject({ reason: "interrupted", exitCode: 130 });
      expect(end.totals.hypotheses).toBeGreaterThan(0);
      expect(end.totals.trials).toBeLessThan(1000);
    }
  });

  test("before the first iteration is no error, and leaves what was not begun alone", async () => {
    const stop = new AbortController();
    const stopped = (): never => {
      stop.abort(new StopRequest(143));
      throw stop.signal.reason;
    };
    const run = await pipeline({ researcher: Object.assign(search(), { setup: async () => stopped() }) });
    expect(await run.run({ signal: stop.signal })).toMatchObject({ reason: "interrupted", exitCode: 143 });
    expect(folder.read("run/run.json")).toBeNull();
  });

  test("is heard while a large project is read, which the next run reads again", async () => {
    const stop = new AbortController();
    const effects = systemEffects();
    const clock = { ...effects.clock, turn: async () => stop.abort() };
    for (const name of ["a", "b"]) folder.write(`project/src/${name}`, "x".repeat(5 * 1024 * 1024));
    const settings = { root: folder.join("project"), artifacts: ["src"], start: "may_fail" } as const;
    const workspace = await Workspace.create(folder.join("run"), { effects: { ...effects, clock } });
    const first = await pipeline({ workspace, settings });
    expect(await first.run({ signal: stop.signal })).toMatchObject({ reason: "interrupted", totals: { trials: 0 } });
    expect(JSON.parse(folder.read("run/run.json") ?? "")).toMatchObject({ status: "interrupted" });
    expect(folder.read("run/run.json")).not.toContain('"project"');
    expect(await (await pipeline({ settings })).run()).toMatchObject({ reason: "iterations" });
  });

  test("by the signal ends what runs; a later run goes on from there", async () => {
    const stop = new AbortController();
    const first = await pipeline({ experimenter: hanging(() => stop.abort()) });
    expect(await first.run({ signal: stop.signal })).toMatchObject({ reason: "interrupted", exitCode: 130 });
    const second = await pipeline();
    expect(await second.run()).toMatchObject({ reason: "iterations", iterationsCompleted: 2 });
  });

  test("with a reason of the user's own, and before it has begun", async () => {
    const run = await pipeline();
    expect(await run.run({ signal: AbortSignal.abort(new Error("lunch")) })).toMatchObject({ reason: "interrupted" });
    expect(await (await pipeline()).run()).toMatchObject({ reason: "iterations" });
  });

  test("while a model is being asked, also when the model's function throws something of its own", async () => {
    const stop = new AbortController();
    const researcher = new Researcher({
      runner: (_, { signal }) => {
        const answer = new Promise<string>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(new TypeError("socket closed"))),
        );
        stop.abort();
        return answer;
      },
    });
    const run = await pipeline({ researcher });
    expect(await run.run({ signal: stop.signal })).toMatchObject({ reason: "interrupted" });
  });

  test("by draining finishes and scores what runs, and starts nothing more", async () => {
    const drain = new AbortController();
    const ran: string[] = [];
    const run = await pipeline({
      researcher: search(5),
      experimenter: new FunctionExperimenter(async (spec, ctx) => {
        ran.push(ctx.hypothesisId);
        drain.abort();
        return { score: spec.x };
      }),
    });
    expect(await run.run({ drain: drain.signal })).toMatchObject({ reason: "interrupted", totals: { trials: 1 } });
    expect(ran).toHaveLength(1);
    expect(folder.read("run/iterations/00001/evaluations/i00001-h000.json")).toContain('"score"');
  });

  test.each([
    [EXIT.terminated, "interrupted"],
    [EXIT.hangup, "interrupted"],
    [EXIT.paused, "paused"],
  ] as const)("with exit code %i is told as that everywhere", async (exitCode, reason) => {
    const run = await pipeline();
    const ends: unknown[] = [];
    run.subscribe((event) => event.type === "run.finished" && ends.push(event));
    const drain = AbortSignal.abort(new StopRequest(exitCode));
    expect(await run.run({ drain })).toMatchObject({ reason, exitCode });
    expect(ends).toMatchObject([{ reason, exitCode }]);
    expect(folder.read("run/run.json")).toContain(`"status": "${reason}"`);
  });
});

test("a target that min_delta keeps from being the best ends the run, which names who reached it", async () => {
  const scores = [0.55, 0.6, 0.62];
  const run = await pipeline({
    researcher: search(1),
    experimenter: new FunctionExperimenter(() => ({ score: scores.shift() })),
    settings: {
      metric: { name: "score", direction: "maximize", target: 0.62, minDelta: { kind: "absolute", value: 0.1 } },
    },
    maxIterations: 9,
  });
  expect(await run.run()).toMatchObject({
    reason: "target",
    best: { score: 0.55 },
    message: expect.stringContaining("i00003-h000 reached it with 0.62"),
  });
});

describe("failures in a row", () => {
  test("end the run with 1, also when what still ran then succeeds", async () => {
    let succeed = (): void => {};
    const run = await pipeline({
      researcher: search(5),
      settings: { parallel: 2, stop: { failures: 2 } },
      experimenter: new FunctionExperimenter((spec, { hypothesisId }) => {
        if (hypothesisId !== "i00001-h000") throw new Error("no");
        return new Promise((resolve) => {
          succeed = () => resolve({ score: spec.x });
        });
      }),
    });
    run.subscribe((event) => {
      // By the next turn of the loop the worker of the second failure has asked for another start.
      if (event.type === "evaluation.scored" && event.evaluation.hypothesisId === "i00001-h002") setImmediate(succeed);
    });
    expect(await run.run()).toMatchObject({ reason: "failures", exitCode: 1, totals: { trials: 3 } });
  });
});

describe("stages that misbehave", () => {
  test("a researcher that throws ends the run with what it said, resumable", async () => {
    const broken = asResearcher({
      numTasks: 1,
      hypothesize: async () => {
        throw new Error("no idea");
      },
    });
    await expect((await pipeline({ researcher: broken })).run()).rejects.toThrow(/no idea/);
    expect(folder.read("run/run.json")).toContain('"status": "failed"');
    expect(await (await pipeline()).run()).toMatchObject({ reason: "iterations" });
  });

  test("a trial's function that throws, or gives no numbers, is a failed trial and nothing more", async () => {
    let calls = 0;
    const run = await pipeline({
      researcher: search(3),
      maxIterations: 1,
      experimenter: new FunctionExperimenter(() => {
        calls++;
        if (calls === 1) throw new Error("boom");
        return calls === 2 ? { score: Number.NaN } : { score: 0.5 };
      }),
    });
    expect(await run.run()).toMatchObject({ best: { score: 0.5 }, totals: { trials: 3 } });
  });

  test("an evaluator whose score is infinite has given none", async () => {
    const infinite: EvaluatorPort = {
      evaluate: async (hypothesis) => ({
        hypothesisId: hypothesis.id,
        score: Number.POSITIVE_INFINITY,
        passed: true,
        reason: "",
        details: {},
      }),
    };
    expect(await (await pipeline({ evaluator: infinite })).run()).toMatchObject({
      reason: "failed-alike",
      exitCode: 1,
    });
    expect(folder.read("run/iterations/00001/evaluations/i00001-h000.json")).toMatch(/"score": null/);
  });

  test("a run in which nothing was ever proposed has failed, whichever condition ended it", async () => {
    const silent: ResearcherPort = { numTasks: 1, hypothesize: async () => ({ proposals: [] }) };
    const result = await (await pipeline({ researcher: silent, maxIterations: 2 })).run();
    expect(result).toMatchObject({ reason: "nothing-scored", exitCode: 1, best: null });
  });

  test("a function that proposes gives as many as it likes, as far as the run's hypotheses go", async () => {
    const researcher = asResearcher(({ iteration }) => [1, 2, 3].map((n) => ({ x: 10 * iteration + n })));
    const run = await pipeline({ researcher, maxIterations: 9, settings: { stop: { hypotheses: 5 } } });
    expect(await run.run()).toMatchObject({ reason: "hypotheses", totals: { hypotheses: 5 }, iterationsCompleted: 2 });
  });

  test("many proposals refused for one reason are told as few, and how many more", async () => {
    const repeating: ResearcherPort = {
      numTasks: 1,
      hypothesize: async () => ({ proposals: Array.from({ length: 201 }, () => ({ spec: { x: 1 } })) }),
    };
    const run = await pipeline({ researcher: repeating, maxIterations: 2 });
    const told: AuraEvent[] = [];
    run.subscribe((event) => void (event.type === "proposal.refused" && told.push(event)));
    await run.run();
    const ofFirst = told.filter((event) => event.type === "proposal.refused" && event.iteration === 1);
    expect(ofFirst).toHaveLength(11);
    expect(ofFirst.at(-1)).toMatchObject({ refused: { label: "and 190 more", reason: "more than the 1 asked for" } });
    expect(told.at(-1)).toMatchObject({ refused: { label: "and 191 more", reason: "repeats i00001-h000" } });
  });

  test.each<[string, (id: string) => Evaluation, RegExp]>([
    ["in getters of a class", (id) => new Verdict(id), /the evaluator returned \{\} for i00001-h000/],
    ["in itself", (id) => nested(id), /the evaluator failed on i00001-h000: .*cannot be recorded: details\.in\.in/],
    [
      "behind a getter that throws",
      (id) => ({
        ...verdict(id),
        get details(): JsonObject {
          throw new Error("no");
        },
      }),
      /h000: no$/,
    ],
  ])("an evaluator whose answer is %s ends the run, and nothing of it is recorded", async (_, answer, message) => {
    const evaluator: EvaluatorPort = { evaluate: async ({ id }) => answer(id) };
    await expect((await pipeline({ evaluator })).run()).rejects.toThrow(message);
    expect(folder.read("run/iterations/00001/evaluations/i00001-h000.json")).toBeNull();
    expect(await (await pipeline()).run()).toMatchObject({ reason: "iterations" });
  });

  test("an evaluator that answers about another hypothesis ends the run", async () => {
    const confused: EvaluatorPort = {
      evaluate: async () => ({ hypothesisId: "i00009-h000", score: 1, passed: true, reason: "", details: {} }),
    };
    await expect((await pipeline({ evaluator: confused })).run()).rejects.toThrow(RunFailedError);
  });

  test("a provider that refuses at once is exit 7, one that refuses later a pause", async () => {
    const refusal = new RunnerError("credentials", "who are you?");
    const refusing = new Researcher({ runner: () => Promise.reject(refusal) });
    await expect((await pipeline({ researcher: refusing }, "at-once")).run()).rejects.toMatchObject({ exitCode: 7 });
    await (await pipeline({}, "later")).run();
    const later = await pipeline({ researcher: refusing, maxIterations: 3 }, "later");
    expect(await later.run()).toMatchObject({
      reason: "paused",
      exitCode: 75,
      message: expect.stringContaining("who are you"),
    });
  });

  test("setup is undone in reverse, whatever happens, and a failing teardown is only told", async () => {
    const order: string[] = [];
    const staged = (name: string) => ({
      setup: async () => void order.push(`+${name}`),
      teardown: async () => {
        order.push(`-${name}`);
        if (name === "researcher") throw new Error("stuck door");
      },
    });
    const researcher: ResearcherPort = {
      ...staged("researcher"),
      numTasks: 1,
      hypothesize: async () => Promise.reject(new Error("x")),
    };
    const evaluator: EvaluatorPort = { ...staged("evaluator"), evaluate: score.evaluate.bind(score) };
    const run = await pipeline({ researcher, evaluator });
    const events: AuraEvent[] = [];
    run.subscribe((event) => events.push(event));
    await expect(run.run()).rejects.toThrow(/x/);
    expect(order).toEqual(["+researcher", "+evaluator", "-evaluator", "-researcher"]);
    expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ code: "teardown-failed" })]));
  });
});

describe("two pipelines on one workspace", () => {
  test("do not run at the same time: the second is told who has it", async () => {
    const workspace = await Workspace.create(folder.join("shared"));
    let second: Promise<unknown> = Promise.resolve();
    const first = await pipeline({
      workspace,
      maxIterations: 1,
      experimenter: new FunctionExperimenter(async () => {
        const other = await pipeline({ workspace: await Workspace.open(workspace.root) });
        second = other.run().catch((thrown: unknown) => thrown);
        await second;
        return { score: 1 };
      }),
    });
    expect((await first.run()).exitCode).toBe(0);
    expect(await second).toMatchObject({ exitCode: 3, problem: "locked" });
  });
});
