import { describe, expect, test } from "vitest";
import type { RunManifest } from "../../src/model/run.ts";
import { AURA, grid, script, sharedDesk, spec } from "../support/aura.ts";
import { hasTmux, openTerminal, type Terminal } from "../support/terminal.ts";

if (!hasTmux && process.env.AURA_REQUIRE_TOOLS) throw new Error("tmux is needed to test the dashboard");

/** What the shell shows after a command: its exit code, and then that the terminal echoes what is typed. */
const LEFT = /^left with (\d+)\n1$/m;

describe.skipIf(!hasTmux)("the dashboard in a real terminal (needs tmux)", () => {
  const here = sharedDesk({
    "held.yaml": spec({
      name: "held",
      metric: "{ name: score, baseline: 1, target: 50 }",
      stop: "{ iterations: 3 }",
      researcher: "{ type: search, method: grid, num_tasks: 3, space: { x: { type: int, low: 1, high: 9 } } }",
      // From the second iteration on, trials wait to be let go.
      experimenter: script(
        'case $2 in i00001*) ;; *) while [ ! -e "$AURA_ROOT/go" ]; do sleep 0.05; done ;; esac; printf "epoch\\033[2J\\n"; echo score=$1',
      ),
      more: "parallel: 2\nreviewer: { type: stats }",
    }),
    "short.yaml": spec({ name: "short", researcher: grid(2) }),
    "noisy.yaml": spec({ name: "noisy", more: "evaluator: { type: ./noisy.mjs }" }),
    "noisy.mjs": `export default {
        kind: "evaluator", type: "noisy", summary: "Says what it does.",
        options: { type: "object", properties: {}, additionalProperties: false }, example: {},
        create: () => ({ evaluate: async ({ id }) => {
          console.log("scoring " + id);
          console.error("scored " + id);
          return { hypothesisId: id, score: 1, passed: true, reason: "fine", details: {} };
        } }),
      };`,
  });

  const started = (command: string, size: { readonly columns?: number; readonly rows?: number } = {}): Terminal => {
    const terminal = openTerminal({ cwd: here.path, env: { A: `${process.execPath} ${AURA}` }, ...size });
    terminal.press(`$A ${command}; echo left with $?; stty -a | grep -c ' echo '`, "Enter");
    return terminal;
  };

  test("shows name, progress, running trials, best and insights; q lets trials finish, leaves with 130 and the resume command", async () => {
    using terminal = started("run held.yaml --workspace q");
    const frame = await terminal.until(/i00002-h001/);
    expect(frame).toMatch(/held/);
    expect(frame).toMatch(/score/);
    expect(frame).toMatch(/i00001-h00\d/);
    expect(frame).toMatch(/3/);
    const running = await terminal.until(/i00002-h000-t00|i00002-h000.*i00002-h001/s);
    expect(running).not.toMatch(/Error|undefined|NaN/);
    terminal.press("q");
    here.write("go", "");
    const closed = await terminal.until(LEFT);
    expect(closed).toMatch(/left with 130\n1/);
    expect(closed).toContain("aura resume q");
    expect(here.json<RunManifest>("q/run.json")).toMatchObject({ status: "interrupted", reason: "interrupted" });
    // What was running was finished and scored, and nothing more was started.
    const { hypotheses } = await here.document<{ hypotheses: readonly { status: string }[] }>([
      "inspect",
      "q",
      "hypotheses",
      "--json",
    ]);
    expect(hypotheses.map(({ status }) => status)).toEqual([...Array(5).fill("scored"), "proposed"]);
    // One last frame, then the words for people, each on lines of their own.
    expect(closed.match(/held (stopped|interrupted)/g)).toHaveLength(1);
    expect(closed.split("\n").filter((line) => line.includes("aura resume q") && /[│╭╰]/.test(line))).toEqual([]);
    terminal.press("echo typed-$((1+1))", "Enter");
    expect(await terminal.until(/^typed-2$/m)).toContain("echo typed-");
  });

  test("Ctrl-C stops like q, and a second one ends at once what is still running", async () => {
    here.write(
      "stuck.yaml",
      spec({ name: "stuck", experimenter: script("trap '' TERM INT; sleep 60; echo score=$1") }),
    );
    using terminal = started("run stuck.yaml --workspace stuck");
    await terminal.until(/i00001-h000/);
    terminal.press("C-c");
    await terminal.until(/stopping/i);
    terminal.press("C-c");
    const closed = await terminal.until(LEFT);
    expect(closed).toMatch(/left with 130\n1/);
    expect(closed).toContain("aura resume stuck");
  });

  test("a hang-up of the terminal ends the run with 129, resumable", async () => {
    here.write("hung.yaml", spec({ name: "hung", experimenter: script("sleep 60; echo score=$1") }));
    using terminal = started("run hung.yaml --workspace hung --reporter plain --grace 0s");
    await terminal.until(/trial\.started/);
    process.kill(here.json<{ pid: number }>("hung/lock.json").pid, "SIGHUP");
    const closed = await terminal.until(LEFT);
    expect(closed).toMatch(/left with 129\n1/);
    expect(closed).toContain("aura resume hung");
  });

  test("a run that ends leaves its last frame and the summary, with 0", async () => {
    using terminal = started("run short.yaml --workspace short");
    const closed = await terminal.until(LEFT);
    expect(closed).toMatch(/left with 0\n1/);
    expect(closed).toMatch(/short finished/);
    expect(closed).toContain("aura inspect short best");
  });

  test("an error leaves the terminal in order, with the message readable", async () => {
    using terminal = started("run short.yaml --workspace short");
    const closed = await terminal.until(LEFT);
    expect(closed).toMatch(/left with 2\n1/);
    expect(closed).toMatch(/already holds a run/);
  });

  test("is not broken by what a component writes to the console, which follows it", async () => {
    using terminal = started("run noisy.yaml --workspace noisy");
    const left = await terminal.until(LEFT);
    expect(left).toMatch(/left with 0\n1/);
    expect(left).toMatch(/noisy(?:.|\n)*\nscoring i00001-h00\d\nscored i00001-h00\d\n(?:.|\n)*noisy finished/);
  });

  test("fits into a small window and follows a new size", async () => {
    here.write(
      "slow.yaml",
      spec({ name: "slow", researcher: grid(4), experimenter: script("sleep 60; echo score=$1") }),
    );
    using terminal = started("run slow.yaml --workspace slow --grace 0s", { columns: 50, rows: 10 });
    await terminal.until(/i00001-h000/);
    terminal.resize(110, 32);
    await terminal.until(/i00001-h003/);
    const frame = terminal.screen();
    expect(frame.match(/slow/g)?.length).toBeGreaterThan(0);
    terminal.resize(40, 8);
    terminal.press("q");
    expect(await terminal.until(LEFT)).toMatch(/left with 130/);
  });
});
