import { resolve } from "node:path";
import type { Effects } from "../../kernel/effects.ts";
import { SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { inSchema, POSITIVE } from "../../kernel/given-options.ts";
import type { Command, Ended, ProbeContext, Starter, TrialPlace } from "../../kernel/ports.ts";
import type { RunContext } from "../../kernel/run-context.ts";
import { isWithin } from "../../model/tree-path.ts";
import { parseSize } from "../../model/units.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { endedBy, signalOfCode } from "../../platform/process/signal-code.ts";
import { SIZE_LIMIT } from "../../schema/dialect.ts";
import { absoluteMounts, MOUNT, type Mount } from "../mounts.ts";
import { ProjectSecrets } from "../project-secrets.ts";
import { versionOf } from "../tool.ts";
import { foldersToShow, placeWords, systemWords } from "./bwrap-view.ts";
import { CommandExecutor, defineExecutor } from "./command.ts";
import type { ProcessOptions } from "./process-options.ts";

const bwrapProperties = {
  network: {
    enum: ["none", "host"],
    default: "none",
    description: "`none`: a loopback of its own and nothing else. `host`: the network of this machine.",
  },
  mounts: {
    type: "array",
    items: MOUNT,
    description:
      "What trials see besides the system, the project and their own folder, at the same path and read-only: files, folders, devices such as /dev/nvidia0.",
  },
  tmp: {
    ...SIZE_LIMIT,
    default: "1G",
    description: "Most that /tmp and /dev/shm, which are memory, hold each.",
  },
} as const;

/** Options of a sandbox in code. */
export interface BwrapOptions extends ProcessOptions {
  /** Default `none`. */
  readonly network?: "none" | "host";
  /** Paths, read from the project's folder. */
  readonly mounts?: readonly (string | Mount)[];
  /** Bytes of /tmp and of /dev/shm; default 1 GiB. */
  readonly tmpBytes?: number;
}

const TMP_BYTES = parseSize(bwrapProperties.tmp.default);

/** Runs each trial and each check in a sandbox of bubblewrap's, with no network and none of the user's files. */
export class BwrapExecutor extends CommandExecutor {
  constructor(command: string | readonly string[], options: BwrapOptions = {}) {
    const { tmp: _tmp, ...same } = inSchema(bwrapProperties);
    super(command, options, new BwrapStarter(options), { ...same, tmpBytes: POSITIVE });
  }
}

const INSTALL = "install it, for example by `apt-get install bubblewrap` (0.8 or newer), or use another executor";
const NO_NAMESPACES =
  "this machine keeps user namespaces from you: see `sysctl user.max_user_namespaces kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns`; in a container, it has to be started so that they are allowed";
const PROBE_TIMEOUT_MS = 20_000;

/** bwrap tells what became of the command on descriptor 3: a file beside the trial's folder, where no trial can write. */
const TELLING = 'exec "$@" 3>"$0"';

/** Puts commands into a sandbox: a root of what is named and nothing else. There is no way in which it does without. */
export class BwrapStarter implements Starter {
  readonly isolates = true;
  readonly #options: SandboxOptions;
  readonly #secrets = new ProjectSecrets();
  #machine: Machine | null;

  constructor(options: SandboxOptions, host?: { readonly effects: Effects; readonly root: string }) {
    this.#options = options;
    this.#machine = host === undefined ? null : machineOf(host.effects, host.root, options);
  }

  /** Makes a sandbox like a trial's, and runs `true` in it. */
  async probe({ settings, effects, signal }: ProbeContext): Promise<void> {
    const { root } = settings;
    const home = effects.variables.get("HOME");
    const real = (path: string): string => effects.files.realPath(path) ?? path;
    if (home !== undefined && isWithin(real(home), real(root))) {
      throw new SpecError(`the project ${root} holds your home, which a sandbox hides; give it a folder of its own`);
    }
    this.#machine = machineOf(effects, root, this.#options);
    const { program, system, mounts } = this.#machine;
    if (program === null) {
      throw new ToolMissingError("bwrap", `executor bwrap needs the program bwrap, which is not on PATH\n${INSTALL}`);
    }
    const place = { root, inputs: settings.inputs.map(({ absolutePath }) => absolutePath), libraries: [] };
    const args = [...system, ...placeWords(place, mounts, effects.files), "--", "true"];
    const bounds = { timeoutMs: PROBE_TIMEOUT_MS, graceMs: 0 };
    const request = { file: program, args, cwd: root, env: { PATH: "/usr/bin:/bin" }, ...bounds };
    const { end, exitCode, message, stderrTail } = await effects.processes.run(request, signal);
    signal.throwIfAborted();
    if (end === "exited" && exitCode === 0) return;
    const said = message ?? (stderrTail.trim().split("\n")[0] || `exit code ${exitCode}`);
    const remedy = /permi|namespace|not permitted/i.test(said) ? NO_NAMESPACES : INSTALL;
    throw new ToolMissingError(
      "bwrap",
      `executor bwrap cannot make a sandbox here, tried with \`true\`: ${said}\n${remedy}`,
    );
  }

  async setup(ctx: RunContext): Promise<void> {
    // In code nothing was looked for before the run.
    if (this.#machine === null) await this.probe(ctx);
  }

  wrap({ file, args, env, cwd }: Command, place: TrialPlace): Command {
    const { program, system, mounts, effects } = this.#known();
    const hidden = [...(place.hidden ?? []), ...this.#secrets.in(place, effects)];
    const words = [...system, ...placeWords({ ...place, hidden }, mounts, effects.files), "--chdir", cwd, "--"];
    const tmp = env.TMPDIR === undefined ? {} : { TMPDIR: "/tmp" };
    return {
      file: "/bin/sh",
      args: ["-c", TELLING, toldIn(place), program ?? "bwrap", "--json-status-fd", "3", ...words, file, ...args],
      env: { ...env, ...tmp },
      cwd,
    };
  }

  /** How the command itself ended, which is not how the sandbox did that was never made. */
  ended(ended: Ended, place: TrialPlace): Ended {
    const { effects } = this.#known();
    const told = effects.files.readText(toldIn(place));
    effects.files.remove(toldIn(place));
    if (ended.end !== "exited") return ended;
    // Read already, by an AURA that was killed before it had recorded the end: there was a sandbox.
    if (told === null) return asSignal(ended);
    const code = /"exit-code": *(\d+)/.exec(told)?.[1];
    if (code !== undefined) return asSignal({ ...ended, exitCode: Number(code) });
    const { stderrTail = "" } = ended;
    const last = stderrTail.trim().split("\n").at(-1) ?? "";
    const failed = { ...ended, exitCode: null, signal: null };
    if (!last.startsWith("bwrap: execvp ")) {
      return {
        ...failed,
        end: "spawn-error",
        message: `the sandbox could not be made: ${last || "bwrap said nothing"}`,
      };
    }
    const message = `cannot start ${last.slice("bwrap: execvp ".length)} (in the sandbox, which shows what \`mounts\` names)`;
    return { ...failed, end: "cannot-start", message };
  }

  async missing(program: string, { settings, effects }: ProbeContext): Promise<string | null> {
    const path = findProgram(program, settings.root, effects.variables.get("PATH"))?.path;
    const { mounts } = this.#known();
    const folders = [
      settings.root,
      ...settings.inputs.map(({ absolutePath }) => absolutePath),
      ...mounts.map(({ path }) => path),
    ];
    if (path === undefined) return null;
    const toShow = foldersToShow(path, folders, effects.files, effects.variables.get("HOME") ?? "/");
    if (toShow.length === 0) return null;
    const unseen = program === path ? `${path} is a program that` : `${program} is ${path}, which`;
    throw new ToolMissingError(
      program,
      `${unseen} the sandbox does not show\nshow where it is installed: \`mounts: [${toShow.map(asYaml).join(", ")}]\``,
    );
  }

  #known(): Machine {
    if (this.#machine === null) throw new Error("a sandbox can be made only after setup");
    return this.#machine;
  }
}

type SandboxOptions = Pick<BwrapOptions, "network" | "mounts" | "tmpBytes">;

/** What a sandbox on this machine is made of, whatever runs in it. */
interface Machine {
  readonly effects: Effects;
  /** Where bwrap is; `null` when it is not on PATH. */
  readonly program: string | null;
  readonly system: readonly string[];
  readonly mounts: readonly Mount[];
}

function machineOf(effects: Effects, root: string, { network, mounts = [], tmpBytes }: SandboxOptions): Machine {
  const { files, variables } = effects;
  return {
    effects,
    program: findProgram("bwrap", "/", variables.get("PATH"))?.path ?? null,
    system: systemWords(files, tmpBytes ?? TMP_BYTES, network ?? "none"),
    mounts: absoluteMounts(mounts, (path) => resolve(root, path)),
  };
}

/** Where bwrap tells what became of the command of an attempt. */
function toldIn({ trialDir }: TrialPlace): string {
  return `${trialDir}.sandbox`;
}

/** A program that a signal has ended is told as the exit code that a shell would give it. */
function asSignal(ended: Ended): Ended {
  const signal = signalOfCode(ended.exitCode);
  if (signal === undefined) return ended;
  return { ...ended, end: "signal", exitCode: null, signal, message: endedBy(signal) };
}

/** A path as one entry of a list. */
function asYaml(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : JSON.stringify(path);
}

export const bwrapExecutor = defineExecutor({
  type: "bwrap",
  summary: "Runs each trial in a sandbox of bubblewrap's: no network, read-only project, none of the user's files.",
  options: bwrapProperties,
  doctor: async (ctx) => {
    await new BwrapStarter({}).probe(ctx);
    return `${await versionOf("bwrap", INSTALL, ctx)}: \`true\` ran in a sandbox`;
  },
  example: {
    command: "python train.py --lr {lr} --seed {aura.seed}",
    timeout: "5m",
    network: "none",
    mounts: [],
    tmp: "1G",
  },
  starter: ({ network, mounts = [], tmp }, { effects, root, resolvePath }) => {
    const absolute = absoluteMounts(mounts, resolvePath);
    return new BwrapStarter({ network, mounts: absolute, tmpBytes: parseSize(tmp) }, { effects, root });
  },
});
