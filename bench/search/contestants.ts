/** Who is compared: AURA's sampler as it is and as it was at a commit, and Optuna's, each asked for one configuration at a time. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ObservationLog } from "../../src/components/researchers/search/observations.ts";
import type { Sampler } from "../../src/components/researchers/search/sampler.ts";
import { tpeSampler } from "../../src/components/researchers/search/tpe.ts";
import { compileSpace, type Space, type SpaceOptions } from "../../src/components/space/space.ts";
import type { HistoryEntry } from "../../src/kernel/context.ts";
import { hypothesisId } from "../../src/model/ids.ts";
import type { JsonObject, JsonValue } from "../../src/model/json.ts";
import { seededRng } from "../../src/platform/rng.ts";
import { ROOT } from "../measure.ts";

/** Searches a space: `observe` is called `evaluations` times and answers with the loss that is seen. */
export interface Contestant {
  readonly name: string;
  search(space: SpaceOptions, seed: number, evaluations: number, observe: (spec: JsonObject) => number): Promise<void>;
}

/** AURA's sampler, its random numbers forked for each iteration as in a run. */
export function aura(name: string, samplerOf: (space: Space) => Sampler = tpeSampler): Contestant {
  return {
    name,
    async search(options, seed, evaluations, observe) {
      const space = compileSpace(options);
      const sampler = samplerOf(space);
      const log = new ObservationLog(space, "minimize");
      const entries: HistoryEntry[] = [];
      while (entries.length < evaluations) {
        const iteration = entries.length + 1;
        const [draw] = sampler(log, 1, seededRng(seed).fork(`i${iteration}`)).draws;
        if (draw === undefined) return;
        const { spec } = draw;
        const id = hypothesisId(iteration, 0);
        entries.push({ id, iteration, spec, score: observe(spec), passed: true, reason: "", hasEdits: false });
        log.update(entries);
      }
    },
  };
}

/** The sampler of an earlier commit, read from the repository's history. Throws when the commit is not there. */
export async function auraAt(commit: string): Promise<Contestant> {
  const folder = mkdtempSync(join(tmpdir(), "aura-bench-search-"));
  try {
    const archive = execFileSync("git", ["archive", commit, "package.json", "src"], {
      cwd: ROOT,
      maxBuffer: 2 ** 28,
      stdio: ["ignore", "pipe", "pipe"],
    });
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
    const file = join(folder, "src/components/researchers/search/tpe.ts");
    const earlier: { readonly tpeSampler: typeof tpeSampler } = await import(file);
    return aura(`aura at ${commit.slice(0, 7)}`, earlier.tpeSampler);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const OPTUNA = "5.0.0";
/** Options of Optuna's TPESampler by the name they have here. */
const VARIANTS = { default: {}, group: { multivariate: true, group: true }, univariate: { multivariate: false } };

/** Optuna's samplers, each in a process of its own, and the versions of what they run on. `close` ends the processes. */
export interface Optuna {
  readonly contestants: readonly Contestant[];
  readonly versions: JsonObject;
  close(): void;
}

/**
 * Optuna's samplers. Installs Optuna once, from the registry that pip is set up for, into `node_modules/.cache`. Throws
 * when that does not work.
 */
export async function startOptuna(): Promise<Optuna> {
  const python = optunaPython();
  const started = Object.entries(VARIANTS).map(([variant, options]) => ({ variant, options, asked: ask(python) }));
  const greetings = await Promise.all(started.map(({ asked }) => asked.read()));
  return {
    versions: greetings[0] ?? {},
    contestants: started.map(({ variant, options, asked }) => ({
      name: `optuna ${variant}`,
      async search(space, seed, evaluations, observe) {
        asked.write({ space, seed, evaluations, options });
        for (let evaluation = 0; evaluation < evaluations; evaluation++) asked.write(observe(await asked.read()));
      },
    })),
    close: () => {
      for (const { asked } of started) asked.end();
    },
  };
}

/** A process that answers lines of JSON with lines of JSON, after one with its versions. */
function ask(python: string) {
  const script = join(import.meta.dirname, "ask_optuna.py");
  const { stdin, stdout } = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    async read(): Promise<JsonObject> {
      const { value, done } = await lines.next();
      if (done) throw new Error("Optuna's process has ended.");
      return JSON.parse(value);
    },
    write: (message: JsonValue) => stdin.write(`${JSON.stringify(message)}\n`),
    end: () => stdin.end(),
  };
}

/** A Python that has Optuna: where it was installed before, pip finds it there and asks no registry. */
function optunaPython(): string {
  const folder = join(ROOT, "node_modules/.cache", `optuna-${OPTUNA}`);
  const python = join(folder, "bin/python");
  const pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", `optuna==${OPTUNA}`];
  for (const [program = "", ...args] of [["python3", "-m", "venv", folder], pip]) {
    execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  }
  return python;
}
