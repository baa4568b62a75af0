import { basename, dirname, join } from "node:path";
import { type Effects, NEVER, type ProcessResult } from "../kernel/effects.ts";
import { unlessRefused } from "../kernel/errors.ts";
import type { View } from "../kernel/starter.ts";

/** A view that is mounted, and what shows it, which this process has started unless it was there before. */
export interface Mounted extends View {
  readonly server?: { readonly stop: AbortController; readonly ended: Promise<ProcessResult> };
}

const MOUNT_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 5;
const UNMOUNT_TRIES = 5;
const UNMOUNT_WAIT_MS = 100;

/** Mounts a view, and answers once it is there. Throws what bindfs says otherwise. */
export async function mount({ from, at }: View, effects: Effects, signal: AbortSignal): Promise<Mounted> {
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
export async function unmount({ at, server }: Mounted, effects: Effects): Promise<void> {
  const { clock, processes, variables } = effects;
  server?.stop.abort(new Error("it is not needed any more"));
  await server?.ended;
  for (let tries = 0; isMounted(at, effects); tries++) {
    const args = tries < UNMOUNT_TRIES ? ["-u", at] : ["-u", "-z", at];
    const request = { file: "fusermount3", args, cwd: "/", env: { PATH: variables.get("PATH") ?? "" }, graceMs: 0 };
    const { end, stderrTail } = await processes.run(request, NEVER);
    if (tries > UNMOUNT_TRIES) throw new Error(`${at} cannot be unmounted: ${end} ${stderrTail.trim()}`);
    if (isMounted(at, effects)) await clock.sleep(UNMOUNT_WAIT_MS, NEVER);
  }
}

/** Whether a view is mounted and shows something, which one whose bindfs was killed does not. */
export function isAlive({ at }: View, effects: Effects): boolean {
  return isMounted(at, effects) && unlessRefused(() => effects.files.list(at)) !== null;
}

/** Whether a file system is mounted at exactly this path. */
function isMounted(at: string, { files }: Pick<Effects, "files">): boolean {
  const real = join(files.realPath(dirname(at)) ?? dirname(at), basename(at));
  const escaped = real.replaceAll(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return (files.readText("/proc/self/mountinfo") ?? "").split("\n").some((line) => line.split(" ")[4] === escaped);
}
