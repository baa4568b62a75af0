import { describe, expect, test } from "vitest";
import { builtins as allBuiltins } from "../../../src/components/builtins.ts";
import { type AnyDefinition, defineComponent } from "../../../src/kernel/define.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import type { ObjectSchema } from "../../../src/schema/dialect.ts";
import { loadSpec, planRun, resolveSpec } from "../../../src/spec/index.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

const builtins = await allBuiltins();

/** An executor of somebody's own, with options of these schemas. */
const executor = (properties: ObjectSchema["properties"]) =>
  defineComponent({
    kind: "executor",
    type: "own",
    summary: "Runs things another way.",
    options: { type: "object", properties, additionalProperties: false },
    example: {},
    create: () => ({ cwd: "root", run: () => Promise.reject(new Error("never called")) }),
  });

/** The plan of a spec with this executor, or the problems that it has. */
async function planWith(definition: AnyDefinition, options: string) {
  using dir = temporaryDirectory();
  const path = dir.write(
    "spec.yaml",
    `version: 1
name: tiny
metric: { name: score }
researcher: { type: search, space: { x: { type: int, low: 0, high: 9 } } }
experimenter:
  type: composed
  executor: { type: own, ${options} }
`,
  );
  try {
    const run = await resolveSpec(await loadSpec(path, { registry: builtins.with(definition) }));
    const { commands } = await planRun(run, "/nowhere", systemEffects());
    return commands.map(({ path: at, argv }) => ({ path: at, argv }));
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return thrown.diagnostics.map(({ path: at, message }) => `${at}: ${message}`);
  }
}

const TEXT = { type: "string" } as const;

describe("an option whose schema says nothing of it", () => {
  test.each([
    ["module: torch, export: nn", { module: TEXT, export: TEXT }],
    ['command: "cat {out | wc -l"', { command: TEXT }],
    ["command: no-such-program-anywhere, shell: maybe", { command: TEXT, shell: TEXT }],
    ["file: gone.txt, prompt_file: gone.md", { file: TEXT, prompt_file: TEXT }],
    ["timeout: never, limits: [top]", { timeout: TEXT, limits: { type: "array", items: TEXT } }],
    ["space: { y: 1 }", { space: { type: "object", additionalProperties: { type: "number" } } }],
    ["capture: true, edits: in_place", { capture: { type: "boolean" }, edits: TEXT }],
  ] satisfies readonly (readonly [string, ObjectSchema["properties"]])[])(
    "means what its author says, whatever it is called: %s",
    async (options, properties) => {
      expect(await planWith(executor(properties), options)).toEqual([]);
    },
  );
});

describe("an option whose schema says", () => {
  const command = { run: { ...TEXT, "x-command": { shell: "in_shell", env: "variables" } } } as const;
  const rest = { in_shell: { type: "boolean" }, variables: { type: "object", additionalProperties: TEXT } } as const;
  const commands = executor({ ...command, ...rest });

  test("that it is a command is checked as one, shown, and compared with the search space", async () => {
    expect(await planWith(commands, 'run: "true {x}"')).toEqual([
      { path: "experimenter.executor.run", argv: ["true", "5"] },
    ]);
    expect(await planWith(commands, 'run: "true {y}"')).toEqual([
      expect.stringMatching(/^experimenter\.executor\.run: the search space has no parameter \{y\}/),
    ]);
    expect(await planWith(commands, 'run: "true", variables: { A: "{y}" }')).toEqual([
      expect.stringMatching(/^experimenter\.executor\.variables\.A: .*no parameter \{y\}/),
    ]);
  });

  test("that it is a path has to be there", async () => {
    const paths = executor({ data: { ...TEXT, "x-path": "file" }, out: { ...TEXT, "x-path": "folder" } });
    expect(await planWith(paths, "data: spec.yaml, out: .")).toEqual([]);
    expect(await planWith(paths, "data: ., out: spec.yaml")).toEqual([
      expect.stringMatching(/^experimenter\.executor\.data: .* is a folder; a file is wanted here/),
      expect.stringMatching(/^experimenter\.executor\.out: .* is no folder/),
    ]);
  });

  test("that it is of use with tracked artifacts only is refused without any", async () => {
    const tracking = executor({ mode: { enum: ["keep", "drop"], "x-artifacts": "keep" } });
    expect(await planWith(tracking, "mode: drop")).toEqual([]);
    expect(await planWith(tracking, "mode: keep")).toEqual([
      "experimenter.executor.mode: this needs tracked files, and none are under `artifacts`",
    ]);
  });
});
