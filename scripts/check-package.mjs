// Packs the package, checks it with publint, installs the tarball in an empty folder and uses it there.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";

const folder = mkdtempSync(join(tmpdir(), "aura-package-"));

/** Output of a command; throws, with all it printed, when it fails. */
function run(command, args, options = {}) {
  return execaSync(command, args, options).stdout;
}

try {
  run("npx", ["publint", "--strict"]);
  run("npm", ["pack", "--pack-destination", folder, "--ignore-scripts"]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", join(folder, tarball)], { cwd: folder });

  const installed = join(folder, "node_modules", "aura-research");
  const spec = join(installed, "specs", "digits.yaml");
  run("npx", ["aura", "run", spec, "--set", "stop.iterations=1", "--workspace", "run"], { cwd: folder });
  const { best } = JSON.parse(run("npx", ["aura", "inspect", "run", "--json"], { cwd: folder }));
  if (best === null) throw new Error("the installed package ran its example and scored nothing");

  writeFileSync(
    join(folder, "loop.mjs"),
    `import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, Workspace } from "aura-research";
const workspace = await Workspace.create("library-run");
await new Pipeline({
  researcher: new SearchResearcher({ method: "random", numTasks: 2, space: { x: { type: "float", low: 0, high: 1 } } }),
  experimenter: new FunctionExperimenter(({ x }) => ({ score: x })),
  evaluator: new MetricEvaluator({ metric: "score" }),
  workspace,
  maxIterations: 2,
}).run();
const { bestScore } = await workspace.summary();
if (!(bestScore > 0)) throw new Error("no best score");
`,
  );
  run("node", ["loop.mjs"], { cwd: folder });
  console.log(`package: ${tarball} installs, its command runs an example, its library runs a loop`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
