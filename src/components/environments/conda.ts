import { basename, dirname, join, resolve } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { Command, PreparedEnvironment, ProbeContext } from "../../kernel/ports.ts";
import { defined, isJsonObject, parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { runTool, versionOf } from "../tool.ts";
import { cached } from "./cache.ts";
import { askedOf, inPrefix, librariesOf, PrefixEnvironment, pythonFacts } from "./prefix.ts";
import { requirementsText } from "./requirements.ts";

/** Of a way of making them that changes: a new one makes new environments. */
const WAY = 1;
const PROGRAMS = ["conda", "mamba", "micromamba"] as const;
const INSTALL_CONDA = "install one of conda, mamba and micromamba, or say which with `program`";

const OPTIONS = {
  type: "object",
  properties: {
    name: {
      type: "string",
      minLength: 1,
      "x-secret": false,
      description: "An environment that is there, by its name.",
    },
    prefix: {
      type: "string",
      minLength: 1,
      "x-path": "folder",
      description: "An environment that is there, by its folder.",
    },
    file: {
      type: "string",
      minLength: 1,
      "x-path": "file",
      description: "An environment.yml, which one is made from once for all runs with the same content.",
    },
    program: { enum: PROGRAMS, "x-secret": false, description: "What manages it. Default: the first that is on PATH." },
    run: {
      enum: ["direct", "conda-run"],
      default: "direct",
      "x-secret": false,
      description:
        "`direct`: with the variables that activating it sets, read once. `conda-run`: each command through `conda run`, " +
        "which takes longer and keeps a process of its own beside it.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** An environment by name, folder or file. Relative paths are of the project. */
export type CondaOptions = InCode<typeof OPTIONS.properties>;

/**
 * Runs trials in an environment of conda's, mamba's or micromamba's: `new CondaEnvironment("ml-env")`, by its folder
 * (`{ prefix }`), or made once from a file (`{ file: "environment.yml" }`). One that is there is never changed.
 */
export class CondaEnvironment extends PrefixEnvironment {
  readonly #options: CondaOptions;

  constructor(options: string | CondaOptions) {
    super();
    const given = typeof options === "string" ? { name: options } : options;
    assertOptions("CondaEnvironment", given, inSchema(OPTIONS.properties));
    const [wrong] = wrongOptions(given);
    if (wrong) throw new SpecError(`CondaEnvironment: ${wrong.message}`);
    this.#options = given;
  }

  async probe(ctx: ProbeContext): Promise<void> {
    await this.known(ctx);
    await versionOf(this.#program(ctx), INSTALL_CONDA, ctx);
  }

  /** Throws `ToolMissingError` for an environment that is not there. */
  protected override async known(ctx: ProbeContext): Promise<string | null> {
    const { name, prefix } = this.#options;
    if (name !== undefined) return this.#named(name, ctx);
    if (prefix === undefined) return null;
    const folder = resolve(ctx.settings.root, prefix);
    if (ctx.effects.files.stat(join(folder, "conda-meta"))?.kind === "directory") return folder;
    throw new ToolMissingError(
      "conda",
      `${folder} is no conda environment: it has no conda-meta\nmake it, or give its prefix`,
    );
  }

  protected async make(ctx: RunContext): Promise<PreparedEnvironment> {
    const folder = (await this.known(ctx)) ?? (await this.#made(ctx));
    const program = this.#program(ctx);
    const variables = await this.#activated(program, folder, ctx);
    const isDirect = this.#options.run !== "conda-run";
    const { libraries, ...facts } = await this.#facts(folder, ctx);
    const packages = condaPackages(folder, ctx);
    const lock = sha256Of(packages.join("\n"));
    return {
      wrap: (command) =>
        isDirect ? inPrefix(command, folder, variables) : { ...command, ...throughRun(program, folder, command) },
      libraries,
      description: { type: "conda", path: folder, program: basename(program), ...facts, lock, packages },
    };
  }

  /** What Python it has; none is fine. */
  async #facts(folder: string, ctx: RunContext) {
    const facts = await askedOf(folder, (python) => pythonFacts(python, "", ctx), ctx);
    if (facts === null) return { libraries: librariesOf(folder, folder, ctx) };
    const { python, interpreter, base } = facts;
    return { python, interpreter, libraries: librariesOf(folder, base, ctx) };
  }

  async #named(name: string, ctx: ProbeContext): Promise<string> {
    const list = ["env", "list", "--json"];
    const said = await runTool({ file: this.#program(ctx), args: list, hint: INSTALL_CONDA, timeoutMs: 60_000 }, ctx);
    const found = parseJson(said);
    const folders = isJsonObject(found) && Array.isArray(found.envs) ? found.envs : [];
    const paths = folders.filter((path) => typeof path === "string");
    // The first is the one that the others are in.
    const folder = name === "base" ? paths[0] : paths.find((path) => basename(path) === name);
    if (folder !== undefined) return folder;
    const known = paths.map((path) => basename(path)).join(", ") || "none";
    throw new ToolMissingError(
      "conda",
      `there is no conda environment ${name}; there are: ${known}\nmake it: conda create -n ${name}`,
    );
  }

  async #made(ctx: RunContext): Promise<string> {
    const { files } = ctx.effects;
    const file = resolve(ctx.settings.root, this.#options.file ?? "");
    const program = this.#program(ctx);
    const isMicro = basename(program) === "micromamba";
    const build = async (folder: string): Promise<void> => {
      const args = isMicro
        ? ["create", "--yes", "-p", folder, "-f", file]
        : ["env", "create", "-p", folder, "-f", file];
      await runTool({ file: program, args, hint: `see what ${basename(program)} said` }, ctx);
    };
    const stateOf = async (folder: string) => {
      const packages = files.list(join(folder, "conda-meta"))?.map(({ name }) => name);
      return packages === undefined ? null : sha256Of(packages.sort().join("\n"));
    };
    return cached("conda", [WAY, requirementsText(file, dirname(file), files)], { build, stateOf }, ctx);
  }

  /** Variables that activating sets, but `PATH`, by what a command run in it finds. */
  async #activated(program: string, folder: string, ctx: RunContext): Promise<Readonly<Record<string, string>>> {
    const { args } = throughRun(program, folder, { file: "env", args: ["-0"] });
    const before = environmentOf(await runTool({ file: "env", args: ["-0"], hint: INSTALL_CONDA }, ctx));
    const after = environmentOf(await runTool({ file: program, args, hint: INSTALL_CONDA }, ctx));
    const own = new Set(["PATH", "PWD", "OLDPWD", "SHLVL", "_", "AURA_TRIAL", "PYTHONHOME"]);
    const changed = [...after].filter(([name, value]) => before.get(name) !== value && !own.has(name));
    return { CONDA_PREFIX: folder, ...Object.fromEntries(changed) };
  }

  #program(ctx: ProbeContext): string {
    const { program } = this.#options;
    return programOf(program === undefined ? PROGRAMS : [program], ctx);
  }
}

/** The first of these that is on PATH. Throws `ToolMissingError` when none is. */
function programOf(names: readonly string[], { settings: { root }, effects: { variables } }: ProbeContext): string {
  for (const name of names) {
    const found = findProgram(name, root, variables.get("PATH"));
    if (found?.executable) return found.path;
  }
  throw new ToolMissingError(names[0] ?? "conda", `${names.join(", ")}: not on PATH\n${INSTALL_CONDA}`);
}

/** A command through `run`, with its output as it comes: conda keeps it to the end unless it is told not to. */
function throughRun(program: string, folder: string, { file, args }: Pick<Command, "file" | "args">) {
  const live = basename(program) === "micromamba" ? [] : ["--no-capture-output"];
  return { file: program, args: ["run", "-p", folder, ...live, file, ...args] };
}

function environmentOf(printed: string): ReadonlyMap<string, string> {
  const entries = printed.split("\0").filter((entry) => entry.includes("="));
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
}

/** `name=version=build` of all packages, of any language, as conda records them. */
function condaPackages(folder: string, { effects: { files } }: RunContext): readonly string[] {
  const records = files.list(join(folder, "conda-meta")) ?? [];
  return records
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => name.slice(0, -5).replace(/-([^-]*)-([^-]*)$/, "=$1=$2"));
}

function wrongOptions({ name, prefix, file }: CondaOptions) {
  if ([name, prefix, file].filter((option) => option !== undefined).length === 1) return [];
  return [{ path: "", message: "expected one of name, prefix and file" }];
}

export const condaEnvironment = defineComponent({
  kind: "environment",
  type: "conda",
  summary:
    "An environment of conda's, mamba's or micromamba's: by its name or its folder, never changed, or made once from a file " +
    "and kept in the user's cache folder.",
  options: OPTIONS,
  example: { name: "ml-env", run: "direct" },
  create: ({ prefix, file, ...options }, { resolvePath }) =>
    new CondaEnvironment({
      ...options,
      ...defined({
        prefix: prefix === undefined ? undefined : resolvePath(prefix),
        file: file === undefined ? undefined : resolvePath(file),
      }),
    }),
  doctor: async (ctx) => {
    const program = programOf(PROGRAMS, ctx);
    return `${program}: ${await versionOf(program, INSTALL_CONDA, ctx)}`;
  },
  check: wrongOptions,
});
