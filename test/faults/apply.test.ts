import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Desk, desk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";
import { killAt, until } from "./support/real.ts";
import { differences, readTree } from "./support/tree.ts";

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

const tree = (place: Desk): ReadonlyMap<string, string> => readTree(place.join("src"));
const isStanding = (place: Desk): boolean => !readdirSync(place.path).some((name) => name.startsWith(".aura-apply"));
const owner = (place: Desk): number => JSON.parse(readFileSync(place.join("run/lock.json"), "utf8")).pid;
const stateOf = (place: Desk): string => /"state": "(\w+)"/.exec(place.read("run/apply.json") ?? "")?.[1] ?? "none";

test("an apply that is left alone brings the project to the state", async () => {
  using place = copyOfAll();
  const { code, stdout } = await place.run(["apply", "run"]);
  expect(code).toBe(0);
  expect(stdout).toContain("wrote ");
  expect([...tree(place).values()].filter((content) => content.includes("after")).length).toBe(190);
});

thorough("a killed command has its work finished all the same, whenever it is killed", async () => {
  using whole = copyOfAll();
  await whole.run(["apply", "run"]);
  const after = tree(whole);
  const seen = new Set<string>();
  for (const at of ["none", "staging", "replacing"]) {
    using place = copyOfAll();
    const before = tree(place);
    const live = place.start(["apply", "run"]);
    await until(at, () => stateOf(place) === at);
    live.kill("SIGKILL");
    await live.ended;
    await until("the worker", () => isStanding(place) && stateOf(place) === "none");
    const now = tree(place);
    const isAfter = differences(after, now).length === 0;
    expect(isAfter || differences(before, now).length === 0).toBe(true);
    seen.add(isAfter ? "after" : "before");
  }
  expect([...seen]).toContain("after");
});

test("a killed worker has its work finished by the command that waits for it", async () => {
  using place = copyOfAll();
  const live = place.start(["apply", "run"]);
  await until("replacing", () => stateOf(place) === "replacing");
  process.kill(owner(place), "SIGKILL");
  const { code, stderr } = await live.ended;
  expect(stderr).toContain("was ended by SIGKILL");
  expect(code).toBe(0);
  expect([...tree(place).values()].filter((content) => content.includes("after")).length).toBe(190);
  expect(isStanding(place)).toBe(true);
});

thorough("when both are killed, every look at it says so, and the next apply finishes it", async () => {
  using place = copyOfAll();
  const live = place.start(["apply", "run"]);
  await until("replacing", () => stateOf(place) === "replacing");
  const worker = owner(place);
  live.kill("SIGKILL");
  process.kill(worker, "SIGKILL");
  await live.ended;
  const dry = await place.run(["apply", "run", "--dry-run"]);
  expect(dry.stderr).toContain("was cut short");
  expect((await place.run(["inspect", "run", "artifacts"])).stdout).toContain("cut short");
  const next = await place.run(["apply", "run"]);
  expect(next.stderr).toContain("it is finished now");
  expect(next.code).toBe(0);
  expect([...tree(place).values()].filter((content) => content.includes("after")).length).toBe(190);
});

thorough("nothing that Node is told to load gets between the steps of an apply", async () => {
  using place = copyOfAll();
  // Its own first crossing would kill the worker, too, if it were loaded there.
  const { signal, code } = await place.run(["apply", "run"], killAt(3, "before"));
  expect(signal ?? code).toBe(0);
});

thorough("an interrupt waits for what has begun", async () => {
  using place = copyOfAll();
  const live = place.start(["apply", "run"]);
  await until("staging", () => stateOf(place) !== "none");
  live.kill("SIGINT");
  const { code } = await live.ended;
  expect(code).toBe(130);
  expect([...tree(place).values()].filter((content) => content.includes("after")).length).toBe(190);
  expect(join(place.path, "src")).toBe(place.join("src"));
});
