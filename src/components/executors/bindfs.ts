import { basename, dirname, isAbsolute, join, relative } from "node:path";
import type { Effects, ProcessResult } from "../../kernel/effects.ts";
import { messageOf, StorageError, ToolMissingError } from "../../kernel/errors.ts";
import type { Command, ProbeContext, Starter, TrialPlace } from "../../kernel/ports.ts";
import type { RunContext } from "../../kernel/run-context.ts";
import type { RunSettings } from "../../model/settings.ts";
import { isWithin, isWithinAny } from "../../model/tree-path.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { temporaryFolder } from "../../platform/scratch.ts";
import { runTool } from "../tool.ts";
import { CommandExecutor, defineExecutor } from "./command.ts";
import type { ProcessOptions } from "./process-options.ts";

/** Runs each trial and each check on read-only views of the project and its inputs. It is no sandbox. */
export class BindfsExecutor extends CommandExecutor {
  constructor(command: string | readonly string[], options: ProcessOptions = {}) {
    super(command, options, new BindfsStarter());
  }
}

/** A folder of the project's, and where its read-only view is. */
interface View {
  readonly from: string;
  readonly at: string;
}

/** A view that is mounted, and what shows it, which this AURA has started unless it was there before. */
interface Mounted extends View {
  readonly server?: { readonly stop: AbortController; readonly ended: Promise<ProcessResult> };
}

const INSTALL = "install both, for example by `apt-get install bindfs fuse3`, or use another executor";
const MOUNT_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 5;
const UNMOUNT_TRIES = 5;
const UNMOUNT_WAIT_MS = 100;

/** In a copy of the project inputs are links: they are to lead to the views. */
const RELINK = 'while [ "$1" != -- ]; do [ ! -L "$1" ] || ln -sfn "$2" "$1"; shift 2; done; shift; exec "$@"';

/**
 * Mounts the views once for a run, in a folder that is named after the run: whoever goes on with it after a crash finds
 * what is still mounted there, and uses or unmounts it.
 */
class BindfsStarter implements Starter {
  #effects: Effects | null = null;
  #views: readonly View[] = [];
  #mounted: Mounted[] = [];

  /** Mounts a view of the project for a moment. */
  async probe(ctx: ProbeContext): Promise<void> {
    const { settings, effects, signal } = ctx;
    for (const tool of ["bindfs", "fusermount3"]) {
      if (findProgram(tool, "/", effects.variables.get("PATH"))?.executable) continue;
      throw new ToolMissingError(tool, `executor bindfs needs the program ${tool}, which is not on PATH\n${INSTALL}`);
    }
    this.#effects = effects;
    this.#views = viewsOf(settings, folderOf("run", effects));
    const folder = folderOf(`probe-${effects.token(6)}`, effects);
    try {
      const mounted = await mount({ from: settings.root, at: join(folder, "project") }, effects, signal);
      await unmount(mounted, effects);
    } catch (thrown) {
      signal.throwIfAborted();
      const message = `executor bindfs cannot mount a view of ${settings.root}: ${messageOf(thrown)}`;
      throw new ToolMissingError("bindfs", `${message}\nit needs the right to use /dev/fuse; or use another executor`);
    } finally {
      effects.files.remove(folder);
    }
  }

  async setup({ settings, runId, effects, signal }: RunContext): Promise<void> {
    this.#views = viewsOf(settings, folderOf(runId, effects));
    // Not marked as the run's own: views outlive a killed AURA, as its trials do.
    this.#effects ??= effects;
    for (const view of this.#views) {
      const isThere = isAlive(view, effects);
      if (!isThere) await unmount(view, effects);
      this.#mounted.push(isThere ? view : await mount(view, this.#effects, signal));
    }
  }

  async teardown({ runId, effects }: RunContext): Promise<void> {
    for (const view of this.#mounted.splice(0)) await unmount(view, effects);
    effects.files.remove(folderOf(runId, effects));
  }

  wrap({ file, args, env, cwd }: Command, place: TrialPlace): Command {
    const own = [place.trialDir, ...(place.hidden ?? [])];
    const seen = (path: string): string => (isWithinAny(path, own) ? path : this.#seen(path));
    const inWord = (word: string): string => {
      const at = word.startsWith("/") ? 0 : word.indexOf("=/") + 1;
      return word.slice(0, at) + seen(word.slice(at));
    };
    const links = place.inputs
      .filter((input) => isWithin(input, place.root) && isWithinAny(cwd, own))
      .flatMap((input) => [join(cwd, relative(place.root, input)), seen(input)]);
    const command = {
      file: isAbsolute(file) ? seen(file) : file,
      args: args.map(inWord),
      env: {
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, seen(value)])),
        AURA_INPUTS: JSON.stringify(place.inputs.map(seen)),
      },
      cwd: seen(cwd),
    };
    if (links.length === 0) return command;
    return { ...command, file: "/bin/sh", args: ["-c", RELINK, "sh", ...links, "--", command.file, ...command.args] };
  }

  /** The path in a view, where there is one. */
  #seen(path: string): string {
    const view = this.#views.find(({ from }) => isWithin(path, from));
    return view === undefined ? path : join(view.at, relative(view.from, path));
  }
}

/** The project, and the inputs outside of it: the folder that one is in where it is a file. */
function viewsOf({ root, inputs }: RunSettings, folder: string): readonly View[] {
  const outside = inputs.map(({ absolutePath }) => absolutePath).filter((path) => !isWithin(path, root));
  const folders = [root, ...new Set(outside.map(dirname))];
  return folders.map((from, n) => ({ from, at: join(folder, n === 0 ? "project" : `input-${n}`) }));
}

function folderOf(run: string, { variables }: Pick<Effects, "variables">): string {
  return join(temporaryFolder(variables), `aura-views-${run}`);
}

/** Mounts a view, and answers once it is there. Throws what bindfs says otherwise. */
async function mount({ from, at }: View, effects: Effects, signal: AbortSignal): Promise<Mounted> {
  const { files, processes, variables, clock } = effects;
  files.makeDirectory(at, 0o700);
  const stop = new AbortController();
  const request = {
    file: "bindfs",
    args: ["-f", "-r", "--no-allow-other", from, at],
    cwd: "/",
    env: { PATH: variables.get("PATH") ?? "" },
    graceMs: UNMOUNT_WAIT_MS * UNMOUNT_TRIES,
  };
  const ended = processes.run(request, stop.signal);
  const failed = ended.then(({ message, stderrTail }) => Promise.reject(new Error(message ?? stderrTail.trim())));
  const patience = clock.deadline(MOUNT_TIMEOUT_MS);
  const given = AbortSignal.any([signal, patience.signal]);
  try {
    while (!isMounted(at, effects)) await Promise.race([clock.sleep(LOOK_EVERY_MS, given), failed]);
  } catch (thrown) {
    stop.abort(new Error("it was not mounted"));
    await ended;
    throw thrown;
  } finally {
    patience[Symbol.dispose]();
    failed.catch(() => undefined);
  }
  return { from, at, server: { stop, ended } };
}

/** Unmounts a view, also one that a crash left. What still uses it keeps it, unseen, until it ends. */
async function unmount({ at, server }: Mounted, effects: Effects): Promise<void> {
  const { clock, processes, variables } = effects;
  const never = new AbortController().signal;
  server?.stop.abort(new Error("the run is over"));
  await server?.ended;
  for (let tries = 0; isMounted(at, effects); tries++) {
    const args = tries < UNMOUNT_TRIES ? ["-u", at] : ["-u", "-z", at];
    const request = { file: "fusermount3", args, cwd: "/", env: { PATH: variables.get("PATH") ?? "" }, graceMs: 0 };
    const { end, stderrTail } = await processes.run(request, never);
    if (tries > UNMOUNT_TRIES) throw new Error(`${at} cannot be unmounted: ${end} ${stderrTail.trim()}`);
    if (isMounted(at, effects)) await clock.sleep(UNMOUNT_WAIT_MS, never);
  }
}

/** Whether a view is mounted and shows something, which one whose bindfs was killed does not. */
function isAlive({ at }: View, effects: Effects): boolean {
  try {
    return isMounted(at, effects) && effects.files.list(at) !== null;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}

/** Whether a file system is mounted at exactly this path. */
function isMounted(at: string, { files }: Pick<Effects, "files">): boolean {
  const real = join(files.realPath(dirname(at)) ?? dirname(at), basename(at));
  const escaped = real.replaceAll(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return (files.readText("/proc/self/mountinfo") ?? "").split("\n").some((line) => line.split(" ")[4] === escaped);
}

export const bindfsExecutor = defineExecutor({
  type: "bindfs",
  summary: "Runs each trial as a local process on read-only views of the project and its inputs. It is no sandbox.",
  options: {},
  doctor: async (ctx) => {
    await new BindfsStarter().probe(ctx);
    const version = (tool: string) => runTool({ file: tool, args: ["--version"], hint: INSTALL }, ctx);
    return `${await version("bindfs")}, ${await version("fusermount3")}: a folder was mounted and unmounted`;
  },
  example: { command: "python train.py --lr {lr} --seed {aura.seed}", timeout: "5m" },
  starter: () => new BindfsStarter(),
});
