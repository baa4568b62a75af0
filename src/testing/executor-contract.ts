import type { AnyDefinition } from "../kernel/define.ts";
import type { Effects } from "../kernel/effects.ts";
import { EXIT, isAuraError } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import type { FinishedTrial, Trial } from "../model/trial.ts";
import { systemEffects } from "../platform/system.ts";
import { planRun } from "../spec/plan.ts";
import { copyOf, hold, type TestFramework } from "./definition-contract.ts";
import { resolveData, runData, type SpecRun, type SpecRunOptions } from "./run-spec.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temp-dir.ts";

const TRIAL = "i00001-h000-t00";
const CHECK = "i00001-h000-c00";
/** From the stop to the end of the run: less than an executor has to end what does not end itself. */
const STOP_BOUND_MS = 15_000;
const MEGABYTE = 1024 * 1024;
/** Written by a grandchild again and again, for as long as it lives. */
const BEAT = "beat.log";

/** Programs that the suite runs, as files of its project. */
const PROGRAMS = {
  "arguments.mjs": "console.log(JSON.stringify({ score: 1, words: process.argv.slice(2) }));",
  "exit.mjs": "console.error('said before'); process.exitCode = Number(process.argv[2]);",
  "flood.mjs": `
    const chunk = Buffer.alloc(${MEGABYTE}, "a line of sixty-four characters, one like the other, to the end\\n");
    let left = Number(process.argv[2]);
    const write = () => {
      while (left-- > 0) if (!process.stdout.write(chunk)) return process.stdout.once("drain", write);
      console.log(JSON.stringify({ score: 1 }));
    };
    write();`,
  "family.mjs": `
    import { spawn } from "node:child_process";
    import { appendFileSync } from "node:fs";
    import own from "node:process";
    const beat = process.env.AURA_TRIAL_DIR + "/${BEAT}";
    if (process.argv[2] === "grandchild") {
      own.on("SIGTERM", () => {});
      setInterval(() => appendFileSync(beat, "."), 20);
    } else {
      spawn(process.execPath, [import.meta.filename, "grandchild"], { stdio: "ignore", detached: true }).unref();
      if (process.argv[2] === "leaves") setTimeout(() => console.log(JSON.stringify({ score: 1 })), 500);
      else setInterval(() => {}, 1000);
    }`,
  "surroundings.mjs": `
    import { readlinkSync, writeFileSync } from "node:fs";
    import { getPriority } from "node:os";
    const own = (name) => { try { return readlinkSync("/proc/self/ns/" + name) === process.argv[2 + names.indexOf(name)]; } catch { return null; } };
    const names = ["mnt", "net", "pid", "user", "ipc", "uts"];
    const { AURA_TRIAL_DIR } = process.env;
    const known = {
      cwd: process.cwd(),
      priority: getPriority(),
      namespaces: names.map(own),
      variables: Object.keys(process.env).filter((name) => !["_", "PWD", "OLDPWD", "SHLVL"].includes(name)).sort(),
      given: process.env.GIVEN ?? null,
      passed: process.env.PASSED ?? null,
      user: process.getuid?.() ?? null,
    };
    writeFileSync(AURA_TRIAL_DIR + "/surroundings.json", JSON.stringify(known));
    console.log(JSON.stringify({ score: 1, ...known }));`,
} as const;

/** What the executor is tried with. */
export interface ExecutorContractOptions {
  /** An environment, as a spec names it. In one that starts commands itself, its promises are those that are tried. */
  readonly environment?: JsonObject & { readonly type: string };
}

/**
 * The promises of every executor that runs commands, whatever it starts them with: run it over your own with the
 * `describe` and `it` of your test framework. It runs whole specs that name it; options besides those of all are taken
 * from the definition's example. A broken promise throws an `Error` that says which. Some tests take several seconds.
 */
export function executorContract(
  definition: AnyDefinition<"executor">,
  { describe, it }: TestFramework,
  options: ExecutorContractOptions = {},
): void {
  const within = options.environment === undefined ? "" : ` in environment ${options.environment.type}`;
  describe(`trials and checks of executor ${definition.type}${within}`, () => {
    const promise = (name: string, body: (project: Project) => Promise<void>): void =>
      it(name, async () => {
        using project = new Project(definition, options);
        await body(project);
      });

    promise("get their arguments byte for byte", async (project) => {
      const values = ["; touch X", "$(touch X)", "`id`", "a\nb", "'\"\\", "*", "{lr}", "\u202e é 漢 \u{1f600}", "a  b"];
      const space = Object.fromEntries(values.map((value, n) => [`v${n}`, { type: "categorical", choices: [value] }]));
      const command = ["node", "arguments.mjs", ...values.map((_, n) => `{v${n}}`), "a word", ""];
      const { words } = metricsOf(await project.trial({ command }, { space }));
      same(words, [...values, "a word", ""], "the arguments");
    });

    promise(
      "get their environment: AURA's variables, `env` and `pass_env`, and no key of a provider",
      async (project) => {
        const options = { command: "node surroundings.mjs", env: { GIVEN: "{aura.id}" }, pass_env: ["PASSED"] };
        const { variables, given, passed } = metricsOf(await project.trial(options));
        same([given, passed], ["i00001-h000", "passed on"], "`env` and `pass_env`");
        const names = Array.isArray(variables) ? variables : [];
        for (const name of ["PATH", "AURA_ID", "AURA_SEED", "AURA_TRIAL", "AURA_TRIAL_DIR", "AURA_TRIAL_PARAMS"])
          hold(names.includes(name), `${name} is not set`);
        hold(!names.includes("OPENAI_API_KEY"), "a provider's key was passed on without being asked for");
      },
    );

    promise("run the same way", async (project) => {
      const namespaces = ["mnt", "net", "pid", "user", "ipc", "uts"].map((name) => `"${project.namespace(name)}"`);
      const command = `node surroundings.mjs ${namespaces.join(" ")}`;
      const spec = { checks: [{ name: "same", command }] };
      const { workspace } = await project.run({ command, env: { GIVEN: "x" } }, spec);
      const [trial, check] = [TRIAL, CHECK].map((id) => project.json(`${workspace.trialDir(id, 1)}/surroundings.json`));
      hold(isJsonObject(check), "the check did not run, or could not write to its folder");
      same(check, trial, "what a check finds around it");
    });

    promise("fail with their exit code and the end of what they said", async (project) => {
      const { outcome } = await project.trial({ command: "node exit.mjs 42" });
      if (outcome.status !== "failed") throw new Error(`its status is ${outcome.status}`);
      same(outcome.failure.exitCode, 42, "the exit code");
      hold(outcome.failure.logTail?.includes("said before") === true, "the end of its stderr is not in the failure");
    });

    promise("are ended by a failed check", async (project) => {
      const spec = { checks: [{ name: "wrong", command: "node exit.mjs 3" }] };
      const { workspace } = await project.run({ command: "node arguments.mjs" }, spec);
      hold(workspace.readTrialRecord(TRIAL) === null, "the trial ran though its check had failed");
    });

    promise("leave no grandchild behind", async (project) => {
      const { workspace } = await project.run({ command: "node family.mjs leaves" });
      same(finished(workspace.readTrialRecord(TRIAL)).outcome.status, "completed", "its status");
      await project.isStill(`${workspace.trialDir(TRIAL, 1)}/${BEAT}`);
    });

    promise("time out as `timeout`, and end with all they started", async (project) => {
      const { workspace } = await project.run({ command: "node family.mjs stays", timeout: "1500ms" });
      same(finished(workspace.readTrialRecord(TRIAL)).outcome.status, "timeout", "its status");
      await project.isStill(`${workspace.trialDir(TRIAL, 1)}/${BEAT}`);
    });

    promise("end within their bound, with all they started, when the run is stopped", async (project) => {
      const stop = new AbortController();
      const running = project.run({ command: "node family.mjs stays" }, {}, { signal: stop.signal });
      const early = running.then(() => Promise.reject(new Error("the run ended before it was stopped")));
      await Promise.race([project.appears(BEAT), early]);
      const from = project.effects.clock.monotonic();
      early.catch(() => undefined);
      stop.abort(new Error("stopped by the suite"));
      const { result, workspace } = await running;
      hold(project.effects.clock.monotonic() - from < STOP_BOUND_MS, "it took longer than an executor may");
      hold(result.reason !== "iterations", `the run ended by ${result.reason}`);
      hold(workspace.readTrialRecord(TRIAL)?.state === "started", "a trial that was cut short counts as finished");
      await project.isStill(`${workspace.trialDir(TRIAL, 1)}/${BEAT}`);
    });

    promise("may write 100 MB, of which logs keep the beginning and the end", async (project) => {
      const options = { command: "node flood.mjs 100", limits: { output: "200M" }, timeout: "2m" };
      const { workspace } = await project.run(options);
      same(metricsOf(finished(workspace.readTrialRecord(TRIAL))).score, 1, "the metric after the flood");
      const kept = project.find("stdout.log").reduce((sum, path) => sum + (project.sizeOf(path) ?? 0), 0);
      hold(kept > MEGABYTE && kept < 20 * MEGABYTE, `the log holds ${kept} bytes`);
    });

    promise("are ended when they write more than `limits.output`", async (project) => {
      const { outcome } = await project.trial({ command: "node flood.mjs 100", limits: { output: "1M" } });
      same(outcome.status, "output-limit", "its status");
    });

    promise("whose program is missing end the run with 5 before anything is spent", async (project) => {
      const missing = "no-such-program-here";
      await project.refuses({ command: `${missing} {aura.seed}` }, {}, missing);
      await project.refuses({ command: "node exit.mjs 0" }, { checks: [{ name: "c", command: missing }] }, missing);
      await project.refuses({ command: "./missing.sh {aura.seed}", cwd: "copy" }, {}, "./missing.sh");
      await project.refuses({ command: "node exit.mjs 0", env: { PATH: project.dir.path } }, {}, "node");
    });

    promise("are shown by a dry run", async (project) => {
      const resolved = await resolveData(project.dir, project.spec({ command: "node exit.mjs 42" }), project.options);
      const { commands } = await planRun(resolved, project.dir.join("run"), project.effects);
      const [planned] = commands;
      hold(planned?.argv?.slice(-2).join(" ") === "exit.mjs 42", `it shows ${JSON.stringify(planned)}`);
    });
  });
}

/** A project in a temporary folder, and a spec whose experimenter has the executor. */
class Project implements Disposable {
  readonly dir: TemporaryDirectory = temporaryDirectory();
  readonly effects: Effects;
  readonly options: SpecRunOptions;
  readonly #definition: AnyDefinition<"executor">;
  readonly #parts: ExecutorContractOptions;

  constructor(definition: AnyDefinition<"executor">, parts: ExecutorContractOptions) {
    this.#definition = definition;
    this.#parts = parts;
    for (const [name, text] of Object.entries(PROGRAMS)) this.dir.write(name, text);
    const effects = systemEffects();
    const given = new Map([
      ["PASSED", "passed on"],
      ["OPENAI_API_KEY", "sk-never"],
      ...["PATH", "HOME", "SLURM_CONF", "DOCKER_HOST"].flatMap((name): [string, string][] => {
        const value = effects.variables.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ]);
    const variables = { get: (name: string) => given.get(name), names: () => [...given.keys()] };
    this.effects = { ...effects, variables };
    this.options = { definitions: [definition], effects: this.effects };
  }

  spec(options: JsonObject, more: JsonObject & { readonly space?: JsonObject } = {}): JsonObject {
    const { space = { n: { type: "int", low: 1, high: 1 } }, ...rest } = more;
    const executor = { ...copyOf(this.#definition.example), ...options, type: this.#definition.type };
    return {
      version: 1,
      name: "contract",
      metric: { name: "score" },
      stop: { iterations: 1 },
      researcher: { type: "search", method: "grid", num_tasks: 1, space },
      experimenter: { type: "composed", executor, ...this.#parts },
      ...rest,
    };
  }

  run(options: JsonObject, more: JsonObject = {}, run: SpecRunOptions = {}): Promise<SpecRun> {
    return runData(this.dir, this.spec(options, more), { ...this.options, ...run });
  }

  async trial(options: JsonObject, more: JsonObject = {}): Promise<FinishedTrial> {
    const { workspace } = await this.run(options, more);
    return finished(workspace.readTrialRecord(TRIAL));
  }

  /** Holds when the spec is refused with 5 for this program and nothing was written. */
  async refuses(options: JsonObject, more: JsonObject, program: string): Promise<void> {
    try {
      await this.run(options, more);
    } catch (error) {
      if (!isAuraError(error)) throw error;
      same(error.exitCode, EXIT.toolMissing, "the exit code");
      hold(error.message.includes(program), `the message does not name ${program}: ${error.message}`);
      hold(this.effects.files.stat(this.dir.join("run")) === null, "something was written");
      return;
    }
    hold(false, `${program} is missing, and the run went on`);
  }

  namespace(name: string): string {
    return this.effects.files.readLink(`/proc/self/ns/${name}`) ?? "";
  }

  json(path: string): JsonValue {
    const text = this.effects.files.readText(path);
    return text === null ? null : JSON.parse(text);
  }

  sizeOf(path: string): number | undefined {
    return this.effects.files.stat(path)?.size;
  }

  /** Files of the run whose path ends like this. */
  find(end: string, folder: string = this.dir.join("run")): readonly string[] {
    return (this.effects.files.list(folder) ?? []).flatMap(({ name, kind }) => {
      const path = `${folder}/${name}`;
      if (kind === "directory") return this.find(end, path);
      return path.endsWith(end) ? [path] : [];
    });
  }

  /** Waits for a file of the run with this name. */
  async appears(name: string): Promise<string> {
    for (let tries = 0; tries < 400; tries++) {
      const [found] = this.find(name);
      if (found !== undefined) return found;
      await this.#sleep(50);
    }
    throw new Error(`${name} was never written`);
  }

  /** Holds when nobody writes to a file any more. */
  async isStill(path: string): Promise<void> {
    const size = this.sizeOf(path) ?? 0;
    hold(size > 0, "the grandchild never ran");
    await this.#sleep(300);
    hold(this.sizeOf(path) === size, "a grandchild lives on after its trial");
  }

  #sleep(ms: number): Promise<void> {
    return this.effects.clock.sleep(ms, new AbortController().signal);
  }

  [Symbol.dispose](): void {
    this.effects.processes.killAll();
    this.dir[Symbol.dispose]();
  }
}

function finished(trial: Trial | null): FinishedTrial {
  if (trial?.state !== "finished") throw new Error("the trial has no finished record");
  return trial;
}

function metricsOf({ outcome }: FinishedTrial): JsonObject {
  if (outcome.status === "completed" && isJsonObject(outcome.output)) return outcome.output;
  throw new Error(`the trial gave no metrics: ${JSON.stringify(outcome)}`);
}

function same(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  hold(a === b, `${what}: expected ${b}, found ${a}`);
}
