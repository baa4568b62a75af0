import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply } from "../../src/cli/apply.ts";
import { doctor } from "../../src/cli/doctor.ts";
import { inspect } from "../../src/cli/inspect.ts";
import { repair } from "../../src/cli/repair.ts";
import { resume } from "../../src/cli/resume.ts";
import { rollback } from "../../src/cli/rollback.ts";
import { run } from "../../src/cli/run.ts";
import { inSession } from "../../src/cli/session.ts";
import { validate } from "../../src/cli/validate.ts";
import { type AuraEnd, type Desk, desk, eventsOf, grid, type LiveAura, script, spec } from "../support/aura.ts";
import { misfits, publishedSchema, type Said, saidBy, spoilt } from "../support/outputs.ts";
import { thorough } from "../support/thorough.ts";

/** What a run's own components and parameters put into a document: anything may be there. */
const isOpen = (path: string): boolean =>
  /\/(spec|details|output|data|metadata|structured|options|example|constraints|sample|ref)$|\/experiment\/summary$|^(\/best)?\/metrics$/.test(
    path,
  );

const seen = new Set<string>();

/** The document that was printed, after it is seen to fit its schema, and the first of its kind not to when it is spoilt. */
function fits<T>(name: string, text: string): T {
  const document: T = JSON.parse(text);
  expect(misfits(name, document), text).toEqual([]);
  const kind = `${name} ${/"(?:type|kind)": ?"([a-z.]+)"/.exec(text)?.[1]} ${text.length < 200}`;
  if (seen.has(kind)) return document;
  seen.add(kind);
  const optional = optionalKeys(publishedSchema(name));
  const taken = spoilt(document, isOpen)
    .filter(([how]) => !optional.has(/ is without (\w+)$/.exec(how)?.[1] ?? ""))
    .filter(([, other]) => misfits(name, other).length === 0);
  expect(taken.map(([how]) => how)).toEqual([]);
  return document;
}

/** Keys that some object of a schema may be without. */
function optionalKeys(schema: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    if ("properties" in part && typeof part.properties === "object" && part.properties !== null) {
      const required = "required" in part && Array.isArray(part.required) ? part.required : [];
      for (const key of Object.keys(part.properties)) if (!required.includes(key)) found.add(key);
    }
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(schema);
  return found;
}

describe("what the commands print with --json fits its published schema:", () => {
  let here: Desk;
  let finished: AuraEnd;
  let artifacts: AuraEnd;
  let live: LiveAura;

  beforeAll(async () => {
    here = desk({
      "done.yaml": spec({
        name: "done",
        metric: "{ name: score, baseline: 0.5, target: 100 }",
        stop: "{ iterations: 2, wall_clock: 10m }",
        researcher: grid(3),
        experimenter: script(
          '[ $1 != 1 ] || { echo broken >&2; exit 3; }; echo "{"step": 1, "loss": 2}"; echo score=$1',
        ),
        more: "retries: 1\nreviewer: { type: stats }\nchecks: [{ name: free, command: 'true' }]\n",
      }),
      "live.yaml": spec({
        name: "live",
        researcher: grid(2),
        experimenter: script('while [ $1 = 1 ] && [ ! -e "$AURA_ROOT/go" ]; do sleep 0.02; done; echo score=$1'),
      }),
      "nothing.yaml": spec({ name: "nothing", experimenter: script("echo none") }),
      "wrong.yaml": "version: 1\nname: wrong\nparalel: 3\n",
      "project/src/a.txt": "before\n",
      "project/model.mjs": `console.log('[{"label": "one", "rationale": "why not", "edits": [{"path": "src/a.txt", "content": "after"}]}, {"edits": [{"path": "src/b.txt", "content": ""}]}, {"edits": [{"path": "../x", "content": ""}]}, 7]')`,
      "project/art.yaml": spec({
        researcher: "{ type: prompt, runner: { type: command, argv: [node, model.mjs] }, num_tasks: 2, prompt: x }",
        experimenter: '{ type: script, command: [sh, -c, "echo score=$(grep -c after src/a.txt)"] }',
        more: "artifacts: [src/]\nfiles: [model.mjs]\n",
      }),
    });
    live = here.start(["run", "live.yaml", "--json"]);
    [finished, artifacts] = await Promise.all([
      here.run(["run", "done.yaml", "--workspace", "done", "--json"]),
      here.run(["run", "project/art.yaml", "--workspace", "art", "--json"]),
      here.run(["run", "nothing.yaml", "--workspace", "nothing"]),
      live.until('"trial.started"'),
    ]);
  });
  afterAll(async () => {
    here.write("go", "");
    await live.ended;
    here[Symbol.dispose]();
  });

  const view = (place: string, ...words: string[]): Promise<Said<number>> => {
    const [name = "summary", ...ids] = words;
    return saidBy(() => inspect(here.join(place), name, ids, { json: true }));
  };

  test("the lines of a run with failures, and of one with calls and artifacts", () => {
    expect([finished.code, artifacts.code], finished.stderr + artifacts.stderr).toEqual([0, 0]);
    const types = [finished, artifacts].flatMap((end) =>
      eventsOf(end).map((line) => fits<{ type: string }>("run-output", JSON.stringify(line)).type),
    );
    expect([...new Set(types)].sort()).toEqual([
      "best.improved",
      "call.finished",
      "call.started",
      "evaluation.scored",
      "experiment.finished",
      "hypothesis.proposed",
      "insight.recorded",
      "iteration.finished",
      "iteration.started",
      "proposal.refused",
      "run.described",
      "run.finished",
      "run.started",
      "snapshot.taken",
      "stage.started",
      "trial.finished",
      "trial.started",
      "warning",
    ]);
  });

  test.each(["done", "art"])("each line of the journal of %s", (place) => {
    for (const line of here.lines(`${place}/journal.jsonl`)) fits("event", line);
  });

  const everywhere: readonly (readonly string[])[] = [
    ["summary"],
    ["hypotheses"],
    ["best"],
    ["insights"],
    ["calls"],
    ["events"],
    ["show", "1"],
    ["show", "i00001-h000"],
    ["show", "i00001-h001"],
    ["show", "i00001-h000-t00"],
    ["logs", "i00001-h000"],
  ];
  test.each(
    ["done", "art", "nothing", "runs/live"].flatMap((place) => everywhere.map((words) => [place, words] as const)),
  )("inspect %s %j", async (place, words) => {
    const { answer, stdout, stderr } = await view(place, ...words);
    expect({ answer, stderr }).toEqual({ answer: 0, stderr: "" });
    fits(`inspect-${words[0]}-output`, stdout);
  });

  test("inspect show of a check, of a call and of the start", async () => {
    const { calls } = fits<{ calls: readonly { id: string }[] }>(
      "inspect-calls-output",
      (await view("art", "calls")).stdout,
    );
    for (const [place, id] of [
      ["done", "i00001-h000-c00"],
      ["art", calls[0]?.id ?? ""],
      ["art", "0"],
    ] as const) {
      fits("inspect-show-output", (await view(place, "show", id)).stdout);
    }
  });

  test("inspect --follow of a run that has ended, from the summary and from the events", async () => {
    for (const name of ["summary", "events"]) {
      const { stdout } = await saidBy(() => inspect(here.join("done"), name, [], { json: true, follow: true }));
      const lines = stdout.trimEnd().split("\n");
      expect(lines.length).toBeGreaterThan(name === "events" ? 10 : 0);
      for (const line of lines) fits("inspect-follow-output", line);
    }
  });

  test("inspect artifacts and diff, rollback and apply", async () => {
    const art = here.join("art");
    const { carried } = fits<{ carried: string }>("inspect-artifacts-output", (await view("art", "artifacts")).stdout);
    const { diff } = fits<{ diff: string }>("inspect-diff-output", (await view("art", "diff", "start", "best")).stdout);
    expect(diff).toContain("+after");
    const applied = await saidBy(() => apply(art, "best", { json: true, dryRun: true }));
    expect(fits("apply-output", applied.stdout)).toMatchObject({ dryRun: true, steps: [{ action: "write" }] });
    const real = await here.run(["apply", "art", "--to", "elsewhere", "--json"]);
    expect(fits("apply-output", real.stdout)).toMatchObject({ dryRun: false, snapshot: carried });
    for (const dryRun of [true, false]) {
      const { stdout } = await saidBy(() => rollback(art, { to: "start", json: true, dryRun }));
      expect(fits("rollback-output", stdout)).toMatchObject({ dryRun, changed: ["src/a.txt"] });
    }
  });

  test("apply --patch tells where the patch is, or with - the patch itself", async () => {
    const [art, file] = [here.join("art"), here.join("x.patch")];
    const written = await saidBy(() => apply(art, "i00001-h000", { json: true, patch: file }));
    const patch = here.read("x.patch") ?? "";
    expect(fits("apply-output", written.stdout)).toMatchObject({
      patch: { file, bytes: Buffer.byteLength(patch), text: null },
    });
    const shown = await saidBy(() => apply(art, "i00001-h000", { json: true, patch: "-" }));
    expect(fits("apply-output", shown.stdout)).toMatchObject({ patch: { file: null, text: patch } });
  });

  test("repair of a whole workspace, and of one with damage", async () => {
    expect(fits("repair-output", (await saidBy(() => repair(here.join("done"), { json: true }))).stdout)).toEqual({
      applied: false,
      movedTo: null,
      steps: [],
    });
    here.write("nothing/iterations/00001/evaluations/i00001-h000.json", "{");
    for (const mend of [false, true]) {
      const { stdout } = await saidBy(() => repair(here.join("nothing"), { json: true, apply: mend }));
      expect(fits("repair-output", stdout)).toMatchObject({ applied: mend, steps: [{ action: "set-aside" }] });
    }
  });

  test("validate of a good spec and of a wrong one", async () => {
    const good = await saidBy(() => validate(here.join("done.yaml"), { json: true }));
    expect(good.answer).toBe(0);
    expect(fits("validate-output", good.stdout)).toMatchObject({ valid: true });
    const wrong = await saidBy(() => validate(here.join("wrong.yaml"), { json: true }));
    expect(wrong.answer).toBe(2);
    expect(fits("validate-output", wrong.stdout)).toMatchObject({ valid: false });
  });

  thorough("doctor of the machine, and of a spec that lacks something", async () => {
    const machine = await saidBy(() => doctor(undefined, { json: true }));
    expect(machine.answer).toBe(0);
    expect(fits("doctor-output", machine.stdout)).toMatchObject({ spec: null });
    here.write("tools.yaml", (here.read("done.yaml") ?? "").replace("command: 'true'", "command: no-such-program"));
    const lacking = await saidBy(() => doctor(here.join("tools.yaml"), { json: true }));
    expect(fits("doctor-output", lacking.stdout)).toMatchObject({
      works: false,
      checks: [{ what: "spec", works: false, problem: expect.stringContaining("no-such-program") }],
    });
    expect(lacking.answer).toBe(5);
    const model = "researcher: { type: prompt, runner: { type: anthropic, model: m, api_key_env: NO_SUCH_KEY } }";
    here.write("key.yaml", (here.read("done.yaml") ?? "").replace(/^researcher: .*$/m, model));
    expect(await saidBy(() => doctor(here.join("key.yaml"), {}))).toMatchObject({
      answer: 5,
      stdout: expect.stringMatching(/^missing +researcher\.runner\.api_key_env +NO_SUCH_KEY is not set/m),
    });
  });

  const lines = (text: string): readonly { readonly type: string }[] =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => fits("run-output", line));

  test.each(["done.yaml", "project/art.yaml"])("the plan of %s", async (file) => {
    const place = here.join("planned");
    const { stdout } = await saidBy(() =>
      inSession({ json: true, dryRun: true, workspace: place }, null, (session) => run(session, here.join(file))),
    );
    expect(lines(stdout).map(({ type }) => type)).toEqual(["run.started", "run.planned", "run.finished"]);
  });

  test("what a resume would do, and the answer for a run that is finished", async () => {
    const explained = await saidBy(() =>
      inSession({ json: true, explain: true }, null, (session) => resume(session, here.join("done"))),
    );
    expect(lines(explained.stdout).map(({ type }) => type)).toContain("resume.explained");
    const again = await saidBy(() => inSession({ json: true }, null, (session) => resume(session, here.join("done"))));
    expect(lines(again.stdout).at(-1)).toMatchObject({ type: "run.finished", exitCode: 0 });
  });

  test("the end of a run that could not begin tells the error as other commands do", async () => {
    const { answer, stdout, stderr } = await saidBy(() =>
      inSession({ json: true }, null, (session) => run(session, here.join("wrong.yaml"))),
    );
    expect(answer).toBe(2);
    const last = lines(stdout).at(-1);
    expect(last).toMatchObject({ error: { code: "SPEC_INVALID", exitCode: 2, diagnostics: expect.any(Array) } });
    expect(JSON.stringify(last)).toContain('"suggestion":"parallel"');
    expect(stderr).toContain("wrong.yaml:3:1");
  });
});
