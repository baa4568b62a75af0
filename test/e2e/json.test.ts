import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AuraEnd, eventsOf, type FramedEvent, script, sharedDesk, spec } from "../support/aura.ts";

/** Every line is an event, framed by `run.started` and `run.finished`, numbered without a gap. */
function framed(end: AuraEnd): readonly FramedEvent[] {
  const events = eventsOf(end);
  expect(events[0]?.type).toBe("run.started");
  expect(events.at(-1)).toMatchObject({ type: "run.finished", exitCode: end.code, reason: expect.any(String) });
  expect(events.at(-1)).toHaveProperty("best");
  expect(events.filter(({ type }) => type === "run.started" || type === "run.finished")).toHaveLength(2);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place));
  for (const { at } of events) expect(new Date(at).toISOString()).toBe(at);
  return events;
}

describe("run --json and resume --json", () => {
  const here = sharedDesk({
    "tiny.yaml": spec({ experimenter: script("printf 'hello \\\\033[31m\\\\302\\\\233 there\\n'; echo score=$1") }),
    "wrong.yaml": "version: 1\nname: wrong\nparalel: 3\n",
    "tool.yaml": spec({ experimenter: '{ type: script, command: "no-such-program-here {x}" }' }),
    "model.yaml": spec({
      researcher: "{ type: prompt, runner: main }",
      more: "runners: { main: { type: anthropic, model: m } }",
    }),
  });

  test("write one event a line on stdout and the words for people on stderr", async () => {
    const end = await here.run(["run", "tiny.yaml", "--json"]);
    const events = framed(end);
    expect(end.code).toBe(0);
    expect(events.at(-1)).toMatchObject({ reason: "iterations", best: { id: expect.any(String) } });
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["hypothesis.proposed", "trial.started", "trial.finished", "evaluation.scored"]),
    );
    expect(end.stderr).toContain("aura inspect runs/tiny best");
    expect(end.stdout).not.toMatch(/[\x1b\x80-\x9f]/);
  });

  test("begin with what is known before anything is read, the rest null", async () => {
    const [started, described] = framed(await here.run(["resume", "runs/tiny", "--json"]));
    expect(started?.run).toMatchObject({ runId: null, workspace: "runs/tiny", seed: null, best: null });
    expect(described).toMatchObject({ type: "run.described", run: { name: "tiny", resumed: true, seed: 3 } });
  });

  test.each([
    ["a spec with a mistake", ["run", "wrong.yaml"], 2],
    ["a wrong option", ["run", "tiny.yaml", "--paralel", "3"], 2],
    ["a wrong number", ["run", "tiny.yaml", "--parallel", "x"], 2],
    ["a missing file", ["run", "none.yaml"], 2],
    ["a place without a run", ["resume", "nowhere"], 2],
    ["a workspace that holds a run", ["run", "tiny.yaml"], 2],
    ["a missing program", ["run", "tool.yaml", "--workspace", "tool"], 5],
    ["a model without a key", ["run", "model.yaml", "--workspace", "model"], 7],
    ["an unmet requirement", ["resume", "runs/tiny", "--require", "7"], 100],
    ["a dry run", ["run", "tiny.yaml", "--dry-run"], 0],
    ["an explained resume", ["resume", "runs/tiny", "--explain"], 0],
  ])("frame %s too", async (_, args, code) => {
    const end = await here.run([...args, "--json"]);
    expect(end.code).toBe(code);
    const last = framed(end).at(-1);
    if (code !== 0 && code !== 100) expect(last).toMatchObject({ message: expect.any(String) });
    if (code !== 0) expect(end.stderr).not.toBe("");
  });

  test("frame a stop by a signal, with the resume command on stderr", async () => {
    here.write("slow.yaml", spec({ name: "slow", experimenter: script("sleep 60; echo score=$1") }));
    const live = here.start(["run", "slow.yaml", "--json", "--grace", "0s"]);
    await live.until('"trial.started"');
    live.kill("SIGTERM");
    const end = await live.ended;
    expect(end.code).toBe(143);
    expect(framed(end).at(-1)).toMatchObject({ reason: "interrupted", exitCode: 143 });
    expect(end.stderr).toContain("aura resume runs/slow");
  });

  test("are the same events as the journal's", async () => {
    const journal = readFileSync(here.join("runs/tiny/journal.jsonl"), "utf8").split("\n").filter(Boolean);
    const types = journal.map((line): string => JSON.parse(line).type);
    expect(types).toEqual(expect.arrayContaining(["run.started", "hypothesis.proposed", "run.finished"]));
    expect(journal.join("\n")).not.toMatch(/[\x1b\x80-\x9f]/);
  });
});
