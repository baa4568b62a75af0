import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { AURA, type AuraEnd, sharedDesk, start } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const LIBRARY = pathToFileURL(join(dirname(AURA), "../dist/lib/index.js")).href;

/** Notes what is done to the process from its first module on. */
const WATCH = `
export const touched = [];
const noting = (object, name, about) => {
  const original = object[name];
  object[name] = function (...given) {
    touched.push(about(given));
    return original.apply(this, given);
  };
};
for (const name of ["exit", "abort", "chdir", "umask", "setUncaughtExceptionCaptureCallback"]) noting(process, name, () => name);
for (const name of ["on", "once", "addListener", "prependListener", "prependOnceListener"]) noting(process, name, ([event]) => event);
for (const name of Object.keys(console)) if (typeof console[name] === "function") noting(console, name, () => "console." + name);
for (const stream of ["stdout", "stderr"]) noting(process[stream], "write", () => stream);
`;

const QUICK_START = `
import { touched } from "./watch.mjs";
import { MetricEvaluator, Pipeline, Researcher, Reviewer, ScriptExperimenter, Workspace } from "aura-research";

let asked = 0;
const llm = async (prompt, { signal }) => {
  signal.throwIfAborted();
  if (prompt.startsWith("Propose")) {
    asked++;
    return "Sure: " + JSON.stringify([1, 2, 3].map((n) => ({ id: "try-" + n, lr: process.pid + asked, epochs: n })));
  }
  return { content: '[{ "finding": "more epochs help", "recommendation": "go on" }]', usage: { inputTokens: 10, outputTokens: 5 } };
};
const workspace = await Workspace.create("./runs/experiment");
const pipeline = new Pipeline({
  researcher: new Researcher({ runner: llm, numTasks: 3, promptTemplate: "Propose {{num_tasks}} experiments as a JSON list. {{insights}}" }),
  experimenter: new ScriptExperimenter("sh -c 'echo accuracy=0.$1$2' sh {epochs} {aura.trial_index}"),
  evaluator: new MetricEvaluator({ metric: "accuracy", baseline: 0.15 }),
  reviewer: new Reviewer({ runner: llm }),
  workspace, maxIterations: 3,
});
const result = await pipeline.run();
const { bestScore, bestHypothesisId } = await workspace.summary();
const { writeFileSync } = await import("node:fs");
writeFileSync("out.json", JSON.stringify({ result, bestScore, bestHypothesisId, asked, touched }));
`;

describe("the library", () => {
  const here = sharedDesk({ "watch.mjs": WATCH });

  /** Runs a program that uses the library, as a user's own. */
  const program = (name: string, source: string): Promise<AuraEnd> => {
    here.write(name, source.replaceAll('"aura-research"', JSON.stringify(LIBRARY)));
    return start(process.execPath, [name], { cwd: here.path }).ended;
  };

  test("runs the quick start, prints nothing, listens to nothing of the process and lets it end by itself", async () => {
    const end = await program("quick.mjs", QUICK_START);
    expect(end).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    const out = here.json<Readonly<Record<string, unknown>>>("out.json");
    expect(out).toMatchObject({
      bestScore: 0.3,
      bestHypothesisId: "i00001-h002",
      asked: 3,
      touched: [],
      result: { reason: "iterations", exitCode: 0, iterationsCompleted: 3, best: { id: "i00001-h002", score: 0.3 } },
    });
    const manifest = here.json<RunManifest>("runs/experiment/run.json");
    expect(manifest).toMatchObject({
      name: "experiment",
      status: "finished",
      totals: { calls: 6, hypotheses: 9, trials: 9 },
    });
  });

  test("refuses to run over it, and its workspace can be inspected like any other", async () => {
    const again = await program("quick.mjs", QUICK_START);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/already holds a run\ncontinue it with: \{ ifExists: "resume" \}/);
    const { best } = await here.document<{ best: unknown }>(["inspect", "runs/experiment", "--json"]);
    expect(best).toMatchObject({ id: "i00001-h002", label: "try-3", score: 0.3, passed: true });
    expect((await here.run(["resume", "runs/experiment"])).stderr).toMatch(/started from code/);
  });

  test("goes on with a started run, asking and running nothing again", async () => {
    const more = QUICK_START.replace(
      'create("./runs/experiment")',
      'create("./runs/experiment", { ifExists: "resume" })',
    );
    expect((await program("more.mjs", more.replace("maxIterations: 3", "maxIterations: 4"))).stderr).toBe("");
    expect(here.json<object>("out.json")).toMatchObject({ asked: 1, result: { iterationsCompleted: 4 } });
    expect(here.json<RunManifest>("runs/experiment/run.json").totals).toMatchObject({ calls: 8, trials: 12 });
  });

  test("exports these names and no others", async () => {
    const names = `import * as aura from "aura-research";\nprocess.stdout.write(Object.keys(aura).sort().join("\\n"));`;
    const { stdout } = await program("names.mjs", names);
    await expect(`${stdout}\n`).toMatchFileSnapshot("public-api.txt");
  });

  test("offers contract suites for other people's components apart from it", async () => {
    const manifest: { exports: Record<string, unknown> } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(Object.keys(manifest.exports).sort()).toEqual([".", "./package.json", "./testing"]);
  });
});

thorough("its types are whole in a project that asks for no more than ES2022", () => {
  const types = join(dirname(AURA), "../dist/lib");
  const files = ["index.d.ts", "testing.d.ts"].map((name) => join(types, name));
  const options = { strict: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] };
  const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
  expect(found.map(({ messageText }) => messageText)).toEqual([]);
});
