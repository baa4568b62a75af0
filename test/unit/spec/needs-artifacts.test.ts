import { describe, expect, test } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { loadSpec } from "../../../src/spec/index.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

interface Parts {
  readonly runner?: string;
  readonly researcher?: string;
  readonly experimenter?: string;
  readonly more?: string;
}

async function errorsOf({
  runner = "agent",
  researcher = "",
  experimenter = "",
  more = "",
}: Parts): Promise<readonly string[]> {
  using dir = temporaryDirectory();
  dir.write("train.py", "");
  const path = dir.write(
    "spec.yaml",
    `version: 1
name: tiny
metric: { name: score }
runners:
  agent: { type: command, argv: [agent] }
  model: { type: anthropic, model: some, record: calls.jsonl }
researcher: { type: prompt, runner: ${runner}${researcher} }
experimenter: { type: script, command: train${experimenter} }
${more}`,
  );
  try {
    await loadSpec(path);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return thrown.diagnostics.map(({ path: at, message }) => `${at}: ${message}`);
  }
}

const TRACKED = "artifacts: [train.py]";

describe("options about tracked artifacts", () => {
  test("are fine where some are tracked", async () => {
    expect(await errorsOf({ researcher: ", edits: in_place", experimenter: ", capture: true", more: TRACKED })).toEqual(
      [],
    );
  });

  test("are errors where none are", async () => {
    const errors = await errorsOf({ researcher: ", edits: in_place", experimenter: ", capture: true" });
    expect(errors).toEqual([
      expect.stringMatching(/^researcher\.edits: .*artifacts/),
      expect.stringMatching(/^experimenter\.capture: .*artifacts/),
    ]);
  });

  test("a runner that only answers cannot edit in place", async () => {
    const errors = await errorsOf({ runner: "model", researcher: ", edits: in_place", more: TRACKED });
    expect(errors).toEqual([expect.stringMatching(/^researcher: .*model only answers/)]);
  });
});
