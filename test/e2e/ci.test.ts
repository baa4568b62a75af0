import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AURA, type AuraEnd, eventsOf, script, spec, start, testDesk } from "../support/aura.ts";
import { type Block, blocks } from "../support/documents.ts";
import { thorough } from "../support/thorough.ts";

const page = blocks("docs/ci.md");
const noted = (note: string): string => {
  const [block, ...more] = page.filter((one: Block) => one.note === note);
  if (!block || more.length > 0) throw new Error(`docs/ci.md has not one block "${note}"`);
  return block.text;
};

/** A step of a job, as a workflow has it. */
interface Step {
  readonly uses?: string;
  readonly run?: string;
}

/** The commands that a job's log holds for the job: what stands between a stop and its token is none. */
function commandsIn(log: string): readonly string[] {
  let token: string | null = null;
  return log.split("\n").flatMap((line) => {
    const command = line.trimStart();
    if (token !== null) {
      if (command.trim() === `::${token}::`) token = null;
      return [];
    }
    token = /^::stop-commands::(.+)$/.exec(command)?.[1] ?? null;
    return token === null && (command.startsWith("::") || line.includes("##[")) ? [line] : [];
  });
}

const here = testDesk({
  "tools/npx": `#!/bin/sh\n[ "$1" = aura ] || exit 97\nshift\nexec "${process.execPath}" "${AURA}" "$@"\n`,
  "tools/npm": "#!/bin/sh\n",
  "summary.md": "",
});

/** Runs a line as a step of a job does, its output and its errors in one log. */
async function step(line: string, more: Readonly<Record<string, string>> = {}): Promise<AuraEnd> {
  const { PATH = "" } = process.env;
  const env = {
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: here.path,
    GITHUB_STEP_SUMMARY: here.join("summary.md"),
    PATH: `${here.join("tools")}:${PATH}`,
    ...more,
  };
  const prepared = `chmod +x "${here.join("tools")}"/*; exec bash -eo pipefail -c "$0"`;
  return start("sh", ["-c", `exec 2>&1; ${prepared}`, line], { cwd: here.path, env }).ended;
}

describe("the page on CI", () => {
  beforeEach(() => {
    for (const { note, text } of page) {
      const file = /^file: (.*)$/.exec(note ?? "")?.[1];
      if (file !== undefined) here.write(file, text);
    }
  });

  it("has a workflow whose steps check the spec, run it, and tell the job", async () => {
    const workflow: { readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>> } = parse(
      noted("file: .github/workflows/research.yml"),
    );
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    expect(steps.length).toBeGreaterThan(4);
    for (const { run } of steps.filter((one) => one.uses === undefined)) {
      const { code, stdout } = await step(run ?? "");
      expect(code, stdout).toBe(0);
      expect(commandsIn(stdout)).toEqual([]);
    }
    const summary = here.read("summary.md") ?? "";
    expect(summary).toContain("<h3><code>buffers finished: ");
    expect(summary).toMatch(/<tr><td>parameters<\/td><td><code>size=\d+ depth=\d<\/code><\/td><\/tr>/);
    expect(summary.match(/<code>i0000\d-h00\d<\/code>/g)).toHaveLength(10);
  });

  thorough("tells the ends of a run apart by exit codes", async () => {
    const line = noted("runs: exit codes");
    expect((await step(line, { AURA_MAX_ITERATIONS: "1" })).stdout).toMatch(/done, and not good/);
    here.write("aura.yaml", (here.read("aura.yaml") ?? "").replace("target: 99", "target: 81"));
    expect((await step(line)).stdout).toMatch(/good enough\n$/);
    here.write("aura.yaml", "version: 2\n");
    expect((await step(line)).code).toBe(2);
  });

  thorough("takes the best and its parameters from the last line of the JSON", async () => {
    const { code, stdout } = await step(noted("runs: json"));
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/with \{"size":\d+,"depth":\d\}/),
    });
    const end = eventsOf({ stdout: here.read("events.jsonl") ?? "" }).at(-1);
    expect(end).toMatchObject({ type: "run.finished", best: { id: expect.any(String), passed: true, spec: {} } });
  });
});

describe("in a job of GitHub Actions", () => {
  it("mistakes and warnings stand at the lines of the spec, from the root of what was checked out", async () => {
    const wrong = spec({ more: "paralel: 2\nparallel: none\n" });
    here.write("research/wrong.yaml", wrong);
    const lineOf = (text: string): number => wrong.split("\n").findIndex((line) => line.startsWith(text)) + 1;
    for (const command of ["validate", "validate --json", "run"]) {
      const { code, stdout } = await step(`cd research && npx aura ${command.replace(/^\w+/, "$& wrong.yaml")}`);
      expect(code).toBe(2);
      const [first, second, ...rest] = commandsIn(stdout);
      expect(first).toMatch(
        /^::error file=research\/wrong\.yaml,line=\d+,col=1,title=AURA::.*did you mean "parallel"\?$/,
      );
      expect(first).toContain(`line=${lineOf("paralel")},`);
      expect(second).toContain(`line=${lineOf("parallel")},`);
      expect(rest).toEqual([]);
    }
    expect(here.read("summary.md")).toMatch(
      /^<h3>aura ended with 2<\/h3>[\s\S]*<code>.*did you mean "parallel"\?<\/code>/,
    );
  });

  it("a run that fails has a note at its spec and its cause in the summary and the last event", async () => {
    here.write("bad.yaml", spec({ name: "bad", experimenter: script("echo no such file, 100%: >&2; exit 3") }));
    const { code, stdout } = await step("npx aura run bad.yaml");
    expect(code).toBe(1);
    const [note, ...rest] = commandsIn(stdout);
    expect(rest).toEqual([]);
    expect(note).toMatch(/^::error file=bad\.yaml,title=AURA::bad failed: .*%0A.*no such file, 100%25:/);
    expect(here.read("summary.md")).toMatch(/bad failed: [\s\S]*no such file, 100%:/);
    const again = await here.run(["run", "bad.yaml", "--new", "--json"]);
    expect(again.stderr).not.toContain("::");
    expect(eventsOf(again).at(-1)).toMatchObject({
      best: null,
      lastFailed: { exitCode: 3, logTail: expect.stringContaining("no such file") },
    });
  });

  it("a requirement that is not met is a note too, a summary that cannot be written no failure, and a refusal no end of the run", async () => {
    here.write("tiny.yaml", spec());
    const missed = await step("npx aura run tiny.yaml --require 7", { GITHUB_STEP_SUMMARY: here.join("no/such/file") });
    expect(missed.code).toBe(100);
    expect(missed.stdout).toMatch(/ warn run\.finished reason=iterations exit=100 /);
    expect(missed.stdout).toContain("warning: the summary of the job cannot be written");
    expect(commandsIn(missed.stdout)).toEqual([
      expect.stringMatching(
        /^::error file=tiny\.yaml,title=AURA::tiny finished.*%0Athe best does not meet --require 7$/,
      ),
    ]);
    const resumed = await step("npx aura resume runs/tiny --json 2>/dev/null");
    expect(eventsOf(resumed).at(-1)).toMatchObject({ type: "run.finished", exitCode: 0 });
    const summary = here.read("summary.md");
    expect(summary).toContain("tiny finished");

    here.write("tiny.yaml", spec({ experimenter: script("echo score=1") }));
    const refused = await step("npx aura resume runs/tiny");
    expect(refused.code).toBe(2);
    const [note = "", ...rest] = commandsIn(refused.stdout);
    expect(note).toMatch(/^::error file=tiny\.yaml,title=AURA::(?!tiny failed).*experimenter/);
    expect(rest).toEqual([]);
    const added = (here.read("summary.md") ?? "").slice(summary?.length);
    expect(added).toMatch(/^<h3>aura ended with 2<\/h3>/);
    expect(added).not.toContain("tiny finished");

    here.write("tool.yaml", spec({ name: "tool", more: "evaluator: { type: command, command: no-such-program x }" }));
    const lacking = await step("npx aura run tool.yaml");
    expect(lacking.code).toBe(5);
    expect(here.read("summary.md")).toMatch(/<h3>aura ended with 5<\/h3>\n\n<table>\n<tr><td><code>.*no-such-program/);
    expect(here.read("runs/tool/run.json")).toBeNull();
  });

  it("what a trial prints is no command to the job, and no markup of its page", async () => {
    const hostile = ["::set-output name=a::b", "##[error]c", "::stop-commands::d", "</code></table><img src=x> @all"];
    const line = `printf '%s\\n' ${hostile.map((one) => `'${one}'`).join(" ")} >&2; exit 1`;
    here.write("evil.yaml", spec({ name: "evil", experimenter: script(line) }));
    const { stdout } = await step("npx aura run evil.yaml");
    expect(stdout).toMatch(/^\s+::set-output/m);
    const [note, ...rest] = commandsIn(stdout);
    expect(note).toMatch(/^::error file=evil\.yaml/);
    expect(rest).toEqual([]);
    const summary = here.read("summary.md") ?? "";
    expect(summary).toContain("<code>&lt;/code&gt;&lt;/table&gt;&lt;img src=x&gt; @all</code>");
    expect(summary).not.toContain("<img");
  });
});
