import { expect, test } from "vitest";
import { desk, eventsOf, script, spec } from "../support/aura.ts";

/** A trial that is there until a file of its hypothesis's name is: `$2` is the hypothesis. */
const WAITING = script('while [ ! -e "$AURA_ROOT/$2" ]; do sleep 0.02; done; echo score=$1');
const PROPOSER = `cat > prompt-$((n=$(ls | grep -c '^prompt')+1)); echo "[{\\"x\\": $n}]"\n`;

test("a note is heard while trials run, is in the next prompt, and is recorded with the iteration that saw it", async () => {
  using here = desk({
    "run.yaml": spec({
      stop: "{ iterations: 2 }",
      researcher: "{ type: prompt, runner: { type: command, argv: [sh, propose.sh] }, num_tasks: 1 }",
      experimenter: WAITING,
    }),
    "propose.sh": PROPOSER,
    "i00002-h000": "",
  });
  const run = here.start(["run", "run.yaml", "--workspace", "w"]);
  await run.until("trial.started");
  const told = await here.run(["note", "w", "Try an even x."]);
  expect(told).toMatchObject({ code: 0, stdout: expect.stringMatching(/^heard: /), stderr: "" });
  await run.until('request.heard kind=note text="Try an even x."');
  here.write("i00001-h000", "");
  expect((await run.ended).code).toBe(0);
  expect(here.read("prompt-1")).not.toContain("Try an even x.");
  expect(here.read("prompt-2")).toContain("# Notes from the user\n- Try an even x.");
  expect(here.json("w/iterations/00001/iteration.json")).not.toHaveProperty("notes");
  expect(here.json("w/iterations/00002/iteration.json")).toMatchObject({ notes: [{ text: "Try an even x." }] });

  expect(await here.run(["note", "w", "And now an odd one."])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("the next resume hears it"),
  });
  here.write("i00003-h000", "");
  expect((await here.run(["resume", "w", "--set", "stop.iterations=3"])).code).toBe(0);
  expect(here.read("prompt-3")).toContain("- Try an even x.\n- And now an odd one.");
});

test("a paused run finishes what runs and starts nothing more until it is continued", async () => {
  using here = desk({
    "run.yaml": spec({
      researcher: "{ type: search, method: grid, num_tasks: 2, space: { x: { type: int, low: 0, high: 1 } } }",
      experimenter: WAITING,
    }),
    "i00001-h001": "",
  });
  const run = here.start(["run", "run.yaml", "--workspace", "w"]);
  await run.until("trial.started id=i00001-h000");
  expect(await here.run(["pause", "w"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^heard: /) });
  here.write("i00001-h000", "");
  await run.until("evaluation.scored id=i00001-h000");
  expect((await here.run(["inspect", "w"])).stdout).toMatch(/^status +paused, until `(npx )?aura continue`$/m);
  expect(await here.document(["inspect", "w", "--json"])).toMatchObject({ status: "paused", reason: null });
  // By when this is heard, the next trial would long have begun.
  const told = await here.run(["note", "w", "hello"]);
  expect(told.stdout).toBe("heard, and read by nothing: no part of this run asks a model\n");
  expect(await run.until("kind=note")).not.toContain("trial.started id=i00001-h001");
  expect(await here.run(["continue", "w"])).toMatchObject({ code: 0 });
  expect(here.json("w/run.json")).toMatchObject({ status: "running" });
  const { code, stdout } = await run.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/kind=continue\n[\s\S]*trial\.started id=i00001-h001/);
});

test("a stopped run finishes what runs, ends with 75, and goes on by a resume; so does one that is paused", async () => {
  using here = desk({ "run.yaml": spec({ stop: "{ iterations: 2 }", experimenter: WAITING }), "i00001-h001": "" });
  const run = here.start(["run", "run.yaml", "--workspace", "w", "--json"]);
  await run.until('"trial.started"');
  expect(await here.run(["pause", "w"])).toMatchObject({ code: 0 });
  expect(await here.run(["stop", "w"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^heard: /) });
  here.write("i00001-h000", "");
  const ended = await run.ended;
  expect(ended.code).toBe(75);
  expect(eventsOf(ended).at(-1)).toMatchObject({ type: "run.finished", reason: "paused", exitCode: 75 });
  expect(here.json("w/run.json")).toMatchObject({ status: "paused" });
  for (const id of ["i00001-h001", "i00002-h000", "i00002-h001"]) here.write(id, "");
  expect((await here.run(["resume", "w"])).code).toBe(0);
});

test("where nothing runs, or nothing can be written, it is said why nothing was asked", async () => {
  using here = desk({ "run.yaml": spec() });
  await here.run(["run", "run.yaml", "--workspace", "w"]);
  for (const kind of ["stop", "pause", "continue"]) {
    expect(await here.run([kind, "w"])).toMatchObject({ code: 2, stderr: expect.stringContaining("aura resume w") });
  }
  expect(await here.run(["note", "w", " "])).toMatchObject({ code: 2 });
  expect(await here.run(["stop", "none"])).toMatchObject({ code: 2 });
  here.write("w/requests", "a file in its place");
  const { code, stderr } = await here.run(["note", "w", "hello"]);
  expect({ code, stderr }).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/cannot leave the note for a resume in .*(?:not a directory|EEXIST|ENOTDIR)/i),
  });
});
