import { cpSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Desk, desk, spec } from "../support/aura.ts";
import { until } from "../support/processes.ts";
import { thorough } from "../support/thorough.ts";
import { readTree } from "./support/tree.ts";

/** As many files as take a while to replace. */
const FILES = 300;
const MODEL = `const edits = Array.from({ length: 190 }, (_, n) => ({ path: \`src/\${n}.txt\`, content: "after\\n" }));
console.log(JSON.stringify([{ edits }]));
`;

let finished: Desk;
beforeAll(async () => {
  const src = Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`src/${n}.txt`, "before\n"]));
  const researcher = "{ type: prompt, runner: { type: command, argv: [node, model.mjs] }, num_tasks: 1, prompt: x }";
  const experimenter = '{ type: script, command: [sh, -c, "echo score=$(cat src/*.txt | grep -c after)"] }';
  const more = "artifacts: [src/]\nfiles: [model.mjs]\n";
  finished = desk({ ...src, "model.mjs": MODEL, "spec.yaml": spec({ researcher, experimenter, more }) });
  const run = await finished.run(["run", "spec.yaml", "--workspace", "run"]);
  expect(run.code, run.stderr).toBe(0);
}, 60_000);
afterAll(() => finished[Symbol.dispose]());

function copyOfAll(): Desk {
  const place = desk();
  cpSync(finished.path, place.path, { recursive: true });
  return place;
}

const written = (place: Desk): number =>
  [...readTree(place.join("src")).values()].filter((content) => content.includes("after")).length;
const isStanding = (place: Desk): boolean => !readdirSync(place.path).some((name) => name.startsWith(".aura-apply"));
const stateOf = (place: Desk): string => /"state": "(\w+)"/.exec(place.read("run/apply.json") ?? "")?.[1] ?? "none";

test("an apply that is left alone brings the project to the state", async () => {
  using place = copyOfAll();
  const { code, stdout } = await place.run(["apply", "run"]);
  expect(code).toBe(0);
  expect(stdout).toContain("wrote ");
  expect(written(place)).toBe(190);
});

test("when it is killed, every look at it says so, and the next apply finishes it", async () => {
  using place = copyOfAll();
  const live = place.start(["apply", "run"]);
  await until("replacing", () => stateOf(place) === "replacing");
  live.kill("SIGKILL");
  await live.ended;
  const dry = await place.run(["apply", "run", "--dry-run"]);
  expect(dry.stderr).toContain("was cut short");
  expect((await place.run(["inspect", "run", "artifacts"])).stdout).toContain("cut short");
  const next = await place.run(["apply", "run"]);
  expect(next.stderr).toContain("it is finished now");
  expect(next.code).toBe(0);
  expect(written(place)).toBe(190);
});

thorough("an interrupt waits for what has begun", async () => {
  using place = copyOfAll();
  const live = place.start(["apply", "run"]);
  await until("staging", () => stateOf(place) !== "none");
  live.kill("SIGINT");
  const { code } = await live.ended;
  expect(code).toBe(0);
  expect(written(place)).toBe(190);
  expect(isStanding(place)).toBe(true);
});
