import { rmSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/model/json.ts";
import { runData } from "../../../src/testing/run-spec.ts";
import type { TemporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { testFolder } from "../../support/test-folder.ts";

const dir = testFolder();

const SPEC: JsonObject = {
  version: 1,
  name: "tiny",
  metric: { name: "score" },
  stop: { iterations: 1 },
  researcher: { type: "search", space: { x: { type: "int", low: 0, high: 99 } } },
  experimenter: { type: "script", command: "sh run.sh {x}" },
};

function planted(dir: TemporaryDirectory): void {
  dir.write("run.sh", "echo score: $1\n");
  dir.write("lib.sh", "one\n");
  dir.write("old.sh", "old\n");
  dir.write("code/a.txt", "a\n");
}

async function toldOnResume(dir: TemporaryDirectory, spec: JsonObject): Promise<readonly string[]> {
  const { events } = await runData(dir, { ...spec, stop: { iterations: 2 } });
  return events.flatMap((event) => (event.type === "warning" && event.code === "files-changed" ? event.message : []));
}

test("a run with copies that goes on names what changed in the project, and that it goes by what it read", async () => {
  planted(dir);
  const spec = { ...SPEC, artifacts: ["code/"] };
  await runData(dir, spec);
  expect(await toldOnResume(dir, spec)).toEqual([]);
  dir.write("lib.sh", "two\n");
  dir.write("new.sh", "new\n");
  rmSync(dir.join("old.sh"));
  const [told] = await toldOnResume(dir, spec);
  expect(told).toContain('"lib.sh", "new.sh" (new), "old.sh" (gone) changed since this run read the project');
  expect(told).toContain("it goes on with what it read");
  // On a line of its own, as a long line is cut where it is shown.
  expect(told).toMatch(/\n.*aura run \S*spec\.yaml --from \S*run$/);
  dir.write("code/a.txt", "b\n");
  const [artifact] = await toldOnResume(dir, spec);
  expect(artifact).toContain('"code/a.txt"');
  expect(artifact).toMatch(/aura run \S*spec\.yaml --new$/);
});

test("files that were only touched, or hold what the run itself has made, have not changed", async () => {
  planted(dir);
  const experimenter = { type: "script", command: "sh run.sh {x}", capture: true };
  dir.write("run.sh", 'echo "made $1" > code/a.txt; echo score: $1\n');
  const spec = { ...SPEC, artifacts: ["code/"], experimenter: { ...experimenter, command: "sh run.sh 5" } };
  const { workspace } = await runData(dir, spec);
  utimesSync(dir.join("lib.sh"), 1e9, 1e9);
  const carried = workspace.effects.files.readText(`${workspace.root}/artifacts/code/a.txt`);
  expect(carried).toBe("made 5\n");
  dir.write("code/a.txt", carried ?? "");
  expect(await toldOnResume(dir, spec)).toEqual([]);
});

test("a run in the project itself names what its commands name and measures with the new file from then on", async () => {
  planted(dir);
  await runData(dir, SPEC);
  expect(await toldOnResume(dir, SPEC)).toEqual([]);
  dir.write("lib.sh", "two\n");
  expect(await toldOnResume(dir, SPEC)).toEqual([]);
  dir.write("run.sh", "echo score: $1.5\n");
  const { events, workspace } = await runData(dir, { ...SPEC, stop: { iterations: 3 } });
  const told = events.find(({ type }) => type === "warning");
  expect(told).toMatchObject({
    code: "files-changed",
    message: expect.stringContaining('"run.sh" changed: what ran before'),
  });
  expect(told).toMatchObject({ message: expect.stringMatching(/--from \S*run$/) });
  const changes = workspace.readManifest()?.changes?.at(-1);
  expect(changes?.fields).toContainEqual(
    expect.objectContaining({ path: "file run.sh", before: expect.stringMatching(/^[0-9a-f]{12}$/) }),
  );
  const again = await runData(dir, { ...SPEC, stop: { iterations: 3 } });
  expect(again.events.filter(({ type }) => type === "warning")).toEqual([]);
});
