import { describe, expect, test } from "vitest";
import {
  asResearcher,
  FunctionResearcher,
  functionResearcher,
  type ResearcherFunction,
} from "../../../../src/components/researchers/function.ts";
import { UsageError } from "../../../../src/kernel/errors.ts";
import { compileSchema } from "../../../../src/schema/validate.ts";
import { historyEntry, stageContext } from "../../../support/stage-context.ts";
import { testFolder } from "../../../support/test-folder.ts";

const folder = testFolder();

function propose(fn: ResearcherFunction, signal?: AbortSignal) {
  const ctx = stageContext({
    entries: [historyEntry(1, 0, { lr: 1 }, 0.5)],
    iteration: 2,
    ...(signal ? { signal } : {}),
  });
  return asResearcher(fn).hypothesize({ ...ctx, count: 3 });
}

describe("a function as researcher", () => {
  test("is asked for one proposal an iteration and may give any number, unless told how many", () => {
    expect(asResearcher(() => [])).toMatchObject({ numTasks: 1, isOpenEnded: true });
    expect(asResearcher(() => [], { numTasks: 4 })).toMatchObject({ numTasks: 4, isOpenEnded: false });
    expect(new FunctionResearcher({ module: "x.ts" }).isOpenEnded).toBe(false);
    expect(() => asResearcher(() => [], { numTasks: 0.5 })).toThrow(UsageError);
  });

  test("gets the history, the insights, how many are asked for, and a seed that is the same after a resume", async () => {
    const seeds: number[] = [];
    const fn: ResearcherFunction = (ctx) => {
      seeds.push(ctx.seed);
      return [
        {
          lr: 2,
          count: ctx.count,
          iteration: ctx.iteration,
          seen: ctx.history.entries.length,
          insights: ctx.insights.length,
        },
      ];
    };
    const first = await propose(fn);
    await propose(fn);
    expect(first.proposals).toEqual([{ spec: { lr: 2, count: 3, iteration: 2, seen: 1, insights: 0 } }]);
    expect(seeds[0]).toBe(seeds[1]);
  });

  test("that does not heed a stop is let go of", async () => {
    const stop = new AbortController();
    const asked = propose(() => {
      stop.abort(new Error("stopped"));
      return new Promise(() => {});
    }, stop.signal);
    await expect(asked).rejects.toThrow("stopped");
  });

  test("may give labels and rationales, and say that it is at its end", async () => {
    const answer = await propose(async () => ({
      proposals: [{ label: "wide", spec: { n: 8 }, rationale: "more is more" }],
      exhausted: true,
    }));
    expect(answer.proposals).toEqual([{ label: "wide", spec: { n: 8 }, rationale: "more is more" }]);
    expect(answer.exhausted).toBe(true);
    expect(await propose(() => ({ proposals: [], exhausted: true }))).toEqual({ proposals: [], exhausted: true });
  });

  test("keeps the usable proposals and says why it refused the others", async () => {
    const answer = await propose(() => [{ lr: 1 }, 7, { lr: 2, edits: [{ path: "a", content: "b" }] }]);
    expect(answer.proposals).toEqual([{ spec: { lr: 1 } }]);
    expect(answer.refused).toMatchObject([{ label: "#2" }, { label: "#3" }]);
  });

  test.each<readonly [string, ResearcherFunction, string, RegExp]>([
    [
      "throws",
      () => {
        throw new Error("no luck");
      },
      "function-threw",
      /the function threw: no luck/,
    ],
    ["rejects", () => Promise.reject("why"), "function-threw", /the function threw: why/],
    ["gives nothing", () => undefined, "result-invalid", /returned nothing; a list of proposals is expected/],
    ["gives text", () => "lr=1", "result-invalid", /returned "lr=1"; a list/],
    ["gives one object", () => ({ lr: 1 }), "result-invalid", /returned \{"lr":1\}; a list/],
    ["gives a function", () => [() => 1], "result-invalid", /no data: \[0\] is a function/],
    [
      "gives itself in itself",
      () => {
        const list: unknown[] = [];
        list.push(list);
        return list;
      },
      "result-invalid",
      /nested/,
    ],
    ["gives numbers", () => [1, 2], "result-invalid", /no proposal of the function can be used: #1: /],
  ])("that %s leaves the iteration without proposals, with the reason", async (_, fn, code, message) => {
    const answer = await propose(fn);
    expect(answer.proposals).toEqual([]);
    expect(answer.failure).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("passes a stop of the run on as such", async () => {
    const stop = new AbortController();
    const stopped = propose(({ signal }) => {
      stop.abort(new Error("stopped"));
      signal.throwIfAborted();
    }, stop.signal);
    await expect(stopped).rejects.toThrow("stopped");
  });

  test("leaves a researcher as it is and refuses anything else", () => {
    const own = asResearcher(() => []);
    expect(asResearcher(own)).toBe(own);
    expect(() => asResearcher(JSON.parse("{}"))).toThrow(/a researcher is an object with a hypothesize method/);
  });
});

describe("a module's function as researcher", () => {
  function moduleResearcher(source: string, name = "propose", timeoutMs = 20_000) {
    const module = folder.write(`${name}.mjs`, source);
    return new FunctionResearcher({ module, export: name }, { timeoutMs });
  }

  test("proposes in a process of its own, from the same names as one in code", async () => {
    const researcher = moduleResearcher(
      "export const propose = ({ count, history, settings }) => [{ n: count, seen: history.entries[0].score, best: settings.metric.direction }];",
    );
    const ctx = stageContext({ entries: [historyEntry(1, 0, { lr: 1 }, 0.5)], iteration: 2, root: folder.path });
    const answer = await researcher.hypothesize({ ...ctx, count: 3 });
    expect(answer.failure).toBeUndefined();
    expect(answer.proposals).toEqual([{ spec: { n: 3, seen: 0.5, best: "maximize" } }]);
  });

  test.each([
    ["throws", 'export function propose() { throw new Error("no luck"); }', "function-threw", /no luck/],
    ["exits", "export function propose() { process.exit(3); }", "function-ended", /ended with code 3 and no result/],
    ["is not there", "export const other = 1;", "function-threw", /exports no function called "propose"/],
  ])("that %s leaves the iteration without proposals, with the reason", async (_, source, code, message) => {
    const ctx = stageContext({ root: folder.path });
    const answer = await moduleResearcher(source).hypothesize({ ...ctx, count: 1 });
    expect(answer).toMatchObject({ proposals: [], failure: { code, message: expect.stringMatching(message) } });
  });

  test("that never ends is ended at its timeout", async () => {
    const researcher = moduleResearcher("export const propose = () => { for (;;) {} };", "propose", 500);
    const answer = await researcher.hypothesize({ ...stageContext({ root: folder.path }), count: 1 });
    expect(answer.failure).toMatchObject({
      code: "function-ended",
      message: expect.stringMatching(/timeout|longer|timed out/),
    });
  });

  test("has a valid example", () => {
    expect(compileSchema(functionResearcher.options)(structuredClone(functionResearcher.example))).toEqual([]);
  });
});
