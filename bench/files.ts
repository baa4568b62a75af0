// How much of the house one hypothesis walks through, from the spec to its evaluation record: `npx tsx bench/files.ts [--list]`.
// Random search, a script and a metric are run from the sources under V8's coverage, which names every file that was
// loaded and every function that was called.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, ROOT } from "./measure.ts";

const LIMIT = 200;

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly functionName: string; readonly ranges: readonly { count: number }[] }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), "aura-bench-"));
const spec = join(folder, "spec.yaml");
writeFileSync(
  spec,
  `version: 1
name: bench
metric: { name: x }
stop: { hypotheses: 1 }
researcher: { type: search, method: random, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }
experimenter: { type: script, command: ["echo", "x: {x}"] }
evaluator: { type: metric }
`,
);
const start = `import { main } from ${JSON.stringify(join(ROOT, "src/cli/main.ts"))}; await main(process.argv.slice(1));`;
const words = ["run", spec, "--workspace", join(folder, "run"), "--reporter", "silent"];
const done = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", start, "--", ...words], {
  cwd: ROOT,
  env: { ...cleanEnvironment(), NODE_V8_COVERAGE: join(folder, "coverage") },
  stdio: ["ignore", "inherit", "inherit"],
});
if (done.status !== 0) throw new Error(`the run ended with ${done.status}`);

const loaded = new Set<string>();
const entered = new Set<string>();
let calls = 0;
for (const file of readdirSync(join(folder, "coverage"))) {
  const { result }: Coverage = JSON.parse(readFileSync(join(folder, "coverage", file), "utf8"));
  for (const { url, functions } of result) {
    if (!url.startsWith("file:")) continue;
    const path = relative(join(ROOT, "src"), fileURLToPath(url.replace(/\?.*$/, "")));
    if (path.startsWith("..")) continue;
    loaded.add(path);
    const called = functions.filter(({ functionName, ranges }) => functionName !== "" && (ranges[0]?.count ?? 0) > 0);
    calls += called.length;
    if (called.length > 0) entered.add(path);
  }
}
rmSync(folder, { recursive: true });
if (process.argv.includes("--list")) for (const path of [...loaded].sort()) console.log(path);
const within = loaded.size <= LIMIT;
console.log(`${within ? "ok  " : "MISS"}  files of src loaded for one hypothesis: ${loaded.size} (<= ${LIMIT})`);
console.log(`      functions called: ${calls} in ${entered.size} files`);
process.exitCode = within ? 0 : 1;
