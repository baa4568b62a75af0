import { delimiter, join, normalize } from "node:path";
import type { RunContext, TrialContext } from "../../kernel/context.ts";
import { ToolMissingError } from "../../kernel/errors.ts";
import type { Command, ExecutionEnvironment, PreparedEnvironment, ProbeContext } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { runTool, type ToolContext } from "../tool.ts";

/** A Python as it tells of itself. */
export interface PythonFacts {
  /** Its version: `3.12.4`. */
  readonly python: string;
  readonly interpreter: string;
  /** Where the Python is that it was made with. */
  readonly base: string;
  /** `name==version`, sorted. */
  readonly packages: readonly string[];
}

const FACTS = `
import json, sys
from importlib.metadata import distributions
packages = {"%s==%s" % (d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"]}
print(json.dumps({"python": sys.version.split()[0], "interpreter": sys.executable, "base": sys.base_prefix, "packages": sorted(packages)}))
`;
const FACTS_TIMEOUT_MS = 60_000;

/** Asks a Python for its facts. Throws `ToolMissingError` where it does not work. */
export async function pythonFacts(python: string, hint: string, ctx: ToolContext): Promise<PythonFacts> {
  const request = { file: python, args: ["-I", "-c", FACTS], hint, timeoutMs: FACTS_TIMEOUT_MS };
  const facts = parseJson(await runTool(request, ctx));
  if (isFacts(facts)) return facts;
  throw new ToolMissingError(python, `${python} does not say what it is\n${hint}`);
}

function isFacts(value: unknown): value is PythonFacts {
  if (!isJsonObject(value)) return false;
  const { python, interpreter, base, packages } = value;
  return [python, interpreter, base].every((text) => typeof text === "string") && Array.isArray(packages);
}

/** What the Python in this folder answers; `null` where there is none that works. */
export async function askedOf<T>(
  folder: string,
  ask: (python: string) => Promise<T>,
  { effects: { files } }: ToolContext,
): Promise<T | null> {
  const python = join(folder, "bin", "python");
  if (files.stat(python) === null) return null;
  try {
    return await ask(python);
  } catch (error) {
    if (error instanceof ToolMissingError) return null;
    throw error;
  }
}

const STATE = `
import os, sys
from importlib.metadata import distributions
gone = lambda d: [str(f) for f in d.files or [] if f.suffix != ".pyc" and not os.path.exists(f.locate())]
print(sys.version, sorted((str(d.metadata["Name"]), d.version, gone(d)) for d in distributions()))
`;

/** Which packages the Python in this folder has, and which of their files are gone; `null` where it does not work. */
export async function pythonState(folder: string, ctx: ToolContext): Promise<string | null> {
  const request = { args: ["-I", "-c", STATE], hint: "", timeoutMs: FACTS_TIMEOUT_MS };
  return askedOf(folder, async (file) => sha256Of(await runTool({ ...request, file }, ctx)), ctx);
}

/** So that a trial takes nothing from the user's own packages, writes nothing to it, and its lines come as it prints them. */
const PYTHON_VARIABLES = { PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" };

/** A command that finds its programs in this folder first, as after `activate`, without a shell. */
export function inPrefix(command: Command, prefix: string, variables: Readonly<Record<string, string>>): Command {
  const bin = join(prefix, "bin");
  const { PYTHONHOME: _other, PATH, ...env } = command.env;
  const own = command.file.includes("/") ? null : findProgram(command.file, command.cwd, bin);
  return {
    ...command,
    file: own?.executable ? own.path : command.file,
    env: { ...PYTHON_VARIABLES, ...env, ...variables, PATH: PATH ? `${bin}${delimiter}${PATH}` : bin },
  };
}

/** Folders of a Python that a sandbox has to show: its own, and that of the Python it was made with, where it is no system's. */
export function librariesOf(prefix: string, base: string, { effects: { files } }: Pick<RunContext, "effects">) {
  const all = [prefix, files.realPath(prefix), base, files.realPath(base)].filter((path) => path !== null);
  return [...new Set(all.map((path) => normalize(path)))].filter((path) => !/^\/usr(?:\/|$)/.test(path));
}

/** The environment of a Python in a folder, with a record of what it is. */
export async function preparedPrefix(
  type: string,
  prefix: string,
  variables: Readonly<Record<string, string>>,
  ctx: RunContext,
): Promise<PreparedEnvironment> {
  const { base, packages, ...facts } = await pythonFacts(join(prefix, "bin", "python"), "make it again", ctx);
  return {
    wrap: (command) => inPrefix(command, prefix, variables),
    libraries: librariesOf(prefix, base, ctx),
    description: { type, path: prefix, ...facts, lock: sha256Of(packages.join("\n")), packages },
  };
}

/** An environment that is made once, before the run, and is a folder with programs in its `bin`. */
export abstract class PrefixEnvironment implements ExecutionEnvironment {
  #ready: Promise<PreparedEnvironment> | null = null;

  /** Looks for what makes it. Throws `ToolMissingError`. */
  abstract probe(ctx: ProbeContext): Promise<void>;

  /** Makes it, or finds it as it was made. */
  protected abstract make(ctx: RunContext): Promise<PreparedEnvironment>;

  /** Its folder, where that is known before it was made. */
  protected async known(_ctx: ProbeContext): Promise<string | null> {
    return null;
  }

  async setup(ctx: RunContext): Promise<void> {
    await this.#once(ctx);
  }

  async prepare(_hypothesis: Hypothesis, ctx: TrialContext): Promise<PreparedEnvironment> {
    return this.#once(ctx);
  }

  async missing(program: string, ctx: ProbeContext): Promise<string | null> {
    const { settings, effects } = ctx;
    const prefix = await this.known(ctx);
    // What is to be installed in it may bring any program.
    if (prefix === null) return null;
    const bin = join(prefix, "bin");
    const found = findProgram(program, settings.root, [bin, effects.variables.get("PATH")].join(delimiter));
    return found?.executable ? null : `is neither in ${bin} nor on PATH`;
  }

  async #once(ctx: RunContext): Promise<PreparedEnvironment> {
    this.#ready ??= this.make(ctx);
    try {
      return await this.#ready;
    } catch (error) {
      this.#ready = null;
      throw error;
    }
  }
}
