import { dirname, join, resolve } from "node:path";
import type { RunContext, TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { PreparedEnvironment, ProbeContext } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { EnvironmentRecord } from "../../model/trial.ts";
import { makeScratch } from "../../platform/scratch.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { runTool } from "../tool.ts";
import { cached } from "./cache.ts";
import { PrefixEnvironment, preparedPrefix, pythonFacts, pythonState } from "./prefix.ts";
import { requirementsText } from "./requirements.ts";

/** Of a way of making them that changes: a new one makes new environments. */
const WAY = 1;

const OPTIONS = {
  type: "object",
  properties: {
    path: {
      type: "string",
      minLength: 1,
      "x-path": "folder",
      description: "A venv that is there. It is used and never changed.",
    },
    requirements: {
      type: "string",
      minLength: 1,
      "x-path": "file",
      description: "A requirements file, which a venv is made from by pip, once for all runs with the same content.",
    },
    packages: {
      type: "array",
      items: { type: "string", minLength: 1 },
      "x-secret": false,
      description: "Requirements such as `numpy==2.1`, instead of a file or besides it.",
    },
    python: {
      type: "string",
      minLength: 1,
      "x-secret": false,
      description: "The Python that it is made with: a program, a path, or a version like `3.12`. Default `python3`.",
    },
    throw_away: {
      type: "boolean",
      default: false,
      "x-secret": false,
      description:
        "Each trial, and each check, gets one of its own, which it may change, such as by pip; it is gone when it ends. Making it takes seconds.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** A venv by its path, or what one is made from: a requirements file, packages, a Python. Relative paths are of the project. */
export type VenvOptions = InCode<typeof OPTIONS.properties>;

/**
 * Runs trials with the Python of a venv: `new VenvEnvironment({ path: ".venv" })` uses one that is there and never changes
 * it; `new VenvEnvironment({ requirements: "requirements.txt" })` makes one, once, in the user's cache folder.
 */
export class VenvEnvironment extends PrefixEnvironment {
  readonly #options: VenvOptions;

  constructor(options: VenvOptions) {
    super();
    assertOptions("VenvEnvironment", options, inSchema(OPTIONS.properties));
    const [wrong] = wrongOptions(options);
    if (wrong) throw new SpecError(`VenvEnvironment: ${wrong.message}`);
    this.#options = options;
  }

  async probe(ctx: ProbeContext): Promise<void> {
    const path = await this.known(ctx);
    if (path === null) await runTool({ ...this.#making(["-c", "import venv, ensurepip"]), timeoutMs: 60_000 }, ctx);
    else await pythonFacts(join(path, "bin", "python"), `make it: python3 -m venv ${path}`, ctx);
  }

  protected override async known({ settings: { root } }: ProbeContext): Promise<string | null> {
    return this.#options.path === undefined ? null : resolve(root, this.#options.path);
  }

  protected async make(ctx: RunContext): Promise<PreparedEnvironment> {
    const folder = (await this.known(ctx)) ?? (await this.#made(ctx));
    return preparedPrefix("venv", folder, { VIRTUAL_ENV: folder }, ctx);
  }

  override async setup(ctx: RunContext): Promise<void> {
    if (!this.#options.throwAway) await super.setup(ctx);
  }

  override async prepare(hypothesis: Hypothesis, ctx: TrialContext): Promise<PreparedEnvironment> {
    if (!this.#options.throwAway) return super.prepare(hypothesis, ctx);
    const folder = join(ctx.trialDir, "venv");
    // One that a trial is gone on with is as that has made it.
    if (ctx.adopt === undefined) await this.#build(folder, ctx);
    const prepared = await preparedPrefix("venv", folder, { VIRTUAL_ENV: folder }, ctx);
    const whole: EnvironmentRecord = prepared.description ?? { type: "venv" };
    const { path: _path, interpreter: _interpreter, ...same } = whole;
    const remove = (): void => ctx.effects.files.remove(folder);
    return { ...prepared, description: { ...same, type: whole.type }, remove };
  }

  async #made(ctx: RunContext): Promise<string> {
    const { packages = [] } = this.#options;
    const { python, base } = await pythonFacts(this.#python(), INSTALL_PYTHON, ctx);
    const stateOf = (folder: string) => pythonState(folder, ctx);
    const parts = [WAY, base, python, this.#source(ctx).text, packages];
    return cached("venv", parts, { build: (folder) => this.#build(folder, ctx), stateOf }, ctx);
  }

  #source({ settings: { root }, effects: { files } }: RunContext) {
    const requirements = this.#options.requirements && resolve(root, this.#options.requirements);
    return { requirements, text: requirements ? requirementsText(requirements, dirname(requirements), files) : "" };
  }

  async #build(folder: string, ctx: RunContext): Promise<void> {
    const { packages = [], throwAway } = this.#options;
    const { requirements, text } = this.#source(ctx);
    const hasPackages = text !== "" || packages.length > 0;
    const bare = hasPackages || throwAway ? [] : ["--without-pip"];
    await runTool(this.#making(["-m", "venv", ...bare, folder]), ctx);
    if (!hasPackages) return;
    const wanted = [...(requirements ? ["-r", requirements] : []), "--", ...packages];
    const pip = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", ...wanted];
    const cwd = requirements ? dirname(requirements) : ctx.settings.root;
    await runTool({ file: join(folder, "bin", "python"), args: pip, cwd, hint: "see what pip said" }, ctx);
  }

  #making(args: readonly string[]) {
    return { file: this.#python(), args, hint: INSTALL_PYTHON };
  }

  #python(): string {
    const { python = "python3" } = this.#options;
    return /^\d/.test(python) ? `python${python}` : python;
  }
}

const INSTALL_PYTHON = "install Python with venv: apt-get install python3 python3-venv";

function wrongOptions({ path, requirements, packages, python, throwAway }: VenvOptions) {
  const isMade = requirements !== undefined || packages !== undefined || python !== undefined || throwAway === true;
  if (path !== undefined && isMade)
    return [
      { path: "path", message: "a venv that is there is never changed: give path alone, or what one is made from" },
    ];
  return path === undefined && !isMade
    ? [{ path: "", message: "expected path, or requirements, packages or python to make a venv from" }]
    : [];
}

export const venvEnvironment = defineComponent({
  kind: "environment",
  type: "venv",
  summary:
    "The Python of a venv: one that is there, by its `path`, or one that is made once from requirements and kept in the " +
    "user's cache folder (`AURA_CACHE_DIR`, or else `~/.cache/aura`).",
  options: OPTIONS,
  example: { requirements: "requirements.txt", python: "3.12", throw_away: false },
  create: ({ path, requirements, throw_away: throwAway, ...options }, { resolvePath }) =>
    new VenvEnvironment({
      ...options,
      throwAway,
      ...(path === undefined ? {} : { path: resolvePath(path) }),
      ...(requirements === undefined ? {} : { requirements: resolvePath(requirements) }),
    }),
  doctor: async (ctx) => {
    const folder = makeScratch(`doctor-${ctx.effects.token(6)}`, ctx.effects);
    try {
      await runTool({ file: "python3", args: ["-m", "venv", folder], hint: INSTALL_PYTHON }, ctx);
      return `Python ${(await pythonFacts(join(folder, "bin", "python"), INSTALL_PYTHON, ctx)).python}: a venv was made`;
    } finally {
      ctx.effects.files.remove(folder);
    }
  },
  check: ({ throw_away: throwAway, ...options }) => wrongOptions({ ...options, throwAway }),
});
