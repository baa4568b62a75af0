import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  FunctionRunner,
  MetricEvaluator,
  Pipeline,
  Researcher,
  Reviewer,
  ScriptExperimenter,
  Workspace,
} from "../../../src/index.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";

let folder: TemporaryDirectory;
beforeEach(() => {
  folder = temporaryDirectory();
  folder.write("project/gain.txt", "1\n");
  folder.write("project/found.txt", "nothing\n");
});
afterEach(() => folder[Symbol.dispose]());

/** Prints the gain as its score, with what it has to say of it; fails for one above 50, and keeps what it found. */
const TRIAL = `g=$(cat gain.txt); [ "$g" -le 50 ] || { echo "gain $g is out of range" >&2; exit 3; }
printf '%s\\n' "{\\"score\\": $g, \\"loss\\": 0.$g, \\"feedback\\": \\"try more than $g\\\\nin small steps\\"}"; echo "seen $g" > found.txt`;

const edit = (from: number, to: number) => ({ path: "gain.txt", search: `${from}\n`, replace: `${to}\n` });

/** What the model proposes in each of four iterations; the last of each cannot be run, or cannot be made. */
const ROUNDS = [
  [
    { id: "two", rationale: "why two", edits: [edit(1, 2)] },
    { id: "nine", rationale: "why nine", edits: [edit(1, 9)] },
    { id: "far", rationale: "why far", edits: [edit(1, 99)] },
  ],
  [
    { id: "seven", rationale: "why seven", edits: [edit(9, 7)] },
    { id: "eight", rationale: "why eight", edits: [edit(9, 8)] },
    { id: "eleven", rationale: "why eleven", edits: [edit(9, 11)] },
  ],
  [
    { id: "ten", rationale: "why ten", edits: [edit(11, 10)] },
    { id: "off", rationale: "why off", edits: [edit(11, 77)] },
    { id: "stale", rationale: "why stale", edits: [edit(9, 12)] },
  ],
  [{ id: "twelve", rationale: "why twelve", edits: [edit(11, 12)] }],
];

const REVIEWS = [
  [{ finding: "Nine is the most there is." }, { finding: "Steps may be large." }],
  [{ replace: "i00001-n00", finding: "Eleven beats nine." }],
  [{ retract: "i00001-n01", reason: "off and far failed" }, { finding: "eleven beats nine" }],
  [],
];

async function run(iterations: number, name = "run") {
  const prompts: { readonly researcher: string[]; readonly reviewer: string[] } = { researcher: [], reviewer: [] };
  const runner = new FunctionRunner((prompt, { role, iteration, ask }) => {
    if (role === "reviewer") prompts.reviewer.push(prompt);
    else if (ask === 1) prompts.researcher.push(prompt);
    const of = role === "reviewer" ? REVIEWS : ROUNDS;
    return JSON.stringify(of[iteration - 1] ?? []);
  });
  const pipeline = new Pipeline({
    researcher: new Researcher({ runner, numTasks: 3 }),
    reviewer: new Reviewer({ runner }),
    experimenter: new ScriptExperimenter(TRIAL, { shell: true, timeoutMs: 20_000, capture: true }),
    evaluator: new MetricEvaluator({ metric: "score" }),
    root: folder.join("project"),
    artifacts: ["gain.txt", "found.txt"],
    maxIterations: iterations,
    workspace: await Workspace.create(folder.join(name), { ifExists: "resume" }),
  });
  await pipeline.run();
  return { prompts, last: prompts.researcher.at(-1) ?? "" };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

describe("the prompts of a run", () => {
  test("tell of results, own changes, failures and failed edits, and of what still stands, each once", async () => {
    const { prompts, last } = await run(4);
    expect(last).toContain("# Best so far, whose state the files above are in\n```\ni00002-h002");
    for (const [label, score] of [
      ["eleven", 11],
      ["ten", 10],
      ["nine", 9],
      ["eight", 8],
    ] as const) {
      for (const part of [`"${label}"`, `why: why ${label}`, `feedback:\ntry more than ${score}\nin small steps`]) {
        expect(count(last, part), part).toBe(1);
      }
      expect(count(last, `{"loss":${Number(`0.${score}`)}}`)).toBe(1);
    }
    expect(count(last, "What i00002-h002 changed in i00001-h001:")).toBe(1);
    expect(count(last, "-9\n+11\n")).toBe(1);
    expect(count(last, "-11\n+10\n")).toBe(1);
    expect(last).not.toMatch(/^-11\n\+9$/m);
    expect(count(last, "gain 77 is out of range")).toBe(1);
    expect(last).toContain('its edit: {"path":"gain.txt","search":"9\\n","replace":"12\\n"}');
    expect(count(last, "gain 99")).toBe(1);
    expect(last).toContain("is kept, and carried on with its hypothesis");
    expect(count(last.toLowerCase(), "eleven beats nine")).toBe(1);
    expect(last).not.toContain("Nine is the most");
    expect(last).not.toContain("Steps may be large");
    const [, , review = ""] = prompts.reviewer;
    expect(review).toContain("gain 77 is out of range");
    expect(review).toContain('"stale": the edit cannot be made');
    expect(review).toMatch(/what it changed in i00002-h002:\n`+diff[\s\S]*-11\n\+10\n/);
    expect(folder.read("run/iterations/00003/insights.json")).toContain('"retracts": [\n      "i00001-n01"');
  });

  test("are the same in a run that is resumed", async () => {
    const { last } = await run(4);
    expect(last).toContain("eleven");
    await run(2, "other");
    expect((await run(4, "other")).last).toBe(last);
  });

  test("tell the command without the secrets in it", async () => {
    const prompts: string[] = [];
    const runner = new FunctionRunner((prompt) => {
      prompts.push(prompt);
      return '[{"x": 1}]';
    });
    const command = 'echo "score: 1" # by s3cret-token';
    await new Pipeline({
      researcher: new Researcher({ runner, numTasks: 1 }),
      experimenter: new ScriptExperimenter(command, { shell: true, timeoutMs: 20_000 }),
      evaluator: new MetricEvaluator({ metric: "score" }),
      settings: { checks: [{ name: "ok", command: "true s3cret-token", shell: true }] },
      secrets: ["s3cret-token"],
      root: folder.join("project"),
      maxIterations: 1,
      workspace: await Workspace.create(folder.join("run")),
    }).run();
    expect(prompts[0]).toContain('echo "score: 1" # by [redacted]');
    expect(prompts[0]).toContain("true [redacted]");
  });
});
