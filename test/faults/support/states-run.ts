import { cpSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { MetricEvaluator } from "../../../src/components/evaluators/index.ts";
import { FunctionExperimenter } from "../../../src/components/experimenters/index.ts";
import { asResearcher } from "../../../src/components/researchers/function.ts";
import type { Edit } from "../../../src/model/hypothesis.ts";
import { Pipeline } from "../../../src/pipeline/pipeline.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { type AuraEnd, aura } from "../../support/aura.ts";
import { IN_MEMORY } from "./in-memory.ts";

/** Edits that take every kind of step to apply: files, folders, links and modes that come, change and go. */
const EDITS: readonly Edit[] = [
  { path: "src/code.txt", content: "after\n" },
  { path: "src/old/gone.txt", delete: true },
  { path: "src/link", delete: true },
  { path: "src/folder/inside.txt", delete: true },
  { path: "src/folder", content: "a file by now\n" },
  { path: "src/new/deep/file.txt", content: "new\n" },
  { path: "src/run.sh", delete: true },
  {
    diff: "diff --git a/src/run.sh b/src/run.sh\nnew file mode 100755\n--- /dev/null\n+++ b/src/run.sh\n@@ -0,0 +1,1 @@\n+echo\n",
  },
];

/** A finished run of the start and one better hypothesis, with the project that its files were read from. */
export interface StatesRun extends TemporaryDirectory {
  readonly workspace: string;
  readonly project: string;
  /** Goes on with the run in this process, as whoever writes next would; answers its exit code. */
  goOn(): Promise<number>;
  /** Runs `aura apply`. */
  apply(env?: Readonly<Record<string, string>>): Promise<AuraEnd>;
}

export async function statesRun(): Promise<StatesRun> {
  const dir = temporaryDirectory(IN_MEMORY);
  const files = ["src/code.txt", "src/old/gone.txt", "src/folder/inside.txt", "src/same.txt", "README.txt"];
  for (const path of files) dir.write(`project/${path}`, "before\n");
  dir.write("project/src/run.sh", "echo\n", 0o644);
  symlinkSync("code.txt", dir.join("project/src/link"));
  const run = placed(dir);
  const code = await run.goOn();
  if (code !== 0) throw new Error(`the run ended with ${code}`);
  return run;
}

/** A copy of it, with a project of its own. */
export function copyOf(run: StatesRun): StatesRun {
  const dir = temporaryDirectory(IN_MEMORY);
  cpSync(run.path, dir.path, { recursive: true, verbatimSymlinks: true });
  const manifest = dir.read("run/run.json") ?? "";
  dir.write("run/run.json", manifest.replaceAll(run.project, dir.join("project")));
  return placed(dir);
}

function placed(dir: TemporaryDirectory): StatesRun {
  const [workspace, project] = [dir.join("run"), dir.join("project")];
  return {
    ...dir,
    workspace,
    project,
    goOn: async () => {
      const pipeline = new Pipeline({
        workspace: await Workspace.create(workspace, { ifExists: "resume" }),
        root: project,
        artifacts: ["src"],
        researcher: asResearcher(() => [{ spec: { score: 2 }, edits: EDITS }], { numTasks: 1 }),
        experimenter: new FunctionExperimenter(({ score = 1 }) => ({ score })),
        evaluator: new MetricEvaluator({ metric: "score" }),
        maxIterations: 1,
      });
      return (await pipeline.run()).exitCode;
    },
    apply: (env = {}) => aura(["apply", "run"], { cwd: dir.path, env }),
  };
}

/** Whether nothing is left of what an apply had staged. */
export function isCleared({ project }: Pick<StatesRun, "project">): boolean {
  const names = [project, join(project, "src")].flatMap((folder) => readdirSync(folder));
  return !names.some((name) => name.startsWith(".aura-apply"));
}
