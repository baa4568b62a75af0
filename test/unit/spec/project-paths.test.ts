import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpec } from "../../../src/spec/index.ts";
import type { TemporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { testFolder } from "../../support/test-folder.ts";

const dir = testFolder();

async function errorsOf(dir: TemporaryDirectory, lines: string): Promise<readonly string[]> {
  const text = `version: 1
name: tiny
metric: { name: score }
researcher: { type: search, method: random, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: script, command: "echo {x}" }
${lines}
`;
  return errorsIn(dir.write("spec.yaml", text));
}

async function errorsIn(path: string): Promise<readonly string[]> {
  try {
    await loadSpec(path);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return thrown.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

describe("inputs", () => {
  test.each(["/", "//", "/./"])("are not all of the disk: %s", async (path) => {
    expect(await errorsOf(dir, `inputs: ["${path}"]`)).toEqual([
      expect.stringContaining("all of this machine's files"),
    ]);
  });
});

test("what sandboxes and containers are to show has to be there", async () => {
  const text = `version: 1
name: tiny
metric: { name: score }
researcher: { type: search, method: random, space: { x: { type: int, low: 1, high: 2 } } }
experimenter:
  type: composed
  environment: { type: docker, image: busybox, mounts: [cuda, { path: /usr }] }
  executor: { type: slurm, command: "echo {x}", inside: { type: bwrap, mounts: [/usr, { path: data, write: true }] } }
`;
  expect(await errorsIn(dir.write("spec.yaml", text))).toEqual([
    `7:57 there is no file or folder ${dir.join("cuda")}`,
    `8:95 there is no file or folder ${dir.join("data")}`,
  ]);
});

test("a path that begins with ~ is told with what stands for the home of the user", async () => {
  dir.write("b~/a.txt", "");
  expect(await errorsOf(dir, "inputs: [~/a.txt, b~/a.txt]")).toEqual([
    `6:10 there is no file or folder ${dir.join("~/a.txt")}; your home is "\${HOME}" here`,
  ]);
});

test("all of the disk is nothing that sandboxes and containers can show", async () => {
  const text = `version: 1
name: tiny
metric: { name: score }
researcher: { type: search, method: random, space: { x: { type: int, low: 1, high: 2 } } }
experimenter:
  type: composed
  environment: { type: docker, image: busybox, mounts: [/, /usr, { path: /. }] }
  executor: { type: script, command: "echo {x}" }
`;
  expect(await errorsIn(dir.write("spec.yaml", text))).toEqual([
    "7:57 expected a path other than /",
    "7:74 expected a path other than /",
  ]);
});

describe("tracked artifacts", () => {
  test.each([
    ["artifacts: [.git]", "git's own folder cannot be tracked"],
    ["artifacts: [./.git/config]", "git's own folder cannot be tracked"],
    ["artifacts: [nested/.git]", "git's own folder cannot be tracked"],
    ["artifacts: [node_modules]", "a folder of packages cannot be tracked"],
    ["artifacts: [../other]", "has to be inside `root`"],
    ["artifacts: [.env]", "no trial gets `.env` and its like"],
  ])("that cannot be are refused at their place: %s", async (lines, reason) => {
    for (const folder of [".git", "nested/.git", "node_modules"]) mkdirSync(dir.join(folder), { recursive: true });
    dir.write(".git/config", "");
    expect(await errorsOf(dir, lines)).toEqual([expect.stringMatching(/^6:13 /)]);
    expect((await errorsOf(dir, lines))[0]).toContain(reason);
  });

  test("are not behind a link and are no link, but one in a tracked folder is part of it", async () => {
    dir.write("src/a.txt", "");
    symlinkSync("/etc", dir.join("letc"));
    symlinkSync("src", dir.join("inner"));
    expect(await errorsOf(dir, "artifacts: [letc, inner/a.txt, src]")).toEqual([
      "6:13 the tracked artifact letc is a link that leads out of the project; track a copy of what it leads to",
      "6:19 the tracked artifact inner/a.txt lies behind inner, which is a symbolic link; track what the link leads to",
    ]);
    symlinkSync("a.txt", dir.join("src/link"));
    expect(await errorsOf(dir, "artifacts: [inner]")).toEqual([
      "6:13 the tracked artifact inner is a symbolic link, and nothing but the link would be tracked; name what it leads to: src",
    ]);
    expect(await errorsOf(dir, "artifacts: [src, src/link]")).toEqual([]);
  });

  test.each([
    ["inputs: [src/a.txt]", "src/a.txt", "src/a.txt", "is"],
    ["inputs: [./src/]", "src", "src/a.txt", "contains"],
  ])("are no inputs too: %s", async (inputs, input, artifact, relation) => {
    dir.write("src/a.txt", "");
    const [first, ...others] = await errorsOf(dir, `${inputs}\nartifacts: [${artifact}]`);
    expect(first).toMatch(/^6:\d+ /);
    expect(first).toContain(`the input ${input} ${relation} the tracked artifact ${artifact}: trials would get`);
    expect(others).toEqual([]);
  });

  test("may be folders with an input in them, which stays read-only data", async () => {
    dir.write("src/a.txt", "");
    expect(await errorsOf(dir, "inputs: [src/a.txt]\nartifacts: [src]")).toEqual([]);
    expect(await errorsOf(dir, "inputs: [{ path: src, show: full }]\nartifacts: [.]")).toEqual([]);
  });

  test("that end in a slash are folders", async () => {
    dir.write("src/a.txt", "");
    expect(await errorsOf(dir, "artifacts: [src/, src/a.txt/]")).toEqual([
      "6:19 the tracked artifact src/a.txt is a file: write it without the / at its end",
    ]);
  });

  test("that are read before any edit are told, as edits do not get there", async () => {
    dir.write("prompts/answer.md", "Answer {{case.q}}.");
    dir.write("cases.jsonl", '{ "q": 1 }\n');
    dir.write("train.mjs", "export default () => ({ score: 1 });");
    const asking = "{ type: llm, runner: main, prompt_file: prompts/answer.md, cases: cases.jsonl }";
    const spec = (artifacts: string, experimenter: string) => `version: 1
name: tiny
metric: score
artifacts: [${artifacts}]
runners: { main: { type: command, argv: [cat] } }
researcher: { type: prompt, runner: main }
experimenter: ${experimenter}
`;
    const told = async (artifacts: string, experimenter = asking) =>
      (await loadSpec(dir.write("spec.yaml", spec(artifacts, experimenter)))).warnings.map(({ path }) => path);
    expect(await told("prompts")).toEqual(["experimenter.prompt_file"]);
    expect(await told("spec.yaml")).toEqual([]);
    expect(await told("train.mjs", "{ type: function, module: ./train.mjs }")).toEqual([]);
  });

  test("that are in the folder above the spec's are told with the root that makes it the project", async () => {
    dir.write("src/a.txt", "");
    const research = { ...dir, write: (name: string, text: string) => dir.write(`research/${name}`, text) };
    expect(await errorsOf(research, "artifacts: [src/a.txt, src/b.txt]")).toEqual([
      expect.stringMatching(
        /^6:13 there is no .*research\/src\/a\.txt, but in the folder above, which `root: \.\.` makes/,
      ),
      expect.stringMatching(/^6:24 there is no [^,]*$/),
    ]);
    expect(await errorsOf(research, "root: ..\nartifacts: [src/a.txt]")).toEqual([]);
  });

  test("stand beside inputs that are elsewhere", async () => {
    dir.write("src/a.txt", "");
    dir.write("src-data/b.txt", "");
    expect(await errorsOf(dir, `inputs: [src-data, ${dir.join("src/a.txt")}]\nartifacts: [src]`)).toEqual([]);
  });
});

test("cases that cannot be read are a mistake of the spec", async () => {
  dir.write("cases.jsonl", "no case\n");
  const text = `version: 1
name: tiny
metric: score
runners: { main: { type: command, argv: [cat] } }
researcher: { type: search, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: llm, runner: main, prompt: "{{x}}", cases: cases.jsonl }
`;
  expect(await errorsIn(dir.write("spec.yaml", text))).toEqual([expect.stringMatching(/^6:1 .*cases\.jsonl/)]);
});

test("a prompt with a field that no case has is a mistake of the spec", async () => {
  dir.write("cases.jsonl", '{ "ticket": "a" }\n{ "ticket": "b", "note": "n" }\n');
  const text = (field: string) => `version: 1
name: tiny
metric: score
runners: { main: { type: command, argv: [cat] } }
researcher: { type: search, space: { x: { type: int, low: 1, high: 2 } } }
experimenter: { type: llm, runner: main, prompt: "{{x}} {{case.${field}}}", cases: cases.jsonl }
`;
  expect(await errorsIn(dir.write("spec.yaml", text("tiket")))).toEqual([
    expect.stringMatching(/^6:1 .*case has no field "tiket"; did you mean "ticket"\?/),
  ]);
  expect(await errorsIn(dir.write("spec.yaml", text("note")))).toEqual([]);
});
