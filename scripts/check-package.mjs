// Packs the package, checks it with publint, and uses the tarball as a user does, in empty folders: on this Node, or on
// each major version that AURA_NODES names (`AURA_NODES="20 22 24"`), which the registry's package `node` brings.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { execa, execaSync } from "execa";
import { tsImport } from "tsx/esm/api";

const { startModelServer } = await tsImport("../test/support/model-server.ts", import.meta.url);
const { blocks } = await tsImport("../test/support/documents.ts", import.meta.url);

const LOOP = `import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, Workspace } from "aura-research";
import "aura-research/testing";
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
`;

const MODULE = `import { FunctionExperimenter, MetricEvaluator, Pipeline, SearchResearcher, type Workspace } from "aura-research";
export default (workspace: Workspace): Pipeline =>
  new Pipeline({
    researcher: new SearchResearcher({ method: "random", numTasks: 2, space: { x: { type: "float", low: 0, high: 1 } } }),
    experimenter: new FunctionExperimenter(({ x }) => ({ score: Number(x) })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    workspace,
    maxIterations: 2,
  });
`;

const TRAIN = `import sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("accuracy:", 0.5 + int(given["--epochs"]) / 100)
`;

const root = mkdtempSync(join(tmpdir(), "aura-package-"));
try {
  execaSync("npx", ["publint", "--strict"]);
  execaSync("npm", ["pack", "--pack-destination", root, "--ignore-scripts"]);
  const tarball = join(root, readdirSync(root).find((name) => name.endsWith(".tgz")) ?? "");
  const majors = (process.env.AURA_NODES ?? "").split(/\s+/).filter((major) => major !== "");
  for (const node of majors.length === 0 ? [process.execPath] : majors.map(nodeOf)) await use(tarball, node);
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** The path of a Node of this major version. */
function nodeOf(major) {
  const folder = join(root, `node-${major}`);
  execaSync("npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, `node@${major}`]);
  return join(folder, "node_modules", "node", "bin", "node");
}

/** Goes through what the README promises of the package; throws, with all that was printed, when something fails. */
async function use(tarball, node) {
  const { stdout: version } = execaSync(node, ["--version"]);
  const folder = join(root, `user-${version}`);
  const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const run = (command, ...args) => execaSync(command, args, { cwd: folder, env }).stdout;
  const json = (...args) => JSON.parse(run("npx", "aura", "inspect", ...args, "--json"));
  mkdirSync(folder);

  expect(run("npx", "--yes", "-p", tarball, "aura", "--version") !== "", "npx -p runs the command");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", "install", "--save-dev", "--no-audit", "--no-fund", tarball);
  const lock = readFileSync(join(folder, "package-lock.json"), "utf8");
  expect(!lock.includes('"hasInstallScript"'), "nothing that is installed runs a script of its own");

  // The quick start, and the same killed with SIGKILL and gone on with.
  run("npx", "aura", "init", "search");
  run("npx", "aura", "run", "spec.yaml");
  expect(json("runs/search", "best").best !== null, "the quick start finds a best");
  const bin = join(folder, "node_modules", "aura-research", "bin", "aura.cjs");
  await killed(node, [bin, "run", "spec.yaml", "--workspace", "killed", "--json"], folder);
  expect(json("killed").status === "interrupted", "a killed run is seen to be interrupted");
  run("npx", "aura", "resume", "killed");
  const [undisturbed, resumed] = ["runs/search", "killed"].map((run) => JSON.stringify(json(run, "hypotheses")));
  expect(undisturbed === resumed, "a killed run comes to the end of one that was not");

  // Artifacts, up to the applied change.
  run("npx", "aura", "init", "code", "code");
  const project = join(folder, "code");
  const before = readFileSync(join(project, "solution.mjs"), "utf8");
  const inProject = (...args) => execaSync("npx", ["aura", ...args], { cwd: project, env }).stdout;
  inProject("run", "spec.yaml");
  inProject("apply", "runs/code");
  expect(readFileSync(join(project, "solution.mjs"), "utf8") !== before, "apply writes the better program");
  inProject("run", join(dirname(dirname(bin)), "specs", "digits.yaml"), "--set", "stop.iterations=1");

  writeFileSync(join(folder, "loop.mjs"), LOOP);
  run("node", "loop.mjs");
  writeFileSync(join(folder, "loop.ts"), MODULE);
  run("npx", "aura", "validate", "loop.ts");
  run("npx", "aura", "run", "loop.ts");
  run("npx", "aura", "resume", "runs/loop", "--max-iterations", "3");
  expect(json("runs/loop").iterationsCompleted === 3, "a module's run goes on");
  await asked(node, folder, env);
  console.log(`package: works from its tarball on Node ${version}`);
}

/** Runs what asks models: the quick start of the original, and a loop with each kind of runner. */
async function asked(node, folder, env) {
  let round = 0;
  const model = await startModelServer(({ prompt }) => {
    if (prompt.startsWith("You review")) return '[{"finding": "More epochs are better."}]';
    if (!prompt.startsWith("Propose 3 experiments")) return '[{"x": 0.5}]';
    round += 1;
    return JSON.stringify([1, 2, 3].map((n) => ({ id: `try-${n}`, lr: 0.1, epochs: round * 3 + n, batch_size: n })));
  });
  try {
    const inFolder = { cwd: folder, env: { ...env, ANTHROPIC_API_KEY: "none", ANTHROPIC_BASE_URL: model.url } };
    const original = blocks("docs/from-python.md", "ts").find(({ note }) => note === "runs: original");
    writeFileSync(join(folder, "original.ts"), original.text);
    writeFileSync(join(folder, "train.py"), TRAIN);
    const jiti = join(folder, "node_modules", "jiti", "lib", "jiti-cli.mjs");
    const { stdout } = await execa(node, [jiti, "original.ts"], inFolder);
    expect(stdout.endsWith("Best: 0.62 (task: i00003-h002)"), "the quick start of the original runs");
    expect(model.requests.length === 6, "it asks once for each round and each review");

    copyFileSync(new URL("package-runners.mjs", import.meta.url), join(folder, "runners.mjs"));
    const reply = { role: "researcher", iteration: 1, ask: 1, response: '[{"x": 0.5}]' };
    writeFileSync(join(folder, "replay.jsonl"), `${JSON.stringify(reply)}\n`);
    await execa(node, ["runners.mjs", model.url], inFolder);
  } finally {
    await model.close();
  }
}

/** Kills a run as soon as its second trial has finished. */
async function killed(node, args, cwd) {
  const child = spawn(node, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  let finished = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    finished += line.includes('"trial.finished"') ? 1 : 0;
    if (finished === 2) child.kill("SIGKILL");
  }
  const [, signal] = await gone;
  expect(signal === "SIGKILL", "the run is killed before it ends");
}

function expect(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}
