import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { eventsOf, script, sharedDesk, spec } from "../support/aura.ts";
import { processesWhere } from "../support/processes.ts";
import { few, thorough } from "../support/thorough.ts";

/** An evaluator whose parts are given as source text. */
function evaluator(parts: { readonly top?: string; readonly evaluate?: string; readonly create?: string }): string {
  const evaluate = `evaluate: async (hypothesis, experiment) => {
    ${parts.evaluate ?? ""}
    return { hypothesisId: hypothesis.id, score: 1, passed: true, reason: "fine", details: {} };
  }`;
  return `${parts.top ?? ""}
export default {
  kind: "evaluator", type: "own", summary: "Own.",
  options: { type: "object", properties: {}, additionalProperties: false }, example: {},
  create: ${parts.create ?? `() => ({ ${evaluate} })`},
};
`;
}

const LATER = "await new Promise((done) => setTimeout(done, 300));";

describe("a user's own module that", () => {
  const here = sharedDesk({
    "late.mjs": evaluator({ evaluate: `setTimeout(() => { throw new Error("late boom"); }, 10); ${LATER}` }),
    "rejects.mjs": evaluator({ evaluate: `Promise.reject(new Error("nobody waits")); ${LATER}` }),
    "exits.mjs": evaluator({ evaluate: "process.exit(0);" }),
    "waits.mjs": evaluator({
      evaluate: `setTimeout(() => { throw new Error("late boom"); }, 10); await new Promise((done) => setTimeout(done, 60_000));`,
    }),
    "unsettled.mjs": evaluator({ top: "await new Promise(() => undefined);" }),
    "noisy.mjs": evaluator({ top: 'console.log("at load");', evaluate: 'console.log("while scoring");' }),
  });

  /** Two hypotheses at once, one of which is scored while the other's trial sleeps. */
  const file = (module: string, line = 'case "$2" in *h000) echo score=1;; *) sleep 60;; esac'): string => {
    const path = `${module}.yaml`;
    const parts = {
      name: module,
      experimenter: script(line),
      more: `parallel: 2\nevaluator: { type: ./${module}.mjs }`,
    };
    here.write(path, spec(parts));
    return path;
  };

  const wrongs = few(
    [
      ["late", "late boom", /late\.mjs:\d+:\d+/],
      ["exits", "process.exit", /exits\.mjs:\d+:\d+/],
      ["rejects", "nobody waits", /rejects\.mjs:\d+:\d+/],
      ["waits", "late boom", /waits\.mjs:\d+:\d+/],
    ],
    2,
  );
  test.each(wrongs)("goes wrong behind AURA's back (%s) ends the run in good order", async (module, said, place) => {
    const end = await here.run(["run", file(module), "--workspace", module, "--json"]);
    const { code, stderr } = end;
    expect(code).toBe(1);
    expect(stderr).toContain("aura: ");
    expect(stderr).toContain(said);
    expect(stderr).toMatch(place);
    expect(stderr).toContain("aura resume");
    expect(stderr).not.toContain("node:internal");
    expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", exitCode: 1, reason: "error" });
    expect(here.json<RunManifest>(`${module}/run.json`).status).toBe("interrupted");
    expect(here.read(`${module}/lock.json`)).toBeNull();
    // That of a trial names its workspace.
    expect(processesWhere("environ", (text) => text.includes(here.join(module)))).toEqual([]);
  });

  test.each(["run", "validate"])("never finishes loading ends %s with 1, and not in silence", async (command) => {
    const path = file("unsettled");
    const { code, stderr } = await here.run([
      command,
      path,
      ...(command === "run" ? ["--workspace", "unsettled"] : []),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("waits for something that can never come");
    expect(here.read("unsettled/run.json")).toBeNull();
  });

  test("does not hear that it is to stop is left behind at a second signal, with the command to go on by", async () => {
    here.write("deaf.mjs", evaluator({ evaluate: "await new Promise((done) => setTimeout(done, 60_000));" }));
    const aura = here.start(["run", file("deaf", "echo score=1"), "--workspace", "deaf", "--json"]);
    await aura.until("trial.finished");
    aura.kill("SIGINT");
    await aura.until("a second signal", "stderr");
    aura.kill("SIGINT");
    const end = await aura.ended;
    expect(end).toMatchObject({ code: 130, stderr: expect.stringContaining(`aura resume ${here.join("deaf")}`) });
    const message = expect.stringMatching(/^ended at once/);
    expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", reason: "interrupted", message });
  });

  thorough("never settles while a run goes on ends it with 1, and not in silence", async () => {
    here.write("never.mjs", evaluator({ create: "() => ({ evaluate: () => new Promise(() => undefined) })" }));
    const end = await here.run(["run", file("never", "echo score=1"), "--workspace", "never", "--json"]);
    expect(end.code).toBe(1);
    expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", exitCode: 1 });
    expect(end.stderr).toContain("aura resume");
    expect(here.read("never/lock.json")).toBeNull();
  });

  thorough("writes to the console leaves the JSON on stdout alone", async () => {
    const end = await here.run(["run", file("noisy", "echo score=1"), "--workspace", "noisy", "--json"]);
    expect(eventsOf(end).at(-1)).toMatchObject({ type: "run.finished", exitCode: 0 });
    expect(end.stderr).toContain("at load");
    expect(end.stderr).toContain("while scoring");
    const { stdout, stderr } = await here.run(["validate", file("noisy"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true });
    expect(stderr).toContain("at load");
  });

  const definition = evaluator({});
  thorough.each([
    [
      "option",
      definition.replace("properties: {}", 'properties: { scale: { type: "strng" } }'),
      /\.\/option\.mjs.*options is invalid.*strng/,
    ],
    ["methodless", evaluator({ create: "() => ({})" }), /\.\/methodless\.mjs.*no method `evaluate`/],
    [
      "creates",
      evaluator({ create: '() => { throw new Error("no license"); }' }),
      /\.\/creates\.mjs could not be created.*no license/,
    ],
    ["promised", evaluator({ create: "async () => ({})" }), /a promise/],
    ["kindless", 'export default { type: "own" };', /\.\/kindless\.mjs exports has no `kind`/],
    ["bare", 'export default { kind: "evaluator" };', /no `type`/],
    ["optionless", definition.replace("properties: {},", ""), /no `options\.properties`/],
    ["strange", definition.replace('kind: "evaluator"', 'kind: "judge"'), /unknown `kind`, "judge"/],
    ["nothing", "export const a = 1;", /no component as its default export/],
    ["torn", "const a = 1;\nconst b = ;\n", /torn\.mjs:2:\d+: syntax error/],
  ])("is faulty (%s) is refused at its line, saying what is wrong", async (module, source, said) => {
    here.write(`${module}.mjs`, source);
    const { code, stderr } = await here.run(["validate", file(module)]);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(new RegExp(`^${module}\\.yaml:\\d+:\\d+: `, "m"));
    expect(stderr).not.toContain("unexpected error");
    expect(code).toBe(2);
  });
});
