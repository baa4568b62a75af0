import { dirname, isAbsolute, join, relative } from "node:path";
import type { Effects } from "../../kernel/effects.ts";
import { messageOf, RunFailedError, ToolMissingError } from "../../kernel/errors.ts";
import type { Command, Ended, ProbeContext, Starter, TrialPlace, View } from "../../kernel/ports.ts";
import type { RunContext } from "../../kernel/run-context.ts";
import type { RunSettings } from "../../model/settings.ts";
import { isWithin, isWithinAny } from "../../model/tree-path.ts";
import { findProgram } from "../../platform/process/invocation.ts";
import { temporaryFolder } from "../../platform/scratch.ts";
import { isAlive, type Mounted, mount, unmount } from "../../platform/views.ts";
import { versionOf } from "../tool.ts";
import { CommandExecutor, defineExecutor } from "./command.ts";
import type { ProcessOptions } from "./process-options.ts";

/** Runs each trial and each check on read-only views of the project and its inputs. It is no sandbox. */
export class BindfsExecutor extends CommandExecutor {
  constructor(command: string | readonly string[], options: ProcessOptions = {}) {
    super(command, options, new BindfsStarter());
  }
}

const INSTALL = "install both, for example by `apt-get install bindfs fuse3`, or use another executor";
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
    this.#views = viewsOfRun(settings, folderOf("run", effects));
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
    this.#views = viewsOfRun(settings, folderOf(runId, effects));
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

  wrap(command: Command, place: TrialPlace): Command {
    const gone = this.#gone();
    if (gone !== null) throw new RunFailedError(`executor bindfs: ${gone}`);
    return onViews(command, place, this.#views);
  }

  /** What a trial came to under which a view went away is not its own doing. */
  ended(ended: Ended): Ended {
    const gone = ended.end === "exited" || ended.end === "signal" ? this.#gone() : null;
    return gone === null ? ended : { ...ended, end: "lost", exitCode: null, signal: null, message: gone };
  }

  /** Where a view was, there is an empty folder: a trial could take that for its data. */
  #gone(): string | null {
    const effects = this.#effects;
    const gone = effects && this.#mounted.find((view) => !isAlive(view, effects));
    if (!gone) return null;
    return `the view of ${gone.from} is gone: its bindfs was ended, or it was unmounted; a resume mounts it again`;
  }

  onNode(): Starter {
    return {
      wrap: (command, place) => {
        const job = (command.env.AURA_TRIAL ?? "trial").replace(/[^A-Za-z0-9_.-]+/g, "-");
        const views = viewsOf(place.root, place.inputs, `/tmp/aura-views-${job}`);
        return { ...onViews(command, place, views), views };
      },
    };
  }
}

/** The same command, with the views in the place of the folders that they show. */
function onViews({ file, args, env, cwd }: Command, place: TrialPlace, views: readonly View[]): Command {
  const own = [place.trialDir, ...(place.hidden ?? [])];
  const seen = (path: string): string => {
    const view = isWithinAny(path, own) ? undefined : views.find(({ from }) => isWithin(path, from));
    return view === undefined ? path : join(view.at, relative(view.from, path));
  };
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

/** The project, and the inputs outside of it: the folder that one is in where it is a file. */
function viewsOf(root: string, inputs: readonly string[], folder: string): readonly View[] {
  const outside = inputs.filter((path) => !isWithin(path, root));
  const folders = [root, ...new Set(outside.map(dirname))];
  return folders.map((from, n) => ({ from, at: join(folder, n === 0 ? "project" : `input-${n}`) }));
}

function viewsOfRun({ root, inputs }: RunSettings, folder: string): readonly View[] {
  const paths = inputs.map(({ absolutePath }) => absolutePath);
  return viewsOf(root, paths, folder);
}

function folderOf(run: string, { variables }: Pick<Effects, "variables">): string {
  return join(temporaryFolder(variables), `aura-views-${run}`);
}

export const bindfsExecutor = defineExecutor({
  type: "bindfs",
  summary: "Runs each trial as a local process on read-only views of the project and its inputs. It is no sandbox.",
  options: {},
  doctor: async (ctx) => {
    await new BindfsStarter().probe(ctx);
    const [bindfs, fusermount] = [
      await versionOf("bindfs", INSTALL, ctx),
      await versionOf("fusermount3", INSTALL, ctx),
    ];
    return `${bindfs}, ${fusermount}: a folder was mounted and unmounted`;
  },
  example: { command: "python train.py --lr {lr} --seed {aura.seed}", timeout: "5m" },
  starter: () => new BindfsStarter(),
});
