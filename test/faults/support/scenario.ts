import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MetricEvaluator } from "../../../src/components/evaluators/index.ts";
import { ScriptExperimenter } from "../../../src/components/experimenters/index.ts";
import { Researcher } from "../../../src/components/researchers/prompt.ts";
import { Reviewer } from "../../../src/components/reviewers/prompt.ts";
import type { ProcessRequest } from "../../../src/kernel/effects.ts";
import type { LlmCall } from "../../../src/kernel/ports.ts";
import { DEFAULT_SETTINGS, type RunSettings } from "../../../src/model/settings.ts";
import type { PipelineOptions } from "../../../src/pipeline/options.ts";
import type { Workspace } from "../../../src/workspace/workspace.ts";
import type { Printed, Program } from "./programs.ts";
import type { Tally } from "./reference-model.ts";

/** Where a run of the scenario lies: the user's project, the workspace, and what trials and the model count. */
export interface Place {
  readonly project: string;
  readonly workspace: string;
  readonly starts: string;
  readonly calls: string;
}

/** Six hypotheses in two iterations, and one more for who goes on. Every way an experiment can end is there. */
const PROPOSALS: Readonly<Record<string, readonly object[]>> = {
  "1": [
    { label: "double", x: 1, edits: [{ path: "code.txt", search: "gain = 1", replace: "gain = 2" }] },
    {
      label: "shift",
      x: 2,
      edits: [
        { path: "lib/new.txt", content: "more\n" },
        { path: "code.txt", content: "gain = 1\nshift = 3\n" },
      ],
    },
    { label: "mended", x: 3, edits: [{ path: "code.txt", search: "nowhere", replace: "shift = 1" }] },
  ],
  "1 again": [{ label: "mended", x: 3, edits: [{ path: "code.txt", search: "shift = 0", replace: "shift = 1" }] }],
  "2": [
    { label: "crashes", x: -1 },
    { label: "prune", x: 4, edits: [{ path: "lib/new.txt", delete: true }] },
    { label: "fails-its-check", x: 5, edits: [{ path: "code.txt", content: "broken\n" }] },
  ],
  "3": [{ label: "late", x: 6 }],
};

export function layOut(dir: string): Place {
  const project = join(dir, "project");
  mkdirSync(join(project, "lib"), { recursive: true });
  writeFileSync(join(project, "code.txt"), "gain = 1\nshift = 0\n");
  writeFileSync(join(project, "README.txt"), "not tracked\n");
  writeFileSync(join(project, "data.csv"), "1,2,3\n");
  writeFileSync(join(project, "lib", "run.sh"), "echo\n");
  chmodSync(join(project, "lib", "run.sh"), 0o755);
  symlinkSync("run.sh", join(project, "lib", "link"));
  return { project, workspace: join(dir, "run"), starts: join(dir, "starts.log"), calls: join(dir, "calls.log") };
}

export function tallyOf({ starts, calls }: Place): Tally {
  return { starts: countLines(starts), calls: countLines(calls) };
}

/** The programs the scenario's commands name: `train` gives a score for its parameters and the code, `suite` checks the code. */
export function programsOf(place: Place): Readonly<Record<string, Program>> {
  const counted =
    (program: Program): Program =>
    (request) => {
      appendFileSync(place.starts, `${request.env.AURA_TRIAL_ID}\n`);
      return program(request);
    };
  return { train: counted(train), suite: counted(suite) };
}

function train({ args, cwd, env }: ProcessRequest): Printed {
  const x = Number(args[args.indexOf("--x") + 1] ?? 0);
  if (x < 0) return { exitCode: 1, stderr: "x is negative" };
  const [, gain = "0", shift = "0"] =
    /gain = (\d+)\nshift = (\d+)/.exec(readFileSync(join(cwd, "code.txt"), "utf8")) ?? [];
  const files = readdirSync(join(cwd, "lib")).length;
  const score =
    Number(gain) * (Number.isNaN(x) ? 0 : x) + Number(shift) + files / 10 + (Number(env.AURA_SEED) % 7) / 1000;
  return { stdout: [`{"step": 1, "score": ${score / 2}}`, JSON.stringify({ score, files })] };
}

function suite({ cwd }: ProcessRequest): Printed {
  const broken = readFileSync(join(cwd, "code.txt"), "utf8").includes("broken");
  return broken ? { exitCode: 1, stderr: "1 test failed" } : { stdout: ["1 test passed"] };
}

/**
 * Answers from the proposals above; of the first reply about the first iteration an edit does not apply, and the first
 * about the second is of no use. Counts what it answered.
 */
export function modelOf(place: Place): LlmCall {
  return async (prompt) => {
    appendFileSync(place.calls, `${createHash("sha256").update(prompt).digest("hex")}\n`);
    const [, role, iteration = ""] = /^(PROPOSE|REVIEW) (\d+)/.exec(prompt) ?? [];
    const usage = { inputTokens: 100, outputTokens: 10, costUsd: 0.5 };
    if (role === "REVIEW") return { content: `[{"finding": "seen ${prompt.length} characters"}]`, usage };
    if (iteration === "2" && !prompt.includes("could not be used")) return { content: "I have no idea.", usage };
    const again = prompt.includes("cannot be made") ? " again" : "";
    return { content: JSON.stringify(PROPOSALS[`${iteration}${again}`] ?? []), usage };
  };
}

const PROMPT = `{{iteration}} of {{goal}}
{{history}}
{{failures}}
{{insights}}
{{best}}
{{artifacts}}
{{artifact_diff}}
{{budget}}`;

/** The loop of the scenario, on these effects, with this model. */
export function loopOf(
  place: Place,
  workspace: Workspace,
  model: LlmCall,
  settings: Partial<RunSettings> = {},
): PipelineOptions {
  return {
    workspace,
    researcher: new Researcher({ runner: model, numTasks: 3, promptTemplate: `PROPOSE ${PROMPT}` }),
    experimenter: new ScriptExperimenter("train --x {x?}", { trials: 2 }),
    evaluator: new MetricEvaluator({ metric: "score" }),
    reviewer: new Reviewer({ runner: model, promptTemplate: `REVIEW ${PROMPT}\n{{results}}` }),
    settings: {
      name: "scenario",
      root: place.project,
      goal: "a high score",
      seed: 7,
      parallel: 2,
      retries: 1,
      stop: { ...DEFAULT_SETTINGS.stop, iterations: 2 },
      artifacts: ["code.txt", "lib"],
      files: ["README.txt"],
      inputs: [{ path: "data.csv", absolutePath: join(place.project, "data.csv"), show: "full" }],
      checks: [{ name: "suite", command: "suite", shell: false }],
      ...settings,
    },
  };
}

export function countLines(file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (!existsSync(file)) return counts;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line !== "") counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}
