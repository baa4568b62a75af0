import { join, resolve } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema } from "../../kernel/given-options.ts";
import type { PreparedEnvironment, ProbeContext } from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { runTool, versionOf } from "../tool.ts";
import { cached } from "./cache.ts";
import { PrefixEnvironment, preparedPrefix, pythonState } from "./prefix.ts";
import { packageAt, requirementsText } from "./requirements.ts";

/** Of a way of making them that changes: a new one makes new environments. */
const WAY = 1;
const INSTALL_UV = "install uv: pip install uv";
/** Files of a venv are no links into uv's cache, so that a trial which changes one changes no other venv. */
const UV_VARIABLES = { UV_NO_PROGRESS: "1", UV_LINK_MODE: "copy" };

const OPTIONS = {
  type: "object",
  properties: {
    project: {
      type: "string",
      minLength: 1,
      "x-path": "folder",
      description:
        "A folder with pyproject.toml and uv.lock: the locked versions are installed, the project itself is not.",
    },
    requirements: {
      type: "string",
      minLength: 1,
      "x-path": "file",
      description: "A requirements file, instead of a project.",
    },
    python: {
      type: "string",
      minLength: 1,
      "x-secret": false,
      description: "The Python as uv knows it, like `3.12`. Default: what the project asks for, or else uv's choice.",
    },
    offline: {
      type: "boolean",
      default: false,
      "x-scores": false,
      "x-secret": false,
      description: "Use what is in uv's cache, and no network.",
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** A project with a uv.lock, or a requirements file. Relative paths are of the project that is run. */
export type UvOptions = InCode<typeof OPTIONS.properties>;

/**
 * Runs trials with packages that uv installs, once, before the run, into the user's cache folder: `new UvEnvironment({
 * project: "." })`. Trials run its Python directly; uv is never called for one.
 */
export class UvEnvironment extends PrefixEnvironment {
  readonly #options: UvOptions;

  constructor(options: UvOptions) {
    super();
    assertOptions("UvEnvironment", options, inSchema(OPTIONS.properties));
    const [wrong] = wrongOptions(options);
    if (wrong) throw new SpecError(`UvEnvironment: ${wrong.message}`);
    this.#options = options;
  }

  async probe(ctx: ProbeContext): Promise<void> {
    await versionOf("uv", INSTALL_UV, ctx);
    this.#source(ctx);
  }

  protected async make(ctx: RunContext): Promise<PreparedEnvironment> {
    const { python } = this.#options;
    const { text, install } = this.#source(ctx);
    const stateOf = (folder: string) => pythonState(folder, ctx);
    const parts = [WAY, python ?? null, text];
    const folder = await cached("uv", parts, { build: (into) => install(into, ctx), stateOf }, ctx);
    return preparedPrefix("uv", folder, { VIRTUAL_ENV: folder }, ctx);
  }

  /** What decides which versions are installed, and how they are. Throws `ToolMissingError` for a project without a lock. */
  #source({ settings: { root }, effects: { files } }: ProbeContext) {
    const { project, requirements = "", python, offline } = this.#options;
    const shared = [...(python === undefined ? [] : ["--python", python]), ...(offline ? ["--offline"] : [])];
    if (project === undefined) {
      const file = resolve(root, requirements);
      const install = async (folder: string, ctx: RunContext): Promise<void> => {
        await this.#uv(["venv", "--no-project", ...shared, folder], {}, ctx);
        const into = ["--python", join(folder, "bin", "python"), ...(offline ? ["--offline"] : [])];
        await this.#uv(["pip", "install", ...into, "-r", file], {}, ctx);
      };
      return { text: requirementsText(file, root, files), install };
    }
    const folder = resolve(root, project);
    const [lock, declared] = ["uv.lock", "pyproject.toml"].map((name) => files.readText(join(folder, name)));
    if (lock == null || declared == null) {
      const lacks = lock == null ? "uv.lock" : "pyproject.toml";
      throw new ToolMissingError("uv", `${folder} has no ${lacks}\nwrite it there once: uv lock --project ${folder}`);
    }
    const install = async (into: string, ctx: RunContext): Promise<void> => {
      const args = ["sync", "--project", folder, "--locked", "--no-install-project", ...shared];
      await this.#uv(args, { UV_PROJECT_ENVIRONMENT: into }, ctx);
    };
    const local = [...lock.matchAll(/^source = \{ (editable|directory) = "([^"]+)" \}/gm)]
      .filter(([, , place]) => place !== ".")
      .map(([, how, place = ""]) => packageAt(resolve(folder, place), how === "editable", files));
    return { text: [declared, lock, ...local].join("\n"), install };
  }

  async #uv(args: readonly string[], env: Readonly<Record<string, string>>, ctx: RunContext): Promise<void> {
    const offline = this.#options.offline ? { UV_PYTHON_DOWNLOADS: "never" } : {};
    await runTool({ file: "uv", args, env: { ...UV_VARIABLES, ...offline, ...env }, hint: "see what uv said" }, ctx);
  }
}

function wrongOptions({ project, requirements }: UvOptions) {
  if ((project === undefined) !== (requirements === undefined)) return [];
  const message = "expected either project, a folder with uv.lock, or requirements, a file";
  return [{ path: project === undefined ? "" : "project", message }];
}

export const uvEnvironment = defineComponent({
  kind: "environment",
  type: "uv",
  summary:
    "A Python with the packages of a locked uv project, or of a requirements file, installed once before the run and kept " +
    "in the user's cache folder.",
  options: OPTIONS,
  example: { project: ".", python: "3.12", offline: false },
  create: ({ project, requirements, python, offline }, { resolvePath }) =>
    new UvEnvironment({
      offline,
      ...defined({
        python,
        project: project === undefined ? undefined : resolvePath(project),
        requirements: requirements === undefined ? undefined : resolvePath(requirements),
      }),
    }),
  doctor: (ctx) => versionOf("uv", INSTALL_UV, ctx),
  check: wrongOptions,
});
