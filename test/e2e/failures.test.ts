import { chmodSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { AURA, desk, eventsOf, grid, script, sharedDesk, spec } from "../support/aura.ts";
import { hasTmux, openTerminal } from "../support/terminal.ts";
import { few, thorough } from "../support/thorough.ts";

/** Prints what a crash in a script of one's own does: where, and in the last line what. */
const CRASH = `import sys
def load(lr):
    raise ValueError("no data for lr " + lr)
print("epoch 1")
load(sys.argv[1])
`;
const SHOWN = /Traceback.*ValueError: no data for lr/s;

const ASKED = "asked: { type: command, argv: [sh, asked.sh] }";
const PROMPTED = "{ type: prompt, runner: asked, num_tasks: 1 }";

const events = (end: { readonly stdout: string }, type: string) => eventsOf(end).filter((one) => one.type === type);

describe("a crash in a script of one's own is on the screen", () => {
  const here = sharedDesk({
    "train.py": CRASH,
    "crash.yaml": spec({
      name: "crash",
      researcher: grid(8),
      experimenter: '{ type: script, command: "python3 train.py {x}" }',
      more: "reviewer: { type: stats }",
    }),
  });

  test("in plain lines and the closing summary, after three that fail alike, with 1", async () => {
    const { code, stdout } = await here.run(["run", "crash.yaml", "--workspace", "plain"]);
    expect(code).toBe(1);
    const [line = ""] = stdout.split("\n").filter((one) => one.includes(" trial.finished id=i00001-h000"));
    expect(line).toMatch(SHOWN);
    expect(stdout.match(/ trial\.started /g)).toHaveLength(3);
    expect(stdout).not.toContain("insight.recorded");
    const closing = stdout.slice(stdout.indexOf("crash failed: the first three hypotheses failed alike"));
    expect(closing).toMatch(SHOWN);
    expect(closing).toContain("aura inspect plain logs i00001-h002");
    expect(closing).toContain("aura resume plain --retry-failed");
    expect(closing).toMatch(/stop\.failures: N .*start: may_fail/);
    const finished = stdout.split("\n").find((one) => one.includes(" run.finished "));
    expect(finished).toMatch(SHOWN);
  });

  test("in the JSON of the run", async () => {
    const end = await here.run(["run", "crash.yaml", "--workspace", "json", "--json"]);
    expect(events(end, "trial.finished")[0]).toMatchObject({
      outcome: { failure: { logTail: expect.stringMatching(SHOWN) } },
    });
    expect(events(end, "run.finished")).toMatchObject([
      {
        exitCode: 1,
        reason: "failed-alike",
        message: expect.stringMatching(SHOWN),
        lastFailed: { hypothesisId: "i00001-h002", exitCode: 1, logTail: expect.stringMatching(SHOWN) },
      },
    ]);
  });

  test("in what inspect tells of hypotheses, and of one in full", async () => {
    const { stdout } = await here.run(["inspect", "plain", "hypotheses"]);
    expect(stdout).toMatch(/i00001-h000 .*exited with code 1: ValueError: no data for lr 0/);
    expect(stdout).toMatch(SHOWN);
    expect((await here.run(["inspect", "plain"])).stdout).toMatch(
      /failed \(failed-alike\)\nwhy +i00001-h002: exited with code 1\n[\s\S]*ValueError: no data for lr/,
    );
    expect((await here.run(["inspect", "plain", "show", "i00001-h001"])).stdout).toMatch(SHOWN);
  });

  test.skipIf(!hasTmux)("in the dashboard, in a panel and by its last line in its row (needs tmux)", async () => {
    using terminal = openTerminal({
      cwd: here.path,
      env: { A: `${process.execPath} ${AURA}` },
      columns: 110,
      rows: 60,
    });
    terminal.press("$A run crash.yaml --workspace tui; echo left with $?", "Enter");
    const left = await terminal.until(/^left with 1$/m);
    const panel = left.slice(0, left.indexOf("crash failed: the first three hypotheses failed alike\n  i0"));
    expect(panel).toMatch(/last failure\s+i00001-h002/);
    expect(panel).toMatch(SHOWN);
    expect(panel.match(/✗ i\S+ .*exited with code 1: ValueError: no data for lr/g)).toHaveLength(3);
    expect(panel.match(/ValueError: no data/g)).toHaveLength(4);
  });

  thorough("a resume goes on with the others; one that runs them again ends as the run did", async () => {
    await here.run(["run", "crash.yaml", "--workspace", "again"]);
    expect((await here.run(["resume", "again", "--retry-failed"])).code).toBe(1);
    expect(here.json<RunManifest>("again/run.json")).toMatchObject({ reason: "failed-alike", totals: { trials: 6 } });
    await here.run(["resume", "again"]);
    expect(here.json<RunManifest>("again/run.json")).toMatchObject({
      reason: "nothing-scored",
      totals: { trials: 11 },
    });
  });

  thorough("a run that was killed before it could end for that ends for it when it is resumed", async () => {
    await here.run(["run", "crash.yaml", "--workspace", "killed"]);
    const manifest = here.json<RunManifest>("killed/run.json");
    here.write("killed/run.json", JSON.stringify({ ...manifest, status: "running", reason: undefined }));
    expect((await here.run(["resume", "killed"])).code).toBe(1);
    expect(here.json<RunManifest>("killed/run.json")).toMatchObject({ reason: "failed-alike", totals: { trials: 3 } });
  });

  thorough.each([
    ["stop.failures is given", "stop.failures=9"],
    ["the start may fail", "start=may_fail"],
  ])("three that fail alike are no end where %s", async (_, set) => {
    const { code } = await here.run(["run", "crash.yaml", "--workspace", set, "--set", set]);
    expect(code).toBe(1);
    expect(here.json<RunManifest>(`${set}/run.json`)).toMatchObject({ totals: { trials: 8 } });
  });

  test("three that ran and did not print the metric fail alike, too", async () => {
    here.write("other.yaml", spec({ name: "other", researcher: grid(8), experimenter: script("echo acc: $1") }));
    const { code, stdout } = await here.run(["run", "other.yaml", "--workspace", "other"]);
    expect(code).toBe(1);
    expect(stdout).toContain(
      "other failed: the first three hypotheses failed alike\n  i00001-h002: the summary has no score",
    );
    expect(stdout).toContain("aura run other.yaml --new ");
    expect(here.json<RunManifest>("other/run.json")).toMatchObject({ totals: { trials: 3 } });
  });

  thorough("nor are three that fail in different ways", async () => {
    here.write("ways.yaml", spec({ researcher: grid(4), experimenter: script("echo no $2 >&2; exit $(($1 + 1))") }));
    await here.run(["run", "ways.yaml", "--workspace", "ways"]);
    expect(here.json<RunManifest>("ways/run.json")).toMatchObject({ reason: "nothing-scored", totals: { trials: 4 } });
  });

  test("binary noise, escape sequences and a line of 10 MB do no harm to it", async () => {
    const noise =
      "head -c 3000 /dev/urandom; head -c 10000000 /dev/zero | tr '\\0' x; printf '\\n\\033[2J\\033[31mthe end\\033[0m\\n'";
    here.write("noise.yaml", spec({ experimenter: script(`(${noise}) >&2; exit 3`) }));
    const { code, stdout } = await here.run(["run", "noise.yaml", "--workspace", "noise"]);
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
    expect(stdout).toMatch(/exited with code 3: the end/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(4000);
  });
});

describe("before the next model call", () => {
  const here = sharedDesk({
    "asked.sh": `echo '[{"x": 1}]'\n`,
    "code.py": "raise SystemExit('broken from the start')\n",
  });

  const run = async (name: string, command: string, more: string) => {
    here.write(
      `${name}.yaml`,
      spec({
        name,
        researcher: PROMPTED,
        experimenter: `{ type: script, command: ${command} }`,
        more: `runners: { ${ASKED} }\n${more}`,
      }),
    );
    const end = await here.run(["run", `${name}.yaml`, "--workspace", name, "--json"]);
    return { ...end, finished: events(end, "run.finished")[0], calls: events(end, "call.started").length };
  };

  test("a start that fails ends the run with 1, says why, and goes on where it may fail", async () => {
    const { code, calls, finished, stderr } = await run(
      "start",
      '"python3 code.py"',
      "artifacts: [code.py]\nfiles: []",
    );
    expect([code, calls]).toEqual([1, 0]);
    expect(finished).toMatchObject({
      reason: "start-failed",
      message: expect.stringContaining("broken from the start"),
    });
    expect(stderr).toContain("aura run start.yaml --new");
    expect((await here.run(["resume", "start"])).code).toBe(1);
    const resumed = await here.run(["resume", "start", "--set", "start=may_fail", "--json"]);
    expect(events(resumed, "call.started")).toHaveLength(1);
  });

  test("a check that the start does not pass is told like that", async () => {
    const check = 'artifacts: [code.py]\nfiles: []\nchecks: [{ name: unit, command: "python3 code.py" }]';
    const { code, calls, finished } = await run("check", '"true"', check);
    expect([code, calls]).toEqual([1, 0]);
    expect(finished).toMatchObject({
      message: expect.stringMatching(/check "unit" failed.*\n.*broken from the start/),
    });
  });

  const missing = few([
    ["path", "[no-such-trainer]", "", /no-such-trainer .* is not on PATH/],
    [
      "copy",
      "[.venv/bin/python, code.py]",
      "artifacts: [code.py]\nfiles: []",
      /is in the project, but not in the copy/,
    ],
    ["gone", "[bin/trainer, code.py]", "artifacts: [code.py]\nfiles: []", /bin\/trainer .* is not there/],
    ["root", "[.venv2/bin/python, code.py]", "", /\.venv2\/bin\/python .* is not there/],
  ]);
  test.each(missing)("a program that is missing ends it with 5 (%s)", async (name, command, more, message) => {
    here.write(".venv/bin/python", '#!/bin/sh\nexec python3 "$@"\n', 0o755);
    const { code, calls, finished } = await run(name, command, more);
    expect([code, calls]).toEqual([5, 0]);
    expect(finished).toMatchObject({ exitCode: 5, message: expect.stringMatching(message) });
  });

  thorough(
    "one that may not be executed ends it with 5 before it begins, and once it may, the same command runs",
    async () => {
      const program = here.join("tools/python");
      here.write("tools/python", '#!/bin/sh\nexec python3 "$@"\n');
      here.write("code2.py", "print('score=1')\n");
      const more = "artifacts: [code2.py]\nfiles: []";
      const command = `[${program}, code2.py]`;
      expect((await run("late", command, more)).code).toBe(5);
      chmodSync(program, 0o755);
      expect((await run("late", command, more)).code).toBe(0);
      expect(here.json<RunManifest>("late/run.json")).toMatchObject({ best: { id: "i00000-h000" } });
    },
  );
});

test("a start whose command needs parameters, which only hypotheses have, ends no run", async () => {
  using here = desk({ "code.py": "print('score=1')\n" });
  const experimenter = '{ type: script, command: "python3 code.py {x}" }';
  here.write("needs.yaml", spec({ name: "needs", experimenter, more: "artifacts: [code.py]\nfiles: []" }));
  expect((await here.run(["run", "needs.yaml", "--workspace", "needs"])).code).toBe(0);
});

test("a run whose runner fails each time says what the runner said", async () => {
  using here = desk({ "asked.sh": "echo no quota for you >&2; exit 4\n" });
  here.write(
    "mute.yaml",
    spec({
      name: "mute",
      researcher: "{ type: prompt, runner: asked, space: { x: { type: float, low: 0, high: 1 } } }",
      experimenter: '{ type: script, command: "echo score={x}" }',
      more: `runners: { ${ASKED} }`,
    }),
  );
  const end = await here.run(["run", "mute.yaml", "--workspace", "mute", "--json"]);
  expect(end.code).toBe(1);
  expect(events(end, "run.finished")).toMatchObject([
    { reason: "nothing-scored", message: expect.stringContaining("no quota for you") },
  ]);
});

test("a run whose agent never proposes anything quotes what it said instead", async () => {
  using here = desk({ "asked.sh": "echo 'Not logged in: please run /login'\n" });
  here.write(
    "chat.yaml",
    spec({ name: "chat", researcher: PROMPTED, experimenter: script("echo score=1"), more: `runners: { ${ASKED} }` }),
  );
  const { code, stdout } = await here.run(["run", "chat.yaml", "--workspace", "chat"]);
  expect(code).toBe(1);
  const closing = stdout.slice(stdout.indexOf("\nchat failed"));
  expect(closing).toContain("Not logged in: please run /login");
  expect(closing).toContain("aura inspect chat calls ");
});

test("an agent's program that may not be executed ends the run with 5 before an iteration", async () => {
  using here = desk({ "agent.sh": "echo '[]'\n" });
  here.write(
    "agent.yaml",
    spec({
      name: "agent",
      researcher: PROMPTED,
      experimenter: script("echo score=1"),
      more: "runners: { asked: { type: command, argv: [./agent.sh] } }",
    }),
  );
  const { code, stderr } = await here.run(["run", "agent.yaml", "--workspace", "agent"]);
  expect(code).toBe(5);
  expect(stderr).toMatch(/agent\.sh may not be executed; chmod \+x/);
});

test("a run whose start has a score, and in which no proposal was ever usable, ends with 1 and says why", async () => {
  using here = desk({ "code.py": "print('score=1')\n", "asked.sh": 'echo \'[{"y": "no such"}]\'\n' });
  here.write(
    "empty.yaml",
    spec({
      name: "empty",
      researcher: "{ type: prompt, runner: asked, space: { x: { type: float, low: 0, high: 1 } } }",
      experimenter: '{ type: script, command: "python3 code.py {x?}" }',
      more: `runners: { ${ASKED} }\nartifacts: [code.py]\nfiles: []`,
    }),
  );
  const end = await here.run(["run", "empty.yaml", "--workspace", "empty", "--json"]);
  expect(end.code).toBe(1);
  expect(events(end, "run.finished")).toMatchObject([
    { reason: "no-proposals", message: expect.stringMatching(/x|y/) },
  ]);
});
