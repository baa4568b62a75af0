import { existsSync, readFileSync, rmSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { ScriptExperimenter } from "../../../src/components/experimenters/index.ts";
import { Researcher, type ResearcherOptions } from "../../../src/components/researchers/prompt.ts";
import { CommandRunner } from "../../../src/components/runners/command.ts";
import { RecordingRunner } from "../../../src/components/runners/recording.ts";
import { ReplayRunner } from "../../../src/components/runners/replay.ts";
import { SpecError } from "../../../src/kernel/errors.ts";
import type { Runner } from "../../../src/kernel/ports.ts";
import { DEFAULT_SETTINGS, type RunSettings } from "../../../src/model/settings.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { faultyEffects } from "../../support/faults.ts";
import { runPipeline } from "../../support/pipeline-run.ts";
import { stageContext as stage } from "../../support/stage-context.ts";
import { testFolder } from "../../support/test-folder.ts";

const place = testFolder({ "project/src/gain.txt": "1\n", "project/src/old.txt": "old\n" });
beforeEach(() => {
  place.write("project/src/run.sh", "echo\n", 0o755);
  place.write("project/.gitignore", "*.tmp\n");
  place.write("project/README.txt", "read me\n");
  place.write("project/data.csv", "1,2\n");
});

/** An agent: a line of shell for each proposal of the first iteration; the second one's agents change nothing. Counts its runs. */
function agent(...lines: readonly string[]): readonly string[] {
  const cases = lines.map((line, index) => `1-h${index}) ${line} ;;`).join("\n");
  const log = place.join("runs.log");
  const path = place.write(
    "agent.sh",
    `cat > /dev/null\necho "$AURA_ITERATION-$AURA_PART" >> ${log}\ncase $AURA_ITERATION-$AURA_PART in\n${cases}\nesac\n`,
  );
  return ["sh", path];
}

const runsOfAgent = (): readonly string[] => (place.read("runs.log") ?? "").split("\n").filter(Boolean).sort();

interface Options {
  readonly runner?: Runner;
  readonly count?: number;
  readonly settings?: Partial<RunSettings>;
  readonly researcher?: Partial<ResearcherOptions>;
  readonly effects?: ReturnType<typeof systemEffects>;
}

async function run(argv: readonly string[], options: Options = {}) {
  const effects = options.effects ?? systemEffects();
  const { result, workspace, events } = await runPipeline(place, {
    workspace: await Workspace.create(place.join("run"), { effects, ifExists: "resume" }),
    researcher: new Researcher({
      runner: options.runner ?? new CommandRunner(argv, { timeout: 5, effects }),
      numTasks: options.count ?? 1,
      edits: "in_place",
      ...options.researcher,
    }),
    experimenter: new ScriptExperimenter(["sh", "-c", 'echo "score=$(cat src/gain.txt)"']),
    settings: {
      root: place.join("project"),
      stop: { ...DEFAULT_SETTINGS.stop, iterations: 1 },
      artifacts: ["src"],
      files: ["README.txt", ".gitignore"],
      inputs: [{ path: "data.csv", absolutePath: place.join("project/data.csv"), show: "name" }],
      ...options.settings,
    },
  });
  const iteration = workspace.readIteration(1);
  const refused = iteration?.state === "finished" ? iteration.refused : [];
  const hypotheses = workspace.listHypotheses(1).map((id) => workspace.readHypothesis(id));
  return { result, workspace, events, hypotheses, refused };
}

describe("edits: in_place", () => {
  test("what an agent changed under the artifacts are the edits of its hypothesis, with its reply as rationale", async () => {
    const { hypotheses, result } = await run(
      agent("echo 5 > src/gain.txt; rm src/old.txt; mkdir src/new; echo hi > src/new/a.txt; echo I raised the gain."),
    );
    expect(hypotheses).toEqual([
      {
        id: "i00001-h000",
        base: { snapshot: expect.any(String), hypothesisId: "i00000-h000" },
        parents: ["i00000-h000"],
        spec: {},
        edits: [
          { path: "src/old.txt", delete: true },
          { path: "src/gain.txt", content: "5\n" },
          { path: "src/new/a.txt", content: "hi\n" },
        ],
        rationale: "I raised the gain.",
      },
    ]);
    expect(result.best).toEqual({ id: "i00001-h000", score: 5 });
    expect(place.read("run/artifacts/src/new/a.txt")).toBe("hi\n");
    expect(place.read("project/src/gain.txt")).toBe("1\n");
  });

  test("a file that is tracked by its name may be deleted", async () => {
    const { hypotheses } = await run(agent("rm src/old.txt"), {
      settings: { artifacts: ["src/gain.txt", "src/old.txt"] },
    });
    expect(hypotheses).toMatchObject([{ edits: [{ path: "src/old.txt", delete: true }] }]);
  });

  test("a folder may become a file, a file a folder, and names may be strange", async () => {
    place.write("project/src/dir/sub/a.txt", "a\n");
    place.write("project/src/new\nline.txt", "n\n");
    place.write("project/src/back\\slash.txt", "b\n");
    const { hypotheses, refused } = await run(
      agent(
        "echo 5 > src/gain.txt; rm -r src/dir; echo file > src/dir; rm src/old.txt; mkdir src/old.txt; echo x > src/old.txt/x; " +
          `rm src/new*; echo changed > 'src/back\\slash.txt'`,
      ),
    );
    expect(refused).toEqual([]);
    expect(hypotheses).toHaveLength(1);
    expect(place.read("run/artifacts/src/dir")).toBe("file\n");
    expect(place.read("run/artifacts/src/old.txt/x")).toBe("x\n");
    expect(place.read("run/artifacts/src/new\nline.txt")).toBeNull();
    expect(place.read("run/artifacts/src/back\\slash.txt")).toBe("changed\n");
  });

  test("what ignore files above the project leave out is left out, up to the top of its repository", async () => {
    place.write(".git/HEAD", "");
    place.write(".gitignore", "__pycache__/\n/project/src/*.bin\n!keep.tmp\n");
    place.write("project/src/__pycache__/old.pyc", "\u0000");
    const { hypotheses, refused, workspace } = await run(
      agent(
        "echo 5 > src/gain.txt; mkdir -p src/__pycache__; printf '\\000' | tee src/__pycache__/m.pyc > src/x.bin; echo > src/a.tmp",
      ),
    );
    expect(refused).toEqual([]);
    expect(hypotheses.map((one) => one?.edits)).toEqual([[{ path: "src/gain.txt", content: "5\n" }]]);
    const start = workspace.readIteration(0)?.base?.snapshot;
    expect(place.read(`run/snapshots/${start}.json`)).not.toContain("pycache");
  });

  test("what an agent wrote where the workspace is counts for nothing", async () => {
    const settings = { artifacts: ["."], root: place.path, inputs: [] };
    const { hypotheses, refused } = await run(
      agent("mkdir -p run/notes; echo evil > run/notes/evil.md; echo 5 > project/src/gain.txt"),
      { settings: { ...settings, files: [], start: "may_fail" } },
    );
    expect(refused).toEqual([]);
    expect(hypotheses.map((one) => one?.edits)).toEqual([[{ path: "project/src/gain.txt", content: "5\n" }]]);
  });

  test("an input in a tracked folder is data and no artifact: it is left as it is, whatever an agent makes of its link", async () => {
    const settings = { artifacts: ["."], files: [] };
    const { hypotheses, refused, result, workspace } = await run(
      agent(
        "cat data.csv > src/seen.txt; echo 5 > src/gain.txt",
        "rm data.csv; echo mine > data.csv; echo 6 > src/gain.txt",
      ),
      { settings, count: 2 },
    );
    expect(refused).toEqual([]);
    expect(hypotheses.map((one) => one?.edits)).toEqual([
      [
        { path: "src/gain.txt", content: "5\n" },
        { path: "src/seen.txt", content: "1,2\n" },
      ],
      [{ path: "src/gain.txt", content: "6\n" }],
    ]);
    expect(result.best).toEqual({ id: "i00001-h001", score: 6 });
    expect(existsSync(`${workspace.root}/artifacts/data.csv`)).toBe(false);
    expect(place.read("project/data.csv")).toBe("1,2\n");
  });

  test("a JSON object in the reply names it, explains it and gives its parameters", async () => {
    const reply = `'Done. {"label": "louder", "rationale": "gain helps", "spec": {"lr": 0.5}, "stray": 1}'`;
    const { hypotheses } = await run(agent(`echo 5 > src/gain.txt; echo ${reply}`));
    expect(hypotheses).toMatchObject([{ label: "louder", rationale: "gain helps", spec: { lr: 0.5 } }]);
  });

  test("parameters outside the space are refused", async () => {
    const space = { lr: { type: "float", low: 0, high: 1 } } as const;
    const lines = [
      `echo 5 > src/gain.txt; echo '{"lr": 0.25}'`,
      `echo 6 > src/gain.txt; echo '{"label": "far", "lr": 7}'`,
    ];
    const { hypotheses, refused } = await run(agent(...lines), { count: 2, researcher: { space } });
    expect(hypotheses).toMatchObject([{ spec: { lr: 0.25 } }]);
    expect(refused).toMatchObject([{ label: "far", reason: expect.stringContaining("lr") }]);
  });

  test("each proposal has its own copy in the iteration's base state, its own prompt, and its place", async () => {
    const lines = [
      "echo 2 > src/gain.txt; pwd",
      "cat src/gain.txt README.txt data.csv > src/seen.txt",
      "echo 4 > src/gain.txt",
    ];
    const { hypotheses, workspace } = await run(agent(...lines), { count: 3, settings: { parallel: 2 } });
    expect(hypotheses.map((hypothesis) => hypothesis?.edits)).toEqual([
      [{ path: "src/gain.txt", content: "2\n" }],
      [{ path: "src/seen.txt", content: "1\nread me\n1,2\n" }],
      [{ path: "src/gain.txt", content: "4\n" }],
    ]);
    expect(hypotheses[0]?.rationale).toBe(place.join("run/iterations/00001/copies/h0"));
    const prompts = workspace.listCalls(1).map((id) => workspace.readCall(1, id)?.prompt ?? "");
    expect(prompts.map((prompt) => /proposal (\d of 3)/.exec(prompt)?.[1])).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
    expect(existsSync(place.join("run/iterations/00001/copies"))).toBe(false);
  });

  test("files that can be executed keep that, and become so", async () => {
    const line =
      "echo 5 > src/gain.txt; echo 'echo 1' > src/run.sh; chmod +x src/old.txt; printf new > src/tool; chmod 755 src/tool";
    const { workspace, refused } = await run(agent(line));
    expect(refused).toEqual([]);
    const copy = readFileSync(`${workspace.root}/artifacts/src/tool`, "utf8");
    expect(copy).toBe("new");
    const modes = ["run.sh", "old.txt", "tool", "gain.txt"].map(
      (name) => (workspace.effects.files.stat(`${workspace.root}/artifacts/src/${name}`)?.mode ?? 0) & 0o100,
    );
    expect(modes).toEqual([0o100, 0o100, 0o100, 0]);
  });

  test("so do files with strange names", async () => {
    const names = ["new\nline.sh", "tab\there", 'quo"te', "back\\slash", "blank ", " b", "ü a/b/x", "a\u0085b"];
    for (const name of names) {
      place.write(`project/src/${name}`, "on\n");
      place.write(`project/src/${name}-off`, "off\n", 0o755);
    }
    place.write("project/src/empty\nfile", "");
    const { workspace, refused, hypotheses } = await run(
      agent(
        "echo 5 > src/gain.txt; find src -name '*-off' -exec chmod -x {} +; find src ! -name '*-off' -type f -exec chmod +x {} +",
      ),
    );
    expect(refused).toEqual([]);
    expect(hypotheses).toHaveLength(1);
    const isExecutable = (name: string): boolean =>
      ((workspace.effects.files.stat(`${workspace.root}/artifacts/src/${name}`)?.mode ?? 0) & 0o100) !== 0;
    for (const name of [...names, "empty\nfile"]) expect(isExecutable(name), JSON.stringify(name)).toBe(true);
    for (const name of names) {
      expect(isExecutable(`${name}-off`), JSON.stringify(name)).toBe(false);
      expect(place.read(`run/artifacts/src/${name}`)).toBe("on\n");
    }
  });

  test.each([
    ["does nothing", "true", /changed nothing/],
    ["fails", "echo 5 > src/gain.txt; echo cannot >&2; exit 3", /exited with 3: cannot/],
    ["makes a link", "ln -sf /etc/passwd src/gain.txt", /symbolic link/],
    ["gives a file a name that cannot be recorded", `mv src/old.txt "$(printf 'src/\\377')"`, /not valid UTF-8/],
    ["puts a pipe where a file was", "rm src/old.txt; mkfifo src/old.txt", /no file, folder or link/],
    ["puts a link where the artifacts were", "rm -r src; ln -s /etc src", /symbolic link/],
    [
      "writes a binary file",
      "printf 'a\\000b' > src/gain.txt",
      /binary: an edit can hold only text.*\.gitignore.*have the agent remove it/,
    ],
    ["writes too much", "head -c 2000000 /dev/zero | tr '\\000' a > src/gain.txt", /larger|more than/],
    ["changes only what is ignored", "echo x > src/a.tmp; echo x > b.tmp", /changed nothing/],
    ["touches a file without changing it", "touch src/gain.txt; chmod 666 src/old.txt", /changed nothing/],
  ])("an agent that %s gives a refused proposal that says so, and the others count", async (_, line, reason) => {
    const { hypotheses, refused } = await run(agent(line, "echo 2 > src/gain.txt"), { count: 2 });
    expect(refused[0]).toEqual({ label: "#1", reason: expect.stringMatching(reason) });
    expect(JSON.stringify(refused)).not.toContain("root:");
    expect(hypotheses).toMatchObject([{ edits: [{ content: "2\n" }] }]);
  });

  test("an agent that changes an input through its link ends the run before the next one is asked", async () => {
    const changing = run(agent("echo 9 >> data.csv", "echo 2 > src/gain.txt"), { count: 2 });
    await expect(changing).rejects.toThrow(/input data\.csv is no longer what the run started with/);
    const call = place.read("run/iterations/00001/calls/i00001-researcher-h0-a1.json");
    expect(call).toMatch(/an input was changed, which is read-only data: data\.csv/);
  });

  test("an agent that hangs is ended at its timeout", async () => {
    const argv = agent("echo 5 > src/gain.txt; sleep 60", "echo 2 > src/gain.txt");
    const runner = new CommandRunner(argv, { timeout: 0.5 });
    const { hypotheses, refused } = await run(argv, { runner, count: 2, settings: { parallel: 2 } });
    expect(refused).toEqual([{ label: "#1", reason: expect.stringMatching(/timed? ?out/) }]);
    expect(hypotheses).toHaveLength(1);
  });

  test("changes outside the artifacts count for nothing, and are told", async () => {
    const lines = ["echo 5 > src/gain.txt; echo x > README.txt; echo x > notes.txt", "echo x > README.txt"];
    const { hypotheses, refused, events } = await run(agent(...lines), { count: 2 });
    expect(hypotheses).toMatchObject([{ edits: [{ path: "src/gain.txt", content: "5\n" }] }]);
    expect(refused).toEqual([{ label: "#2", reason: expect.stringContaining("only files that are none: README.txt") }]);
    const warnings = events.flatMap((event) =>
      event.type === "warning" && event.code.startsWith("edits") ? [event] : [],
    );
    expect(warnings).toMatchObject([
      { code: "edits-outside-artifacts", message: expect.stringContaining("README.txt, notes.txt") },
      { code: "edits-outside-artifacts" },
    ]);
    expect(place.read("project/README.txt")).toBe("read me\n");
  });

  test("git in a copy does not find the repository around the workspace", async () => {
    const { hypotheses } = await run(agent("echo 5 > src/gain.txt; echo $GIT_CEILING_DIRECTORIES"));
    expect(hypotheses[0]?.rationale).toBe(place.join("run/iterations/00001/copies"));
  });

  test("an agent whose call is recorded is not run again, wherever the run was killed", async () => {
    const argv = agent("echo 5 > src/gain.txt", "echo 6 > src/gain.txt; rm src/old.txt");
    const undisturbed = await run(argv, { count: 2 });
    const expected = undisturbed.hypotheses;
    const probe = faultyEffects(systemEffects());
    rmSync(place.join("run"), { recursive: true });
    await run(argv, { count: 2, effects: probe.effects });
    const proposed = probe.crossings.find(({ target }) => target.endsWith("i00001-h000.json"))?.n ?? 0;
    const first = probe.crossings.find(({ target }) => target.includes("-researcher-"))?.n ?? 0;
    expect(proposed).toBeGreaterThan(first);
    const step = Math.ceil((proposed - first + 2) / 5);
    for (let at = first; at <= proposed + 1; at += step) {
      rmSync(place.join("run"), { recursive: true });
      rmSync(place.join("runs.log"));
      const rig = faultyEffects(systemEffects(), { at, when: at % 2 === 1 ? "before" : "after", fault: "die" });
      await run(argv, { count: 2, effects: rig.effects }).catch(() => null);
      const done = ["h0", "h1"].filter((part) => {
        const call = place.read(`run/iterations/00001/calls/i00001-researcher-${part}-a1.json`);
        return call?.includes('"state": "finished"');
      });
      const before = runsOfAgent();
      const { hypotheses } = await run(argv, { count: 2 });
      expect(hypotheses).toEqual(expected);
      for (const part of done) {
        const count = (runs: readonly string[]): number => runs.filter((one) => one.endsWith(part)).length;
        expect(count(runsOfAgent())).toBe(count(before));
      }
      expect(existsSync(place.join("run/iterations/00001/copies"))).toBe(false);
    }
  });

  test("a recording holds the edits, and is replayed without the agent", async () => {
    const argv = agent("echo 5 > src/gain.txt; echo louder", "true");
    const { files } = systemEffects();
    const recording = new RecordingRunner(new CommandRunner(argv), place.join("calls.jsonl"), files);
    const recorded = await run(argv, { runner: recording, count: 2 });
    rmSync(place.join("run"), { recursive: true });
    const replay = new ReplayRunner({ file: place.join("calls.jsonl") });
    const replayed = await run(argv, { runner: replay, count: 2 });
    expect(runsOfAgent()).toEqual(["1-h0", "1-h1"]);
    expect(replayed.hypotheses).toEqual(recorded.hypotheses);
    expect(replayed.refused.map(({ label }) => label)).toEqual(["#2"]);
  });

  test("is refused for a runner that only answers, and without artifacts", async () => {
    expect(() => new Researcher({ runner: async () => "", edits: "in_place" })).toThrow(/only answers/);
    await expect(run(agent("true"), { settings: { artifacts: [] } })).rejects.toThrow(SpecError);
  });

  test("a prompt of the user's own knows which proposal it asks for, and each differs", async () => {
    const prompts = (promptTemplate: string): readonly string[] => {
      const researcher = new Researcher({ runner: new CommandRunner(["x"]), edits: "in_place", promptTemplate });
      const ctx = { ...stage(), count: 2 };
      return [researcher.prompt(ctx), researcher.prompt(ctx, 1)];
    };
    expect(prompts("Do {{task}}.")).toEqual(["Do 1 of 2.", "Do 2 of 2."]);
    expect(new Set(prompts("Do it.")).size).toBe(2);
  });
});
