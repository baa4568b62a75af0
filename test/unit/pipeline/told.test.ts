import { describe, expect, test } from "vitest";
import { FunctionRunner, Researcher, Reviewer, ScriptExperimenter, Workspace } from "../../../src/index.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";
import { thorough } from "../../support/thorough.ts";

const folder = testFolder({
  "project/gain.txt": "1\n",
  "project/found.txt": "nothing\n",
  "project/data.txt": "1 2 3\n",
});

/** Prints the gain as its score, with what it has to say of it; fails for one above 50, and keeps what it found. */
const TRIAL = `g=$(cat gain.txt); [ "$g" -le 50 ] || { echo "$PWD/gain.txt: gain $g is out of range" >&2; exit 3; }
printf '%s\\n' "{\\"score\\": $g, \\"loss\\": 0.$g, \\"feedback\\": \\"try more than $g\\\\nin small steps\\"}"; echo "seen $g" > found.txt`;

const edit = (from: number, to: number) => ({ path: "gain.txt", search: `${from}\n`, replace: `${to}\n` });
const trying = (id: string, from: number, to: number) => ({ id, rationale: `why ${id}`, edits: [edit(from, to)] });

/** What the model proposes: far, off and beyond cannot be run, stale cannot be made. */
const ROUNDS = [
  [trying("two", 1, 2), trying("nine", 1, 9), trying("far", 1, 99)],
  [trying("seven", 9, 7), trying("eight", 9, 8), trying("eleven", 9, 11)],
  [trying("ten", 11, 10), trying("off", 11, 77), trying("three", 11, 3)],
  [trying("five", 11, 5), trying("stale", 9, 12), trying("beyond", 11, 88), trying("six", 11, 6)],
  [trying("twelve", 11, 12)],
];

const REVIEWS = [
  [{ finding: "Nine is the most there is." }, { finding: "Steps may be large." }],
  [{ replace: "i00001-n00", finding: "Eleven beats nine." }],
  [{ retract: "i00001-n01", reason: "off and far failed" }, { finding: "eleven beats nine" }],
  [],
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
  await runPipeline(folder, {
    researcher: new Researcher({ runner, numTasks: 4 }),
    reviewer: new Reviewer({ runner }),
    experimenter: new ScriptExperimenter(TRIAL, {
      shell: true,
      timeoutMs: 20_000,
      capture: true,
      limits: { outputBytes: 2 ** 20 },
    }),
    metric: { minDelta: { kind: "absolute", value: 0.5 } },
    settings: {
      checks: [{ name: "there", command: "test -s gain.txt", shell: false }],
      stop: { hypotheses: 20 },
    },
    inputs: ["data.txt"],
    root: folder.join("project"),
    artifacts: ["gain.txt", "found.txt"],
    maxIterations: iterations,
    workspace: await Workspace.create(folder.join(name), { ifExists: "resume" }),
  });
  return { prompts, last: prompts.researcher.at(-1) ?? "" };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

describe("the prompts of a run", () => {
  test("tell after 12 hypotheses how they are scored, and what came of them and why, each once and no change reversed", async () => {
    const { prompts, last } = await run(5);
    for (const part of [
      "score (maximize): higher is better.",
      "Only what is better than the best by more than 0.5 takes its place.",
      "test -s gain.txt",
      "g=$(cat gain.txt)",
      "A trial may take 20s at most.",
      "It may use 1 MiB of output.",
      "Only found.txt, gain.txt can be changed; all else of the project is read-only, data.txt among it.",
      "is kept, and carried on with its hypothesis",
      "iteration 5 of 5; 8 of 20 hypotheses left",
      "# Best so far, whose state the files above are in\n```\ni00002-h002",
    ])
      expect(count(last, part), part).toBe(1);
    const changes = [
      ["eleven", 11, 9],
      ["six", 6, 11],
      ["five", 5, 11],
      ["ten", 10, 11],
      ["nine", 9, 1],
      ["eight", 8, 9],
    ] as const;
    for (const [label, score, from] of changes) {
      for (const part of [
        `"${label}" score=${score} `,
        `\nwhy: why ${label}\n`,
        `\nreason: score ${score} is better than the start's 1\n`,
        `\nfeedback:\ntry more than ${score}\nin small steps\n`,
        `\n-${from}\n+${score}\n`,
        `\n-seen ${from}\n+seen ${score}\n`,
      ])
        expect(count(last, part), part).toBe(1);
      expect(count(last, `{"loss":${Number(`0.${score}`)}}`)).toBe(1);
    }
    expect(last.match(/^What .* changed in .*:$/gm)).toEqual([
      "What i00002-h002 changed in i00001-h001:",
      "What i00004-h002 changed in i00002-h002:",
      "What i00004-h000 changed in i00002-h002:",
      "What i00003-h000 changed in i00002-h002:",
      "What i00001-h001 changed in i00000-h000:",
      "What i00002-h001 changed in i00001-h001:",
    ]);
    for (const [label, score] of [
      ["two", 2],
      ["seven", 7],
      ["three", 3],
    ] as const)
      expect(count(last, `"${label}" score=${score} passed with edits why: why ${label}\n`)).toBe(1);
    expect(last).toMatch(/"far" failed \(exited with code 3: gain\.txt: gain 99 is out of range\).* why: why far$/m);
    for (const [label, gain] of [
      ["off", 77],
      ["beyond", 88],
    ] as const)
      expect(last).toMatch(
        RegExp(
          `^i\\d+-h001 "${label}": exited with code 3: gain\\.txt: gain ${gain} is out of range\\nwhy: why ${label}$`,
          "m",
        ),
      );
    for (const gain of [99, 77, 88]) expect(count(last, `gain ${gain} `)).toBe(1);
    expect(count(last, 'its edit: {"path":"gain.txt","search":"9\\n","replace":"12\\n"}')).toBe(1);
    expect(count(last.toLowerCase(), "eleven beats nine")).toBe(1);
    expect(last).not.toContain("Nine is the most");
    expect(last).not.toContain("Steps may be large");
    expect(last).not.toContain(folder.path);
    const review = prompts.reviewer[3] ?? "";
    expect(review).toContain("gain 88 is out of range");
    expect(review).toContain('"stale": the edit cannot be made');
    expect(review).toMatch(/what it changed in i00002-h002:\n`+diff[\s\S]*-11\n\+5\n/);
    expect(folder.read("run/iterations/00003/insights.json")).toContain('"retracts": [\n      "i00001-n01"');
  });

  thorough("are the same in a run that is resumed", async () => {
    const { last } = await run(3);
    expect(last).toContain("eleven");
    await run(2, "other");
    expect((await run(3, "other")).last).toBe(last);
  });

  test("tell the command without the secrets in it", async () => {
    const prompts: string[] = [];
    const runner = new FunctionRunner((prompt) => {
      prompts.push(prompt);
      return '[{"x": 1}]';
    });
    const command = 'echo "score: 1" # by s3cret-token';
    await runPipeline(folder, {
      researcher: new Researcher({ runner, numTasks: 1 }),
      experimenter: new ScriptExperimenter(command, { shell: true, timeoutMs: 20_000 }),
      settings: { checks: [{ name: "ok", command: "true s3cret-token", shell: true }] },
      secrets: ["s3cret-token"],
      root: folder.join("project"),
      maxIterations: 1,
    });
    expect(prompts[0]).toContain('echo "score: 1" # by [redacted]');
    expect(prompts[0]).toContain("true [redacted]");
  });
});
