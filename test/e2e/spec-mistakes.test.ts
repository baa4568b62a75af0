import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/kernel/errors.ts";
import { desk, sharedDesk, spec } from "../support/aura.ts";

const FIVE = `version: 1
name: digits
metric: { name: accuracy, direction: up }
stop: { iterations: 3, patiense: 4 }
parallel: zero
researcher:
  type: serch
  space: { lr: { type: float, low: 0, high: 1 } }
experimenter:
  type: script
  command: echo "{lr}
`;

describe("a spec with five mistakes", () => {
  const here = sharedDesk({ "five.yaml": FIVE, "good.yaml": spec() });

  test("is told all five, each at its line and column with the line itself, with exit 2 and nothing written", async () => {
    const { code, stderr, stdout } = await here.run(["run", "five.yaml"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const places = [...stderr.matchAll(/five\.yaml:(\d+):(\d+)/g)].map(([, line]) => Number(line));
    expect(places).toEqual([3, 4, 5, 7, 11]);
    expect(stderr).toContain("direction: up");
    expect(stderr).toMatch(/did you mean.*patience/i);
    expect(stderr).toMatch(/did you mean.*search/i);
    expect(readdirSync(here.path).sort()).toEqual(["five.yaml", "good.yaml"]);
  });

  test("gets the same from validate, for people and as a document", async () => {
    const { code, stderr } = await here.run(["validate", "five.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("five.yaml:4:");
    const { valid, errors } = await here.document<{ valid: boolean; errors: readonly Diagnostic[] }>([
      "validate",
      "five.yaml",
      "--json",
    ]);
    expect(valid).toBe(false);
    expect(errors.map(({ line }) => line)).toEqual([3, 4, 5, 7, 11]);
    for (const error of errors) {
      expect(error).toMatchObject({ file: expect.stringContaining("five.yaml"), column: expect.any(Number) });
      expect(error.message).not.toBe("");
    }
  });

  test("is no longer wrong once they are mended", async () => {
    const { code, stdout } = await here.run(["validate", "good.yaml"]);
    expect(code).toBe(0);
    expect(stdout).toContain("good.yaml is valid");
    expect(await here.document(["validate", "good.yaml", "--json"])).toMatchObject({ valid: true, errors: [] });
  });

  test.each([
    ["not YAML at all", "version: 1\n  name: [", /:\d+:\d+/],
    ["an empty file", "", /empty|mapping|expected/],
    ["a list", "- a\n", /mapping/],
    ["a missing variable", spec({ more: 'goal: "${NOT_SET_ANYWHERE}"' }), /NOT_SET_ANYWHERE/],
    ["a placeholder that no parameter fills", spec({ experimenter: '{ type: script, command: "echo {y}" }' }), /\by\b/],
    [
      "a model's value in a program's text",
      spec({
        researcher: "{ type: prompt, runner: { type: anthropic, model: any } }",
        experimenter: `{ type: script, command: "sh -c 'echo {x}'" }`,
      }),
      /\$AURA_PARAM_x/,
    ],
    [
      "a missing prompt file",
      spec({ researcher: "{ type: prompt, runner: { type: replay, file: r.jsonl }, prompt_file: nope.md }" }),
      /nope\.md/,
    ],
    ["a missing input", spec({ more: "inputs: [nope.csv]" }), /nope\.csv/],
    ["a newer version", spec().replace("version: 1", "version: 2"), /version/],
  ])("or of another kind (%s) exits 2 without a workspace", async (_, text, said) => {
    here.write("odd.yaml", text);
    const { code, stderr } = await here.run(["run", "odd.yaml", "--workspace", "odd"]);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
    expect(readdirSync(here.path)).not.toContain("odd");
  });

  test("`aura components` and `aura schema` tell what may be written", async () => {
    const all = await here.document<readonly { kind: string; type: string }[]>(["components", "--json"]);
    expect(all).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "researcher", type: "search" })]));
    const { stdout } = await here.run(["components", "executor", "script"]);
    expect(stdout).toMatch(/timeout/);
    const near = await here.run(["components", "reseacher"]);
    expect(near).toMatchObject({ code: 2 });
    expect(near.stderr).toContain("researcher");
    expect((await here.run(["components", "bwrap"])).stderr).toContain("\naura components executor bwrap\n");
    expect(await here.document(["schema"])).toHaveProperty("properties.researcher");
    expect(await here.document(["schema", "trial"])).toHaveProperty("anyOf");
    expect((await here.run(["schema", "trail"])).stderr).toContain("trial");
  });

  test("commands that do not exist are told with 2, and help with 0", async () => {
    const unknown = await here.run(["runn", "good.yaml"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/run/);
    const help = await here.run(["--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/inspect/);
    const nothing = await here.run([]);
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/run/);
  });
});

test("that trials can read what only the evaluator is to see is told by validate and a dry run, and not of a sandbox", async () => {
  const hides = 'evaluator: { type: command, command: "true", inputs: [answers.txt] }';
  const open = spec({ more: hides });
  using here = desk({ "answers.txt": "7", "open.yaml": open });
  const warned = /can read what only the evaluator is to see: use executor bwrap/;
  const { warnings } = await here.document<{ warnings: readonly Diagnostic[] }>(["validate", "open.yaml", "--json"]);
  expect(warnings).toMatchObject([{ message: expect.stringMatching(warned) }]);
  const planned = await here.run(["run", "open.yaml", "--dry-run"]);
  expect([planned.code, planned.stderr]).toEqual([0, expect.stringMatching(warned)]);
  here.write(
    "closed.yaml",
    spec({ more: hides, experimenter: '{ type: composed, executor: { type: bwrap, command: "echo {x}" } }' }),
  );
  expect(await here.run(["validate", "closed.yaml"])).toMatchObject({ code: 0, stderr: "" });
});

test("a command that names a file of the current folder which the project lacks is told of, with the root that has it", async () => {
  using here = desk({
    "conf/s.yaml": spec({ experimenter: "{ type: script, command: 'node train.mjs {x}' }" }),
    "train.mjs": "",
  });
  const told = await here.run(["validate", "conf/s.yaml"]);
  expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining("is valid") });
  expect(told.stderr).toMatch(
    /s\.yaml:\d+:\d+: train\.mjs is in the current folder, but not in \S+\/conf, .*`root: \.\.`/,
  );
  expect((await here.run(["validate", "conf/s.yaml", "--set", "root=.."])).stderr).toBe("");
});
