import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { defineComponent } from "../../src/kernel/define.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { runData } from "../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { desk } from "../support/aura.ts";
import { dataSpec } from "../support/data-spec.ts";
import { FULL } from "../support/thorough.ts";
import { bwrap, pythonVenv } from "../support/tools.ts";

/** A run of two trials of this command in this environment. */
function spec(environment: JsonObject, command: string | readonly string[], more: JsonObject = {}): JsonObject {
  return dataSpec({ experimenter: { type: "composed", environment, executor: { type: "script", command, ...more } } });
}

const labelled = defineComponent({
  kind: "environment",
  type: "labelled",
  summary: "Sets a variable.",
  options: {
    type: "object",
    properties: { label: { type: "string", description: "Its value." } },
    required: ["label"],
    additionalProperties: false,
  },
  example: { label: "a" },
  create: ({ label }) => ({
    prepare: async () => ({
      wrap: (command) => ({ ...command, env: { ...command.env, LABEL: label } }),
      description: { type: "labelled", label },
    }),
  }),
});

describe("an environment", () => {
  it("is recorded once, and every attempt says which it ran in", async () => {
    using dir = temporaryDirectory();
    const data = spec({ type: "labelled", label: "7" }, 'echo "score: $LABEL"', { shell: true });
    const { result, workspace } = await runData(dir, data, { definitions: [labelled] });
    expect(result.best?.score).toBe(7);
    const named = ["i00001-h000-t00", "i00001-h001-t00"].map((id) => workspace.readTrial(id)?.attempts[0]?.environment);
    expect(named[0]).toMatch(/^labelled-[0-9a-f]{12}$/);
    expect(named[1]).toBe(named[0]);
    expect(dir.read(`run/environments/${named[0]}.json`)).toBe('{\n  "type": "labelled",\n  "label": "7"\n}\n');
  });
});

const SCORE = "import os, sys; print('score:', 7 if sys.prefix == os.environ['VIRTUAL_ENV'] else 0)";
const WRITES = "import sys; open(sys.prefix + '/planted', 'w')";

describe.runIf(bwrap.works && pythonVenv.works)("a venv", () => {
  it.each(["script", "bwrap"])(
    "gives trials and checks their Python with the executor %s, wherever it is",
    async (type) => {
      using dir = temporaryDirectory();
      using elsewhere = temporaryDirectory();
      const venv = elsewhere.join("venv");
      execFileSync("python3", ["-m", "venv", "--without-pip", venv]);
      const data = spec({ type: "venv", path: venv }, ["python", "-c", SCORE], { type });
      const checks = [
        { name: "python", command: ["python", "-c", "import sys; assert sys.prefix != sys.base_prefix"] },
      ];
      const { result, workspace } = await runData(dir, { ...data, checks });
      expect(result.best?.score).toBe(7);
      const trial = workspace.readTrial("i00001-h000-t00");
      expect(dir.read(`run/environments/${trial?.attempts[0]?.environment}.json`)).toContain(`"path": "${venv}"`);
      if (type === "script") return;
      const planting = spec({ type: "venv", path: venv }, ["python", "-c", WRITES], { type });
      const planted = await runData(elsewhere, { ...planting, name: "planting" });
      expect(JSON.stringify(planted.workspace.readTrial("i00001-h000-t00")?.outcome)).toContain(
        "Read-only file system",
      );
    },
  );
});

it.runIf(pythonVenv.works)(
  "a venv that is made is told of before the run begins, and not when it is there already",
  async () => {
    using at = desk({
      "aura.yaml": JSON.stringify(spec({ type: "venv", python: "python3" }, ["python", "-c", SCORE])),
    });
    const env = { AURA_CACHE_DIR: at.join("cache") };
    const plain = await at.run(["run", "aura.yaml", "--workspace", "a"], env);
    expect(plain.stdout).toMatch(
      /info preparation\.started what="environment venv"\n.*info preparation\.finished what="environment venv" seconds=[\d.]+\n.*run\.started/,
    );
    const again = await at.run(["run", "aura.yaml", "--workspace", "b", "--json"], env);
    expect([again.code, again.stdout.includes("preparation")]).toEqual([0, false]);
  },
);

describe.runIf(pythonVenv.works && FULL)("a venv to be thrown away", () => {
  it("is another one for each trial, which may change it, and is gone when that has ended", async () => {
    using dir = temporaryDirectory();
    const plant =
      "import os, sys; planted = sys.prefix + '/planted'; print('score:', 0 if os.path.exists(planted) else 7); open(planted, 'w')";
    const { result, workspace } = await runData(dir, spec({ type: "venv", throw_away: true }, ["python", "-c", plant]));
    expect(result.best?.score).toBe(7);
    const trials = ["i00001-h000-t00", "i00001-h001-t00"].map((id) => workspace.readTrial(id));
    expect(trials.map((trial) => trial?.outcome)).toEqual([
      { status: "completed", output: { score: 7 } },
      { status: "completed", output: { score: 7 } },
    ]);
    expect(new Set(trials.map((trial) => trial?.attempts[0]?.environment)).size).toBe(1);
    expect(dir.read("run/iterations/00001/trials/i00001-h000-t00.a1/venv/planted")).toBe(null);
  }, 120_000);
});
