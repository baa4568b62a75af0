import { mkdirSync, symlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { startAnthropicServer } from "../support/anthropic-server.ts";
import { aura, start } from "../support/aura.ts";
import { type Block, blocks, REPOSITORY } from "../support/documents.ts";

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
  await using model = await startAnthropicServer(({ prompt }) => {
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

it("the executor of the guide runs trials and checks, is seen in a dry run, and misses a program with 5", async () => {
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
});
