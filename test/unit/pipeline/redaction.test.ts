import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { CommandRunner, Researcher, ScriptExperimenter } from "../../../src/index.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { loadSpec, resolveSpec } from "../../../src/spec/index.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { type FaultPlan, faultyEffects } from "../../support/faults.ts";
import { pipelineIn, runPipeline } from "../../support/pipeline-run.ts";
import { testFolder } from "../../support/test-folder.ts";
import { few, thorough } from "../../support/thorough.ts";

const TOKEN = 'tok"en\\-5f3a';
const GOAL = "the-goal-nobody-may-know";
const PIN = "424242";

const place = testFolder({ "code.txt": "1\n" });
beforeEach(() => {
  place.write(
    "train.sh",
    `echo "the token is $TOKEN"; echo "error: $TOKEN" >&2
[ "$1" = 0 ] && exit 1
printf '{"score": %s, "pin": %s, "%s": 1, "note": "pin %s"}\\n' "$1" "$PIN" "$NAME" "$PIN"`,
  );
  place.write(
    "agent.sh",
    `cat > prompt.txt; [ "$AURA_ROLE" = reviewer ] && { echo "[{\\"finding\\": \\"found $NAME\\"}]"; exit 0; }
printf '[{"x": 2, "metadata": {"why": "%s"}, "rationale": "for %s"}, {"x": 0}, {"x": 1, "edits": [{"path": "code.txt", "content": "%s"}]}, {"id": "%s", "y": 9}]' "$NAME" "$GOAL" "$NAME" "$NAME"`,
  );
  place.write(
    "spec.yaml",
    `version: 1
name: hidden
goal: reach \${GOAL}
metric: { name: score }
stop: { iterations: 2 }
artifacts: [code.txt]
start: may_fail
files: [train.sh, agent.sh]
runners:
  agent: { type: command, argv: [sh, "${"$"}{DIR}/agent.sh"], env: { NAME: "\${NAME}", GOAL: "\${GOAL}" }, record: calls.jsonl }
researcher: { type: prompt, runner: agent, num_tasks: 4, vars: { pin: "\${PIN}" }, prompt: "{{goal}} {{iteration}} {{history}} {{failures}} {{insights}} {{vars.pin}}", space: { x: { type: int, low: 0, high: 9 } } }
experimenter: { type: script, command: [sh, train.sh, "{x?}"], env: { TOKEN: "\${TOKEN}", NAME: "\${NAME}", PIN: "\${PIN}" } }
reviewer: { type: prompt, runner: agent }
`,
  );
});

async function run(workspace: string, plan: FaultPlan | null = null) {
  const values: Readonly<Record<string, string>> = { TOKEN, GOAL, PIN, NAME: "name-of-secret", DIR: place.path };
  const system = systemEffects();
  const variables = {
    get: (name: string) => values[name] ?? system.variables.get(name),
    names: system.variables.names,
  };
  const rig = faultyEffects({ ...system, variables }, plan);
  const { effects } = rig;
  const loaded = await loadSpec(place.join("spec.yaml"), { effects });
  const home = await Workspace.create(place.join(workspace), { effects, ifExists: "resume" });
  const resolved = await resolveSpec(loaded, { effects });
  const { pipeline, events } = await pipelineIn(place, { ...resolved, workspace: home });
  const ended = await pipeline.run().catch((thrown: unknown) => thrown);
  return { workspace: home, events, ended, crossings: rig.crossings };
}

/** Files below a folder that hold any of the secrets, as they are or as JSON has them. */
function betrayers(folder: string, text = [TOKEN, GOAL, "name-of-secret", `pin ${PIN}`]): readonly string[] {
  const wanted = text.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const holds = (content: string): boolean => wanted.some((secret) => content.includes(secret));
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => holds(readFileSync(path, "utf8")) || holds(path));
}

describe("values of a spec's variables", () => {
  test("are nowhere in the workspace, the events or the recording, although trials and models print them", async () => {
    const { workspace, events } = await run("run");
    const failed = workspace.readTrial("i00001-h001-t00")?.outcome;
    expect(failed).toMatchObject({ status: "failed", failure: { logTail: "error: [redacted]\n" } });
    expect(place.read("run/iterations/00001/trials/i00001-h000-t00.a1.stdout.log")).toContain("token is [redacted]");
    const [call = ""] = workspace.listCalls(1).filter((id) => id.includes("researcher"));
    expect(workspace.readCall(1, call)?.prompt).toMatch(/^reach \[redacted\] 1 .*\[redacted\]$/s);
    expect(betrayers(place.join("run"))).toEqual([]);
    expect(
      betrayers(place.path)
        .map((path) => path.slice(place.path.length + 1))
        .sort(),
    ).toEqual(["prompt.txt"]);
    expect(JSON.stringify(events)).not.toMatch(/the-goal-nobody|name-of-secret|tok\\*"en/);
  });

  test("reach the model and the trials as they are", async () => {
    await run("run");
    expect(place.read("prompt.txt")).toContain(`reach ${GOAL}`);
  });

  test("do not disturb numbers that look like them, nor where the spec is", async () => {
    const { workspace, ended } = await run("run");
    expect(workspace.readExperiment("i00001-h000")?.summary).toMatchObject({
      score: 2,
      pin: Number(PIN),
      "[redacted]": 1,
    });
    expect(ended).toMatchObject({ reason: "iterations", best: { score: 2 } });
    expect(place.read("run/spec.yaml")).toContain("${TOKEN}");
  });

  thorough("make no difference to a run that is killed and resumed", async () => {
    const undisturbed = await run("whole");
    const researched = undisturbed.workspace.listCalls(2).map((id) => undisturbed.workspace.readCall(2, id));
    for (const share of few([0.8, 0.5])) {
      const name = `killed-${share}`;
      await run(name, { at: Math.floor(undisturbed.crossings.length * share), when: "before", fault: "die" });
      const { workspace } = await run(name);
      const hashes = workspace.listCalls(2).map((id) => workspace.readCall(2, id)?.promptHash);
      expect(hashes).toEqual(researched.map((call) => call?.promptHash));
      expect(betrayers(place.join(name))).toEqual([]);
    }
  });

  test("are not in why a request was sent again", async () => {
    const agent = place.read("agent.sh");
    const busy = '[ -e asked ] || { touch asked; echo "status 429 for $NAME" >&2; exit 1; }';
    place.write("agent.sh", `${busy}\n${agent}`);
    const { workspace } = await run("run");
    const [call = ""] = workspace.listCalls(1).filter((id) => id.includes("researcher"));
    const reason = expect.stringContaining("status 429 for [redacted]");
    expect(workspace.readCall(1, call)).toMatchObject({ state: "finished", failedTries: [{ reason }] });
    expect(betrayers(place.join("run"))).toEqual([]);
  });

  test("are not in what an error says", async () => {
    place.write("agent.sh", 'echo "no access with $NAME" >&2; exit 1');
    const { events, ended } = await run("run");
    expect(JSON.stringify(events)).toContain("no access with [redacted]");
    expect(String(ended)).not.toContain("name-of-secret");
    expect(betrayers(place.join("run"))).toEqual([]);
  });
});

test("of a pipeline in code, secrets that its parts let their processes have are nowhere, and other variables stay", async () => {
  const [agent, trial] = ["asked-with-9d1", "trained-with-7c2"];
  const values: Readonly<Record<string, string>> = { AGENT_TOKEN: agent, TRIAL_KEY: trial, MODE: "in-the-open" };
  const system = systemEffects();
  const variables = { ...system.variables, get: (name: string) => values[name] ?? system.variables.get(name) };
  const workspace = await Workspace.create(place.join("coded"), { effects: { ...system, variables } });
  const reply = `printf '[{"x": 1, "rationale": "%s"}]' "$AGENT_TOKEN"`;
  const { result } = await runPipeline(place, {
    workspace,
    root: place.path,
    researcher: new Researcher({ runner: new CommandRunner(["sh", "-c", reply], { passEnv: ["AGENT_TOKEN"] }) }),
    experimenter: new ScriptExperimenter(["sh", "-c", 'echo "$TRIAL_KEY $MODE"; echo score=1'], {
      passEnv: ["TRIAL_KEY", "MODE"],
    }),
    maxIterations: 1,
  });
  expect(result).toMatchObject({ reason: "iterations", best: { score: 1 } });
  const log = place.read("coded/iterations/00001/trials/i00001-h000-t00.a1.stdout.log");
  expect(log).toBe("[redacted] in-the-open\nscore=1\n");
  expect(workspace.readHypothesis("i00001-h000")?.rationale).toBe("[redacted]");
  expect(betrayers(place.join("coded"), [agent, trial])).toEqual([]);
});
