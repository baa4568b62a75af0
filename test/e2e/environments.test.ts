import { describe, expect, it } from "vitest";
import { defineComponent } from "../../src/kernel/define.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { runData } from "../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";

/** A run of two trials of this command in this environment. */
function spec(environment: JsonObject, command: string, more: JsonObject = {}): JsonObject {
  return {
    version: 1,
    name: "environments",
    metric: { name: "score" },
    stop: { iterations: 1 },
    researcher: { type: "search", method: "grid", num_tasks: 2, space: { n: { type: "int", low: 1, high: 2 } } },
    experimenter: { type: "composed", environment, executor: { type: "script", command, ...more } },
  };
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
