import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { aura, start } from "../support/aura.ts";
import { type Block, blocks, REPOSITORY } from "../support/documents.ts";
import { startModelServer } from "../support/model-server.ts";
import { thorough } from "../support/thorough.ts";
import { cc } from "../support/tools.ts";

function theBlock(found: readonly Block[], which: (block: Block) => boolean): string {
  const [block, ...more] = found.filter(which);
  if (!block || more.length > 0) throw new Error(`expected one block, found ${block ? more.length + 1 : 0}`);
  return block.text;
}

it("the library quick start of the README runs as it stands, with a model that answers", async () => {
  using dir = temporaryDirectory();
  mkdirSync(dir.join("node_modules"));
  symlinkSync(REPOSITORY, dir.join("node_modules", "aura-research"));
  const program = theBlock(blocks("README.md", "ts"), ({ note }) => note === "runs: quick-start");
  dir.write("loop.mjs", program);
  dir.write("train.mjs", "console.log(JSON.stringify({ accuracy: 0.5 + Number(process.argv[5]) / 100 }));");
  let round = 0;
  await using model = await startModelServer(({ prompt }) => {
    if (!prompt.includes("Propose")) return `[{"finding": "More epochs are better.", "evidence": []}]`;
    round++;
    return JSON.stringify([1, 2, 3].map((n) => ({ id: `try-${n}`, lr: 0.01 * n, epochs: round * 3 + n })));
  });
  const env = { ANTHROPIC_API_KEY: "a-key-for-this-test", ANTHROPIC_BASE_URL: model.url };
  const { code, stdout, stderr } = await start(process.execPath, ["loop.mjs"], { cwd: dir.path, env }).ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "i00003-h002: 0.62\n", stderr: "" });
  expect(model.requests).toHaveLength(6);
  expect(model.requests[2]?.prompt).toContain("More epochs are better.");
});

it("the library quick start of the README says why nothing was scored, and exits with what the command line would", async () => {
  using dir = temporaryDirectory();
  mkdirSync(dir.join("node_modules"));
  symlinkSync(REPOSITORY, dir.join("node_modules", "aura-research"));
  dir.write(
    "loop.mjs",
    theBlock(blocks("README.md", "ts"), ({ note }) => note === "runs: quick-start"),
  );
  dir.write("train.mjs", 'throw new Error("no data");');
  const reply = JSON.stringify([1, 2, 3].map((n) => ({ id: `try-${n}`, lr: 0.01 * n, epochs: n })));
  await using model = await startModelServer(() => reply);
  const env = { ANTHROPIC_API_KEY: "a-key-for-this-test", ANTHROPIC_BASE_URL: model.url };
  const { code, stdout } = await start(process.execPath, ["loop.mjs"], { cwd: dir.path, env }).ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/^no best: failed-alike, i00001-h00\d: exited with code 1\n[\s\S]*Error: no data/);
});

const HEADER = "unsigned popcount(const unsigned char *p, unsigned n);\n";
const SLOW = `#include "popcount.h"
unsigned popcount(const unsigned char *p, unsigned n) {
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) count += p[i] >> bit & 1;
    return count;
}
`;
const EDIT = {
  path: "src/popcount.c",
  search: "for (int bit = 0; bit < 8; bit++) count += p[i] >> bit & 1;",
  replace: "count += __builtin_popcount(p[i]);",
};
/** Measures what it costs in a way that is the same on every machine: how often it counts, by the text. */
const BENCH = `#include <stdio.h>
#include "src/popcount.h"
int main(void) {
    unsigned char p[] = {1, 3, 255};
    if (popcount(p, 3) != 11) return 1;
    printf("ms: %d\\n", MS);
    return 0;
}
`;
const MAKEFILE = `bench: bench.c src/popcount.c
	cc -DMS=$$(grep -c 'bit++' src/popcount.c)1 -o bench bench.c src/popcount.c
check: bench
	./bench
`;

cc.test("the C function of the README is edited, tested, measured and applied by git", async () => {
  using dir = temporaryDirectory();
  dir.write(
    "popcount.yaml",
    theBlock(blocks("README.md", "yaml"), ({ note }) => note === "file: popcount.yaml"),
  );
  const files = { "src/popcount.h": HEADER, "src/popcount.c": SLOW, "bench.c": BENCH, Makefile: MAKEFILE };
  for (const [path, text] of Object.entries({ ...files, ".gitignore": "bench\n" })) dir.write(path, text);
  const git = (...args: readonly string[]): void => void execFileSync("git", args, { cwd: dir.path, stdio: "ignore" });
  git("init");
  git("add", ...Object.keys(files), ".gitignore");
  dir.write("bench", "built before, and not what a trial runs");
  await using model = await startModelServer(() => JSON.stringify([{ id: "builtin", edits: [EDIT] }]));
  const env = { ANTHROPIC_API_KEY: "a-key-for-this-test", ANTHROPIC_BASE_URL: model.url };
  const commands = theBlock(blocks("README.md", "sh"), ({ note }) => note === "runs: popcount");
  const lines = commands
    .trim()
    .split("\n")
    .map((line) => line.replace(/ *#.*/, "").split(" ").slice(2));
  const said: string[] = [];
  for (const words of lines) {
    // Nothing better is to be found after the first iteration.
    const once = words[0] === "run" ? ["--max-iterations", "1"] : [];
    const { code, stdout, stderr } = await aura([...words, ...once], { cwd: dir.path, env });
    expect({ code, stderr }, words.join(" ")).toEqual({ code: 0, stderr: "" });
    said.push(stdout);
  }
  expect(said[2]).toMatch(/ms 1 .*builtin[\s\S]*\+ +count \+= __builtin_popcount/);
  expect(dir.read("src/popcount.c")).toBe(SLOW);
  git("apply", "faster.patch");
  expect(dir.read("src/popcount.c")).toContain(EDIT.replace);
});

it("the component of the guide works next to the spec of the guide", async () => {
  using dir = temporaryDirectory();
  const guide = blocks("docs/writing-a-component.md");
  dir.write(
    "spec.yaml",
    theBlock(guide, ({ text }) => text.startsWith("version: 1\n")),
  );
  dir.write(
    "my-evaluator.ts",
    theBlock(guide, ({ note }) => note === "file: my-evaluator.ts"),
  );
  dir.write("train.mjs", "console.log(JSON.stringify({ accuracy: 0.9 }));");
  const run = await aura(["run", "spec.yaml", "--workspace", "run"], { cwd: dir.path });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const { stdout } = await aura(["inspect", "run", "hypotheses", "--json"], { cwd: dir.path });
  const listed: unknown = JSON.parse(stdout);
  expect(JSON.stringify(listed)).toMatch(/at width|"score":0\.[0-9]+/);

  dir.write("wrong.yaml", `${dir.read("spec.yaml")}`.replace("penalty: 0.001", "penalty: -1"));
  const wrong = await aura(["validate", "wrong.yaml"], { cwd: dir.path });
  expect(wrong.code).toBe(2);
  expect(wrong.stdout + wrong.stderr).toMatch(/wrong\.yaml:\d+:\d+.*\n[\s\S]*penalty/);
});

thorough(
  "the executor of the guide runs trials and checks, is seen in a dry run, and misses a program with 5",
  async () => {
    using dir = temporaryDirectory();
    const guide = blocks("docs/writing-a-component.md");
    dir.write(
      "nice.ts",
      theBlock(guide, ({ note }) => note === "file: nice.ts"),
    );
    const experimenter = theBlock(guide, ({ text }) => text.startsWith("experimenter:\n"));
    dir.write("train.mjs", "import { getPriority } from 'node:os'; console.log(`score: ${getPriority()}`);");
    const spec = (command: string) => `version: 1
name: niced
metric: { name: score }
stop: { iterations: 1 }
researcher: { type: search, method: random, num_tasks: 1, space: { x: { type: float, low: 0, high: 1 } } }
${experimenter.replace("node train.mjs {x}", command).trimEnd()}
checks: [{ name: ready, command: node train.mjs check }]
`;
    dir.write("spec.yaml", spec("node train.mjs {x}"));
    dir.write("missing.yaml", spec("no-such-program-here {x}"));
    const planned = await aura(["run", "spec.yaml", "--dry-run"], { cwd: dir.path });
    expect(planned.stdout).toMatch(/executor\.command: nice -n 7 node train\.mjs/);
    expect(planned.stdout).toMatch(/checks\S*: nice -n 7 node train\.mjs check/);
    const run = await aura(["run", "spec.yaml", "--workspace", "run"], { cwd: dir.path });
    expect(run).toMatchObject({ code: 0 });
    const { stdout } = await aura(["inspect", "run", "best", "--json"], { cwd: dir.path });
    expect(JSON.stringify(JSON.parse(stdout))).toMatch(/"score":(?:[7-9]|1\d)\b/);
    const missing = await aura(["run", "missing.yaml", "--workspace", "other"], { cwd: dir.path });
    expect(missing).toMatchObject({ code: 5, stderr: expect.stringContaining("no-such-program-here") });
  },
);
