import { relative } from "node:path";
import { terminalLine } from "../text/printable.ts";
import { shellPath } from "../text/shell.ts";
import { holdsRun } from "../workspace/locate.ts";
import { describeHolder, type LockHolder } from "../workspace/lock/holder.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { asTyped } from "./typed.ts";

/** Says on stderr that a lock is waited for: whose, and for how long at most. */
export function sayWaiting({ root }: Pick<Workspace, "root">): (holder: LockHolder, atMostMs: number) => void {
  return (holder, atMostMs) => {
    const who = terminalLine(describeHolder(holder));
    process.stderr.write(
      `${terminalLine(root)} is locked by ${who}, which cannot be looked up from here: watching for ${atMostMs / 1000} s at most whether it is alive\n`,
    );
  };
}

/** Says on stderr how to go on after a stop in that wait, if there is a run to go on with. */
export function sayStoppedWaiting({ root, effects }: Pick<Workspace, "root" | "effects">): void {
  if (!holdsRun(root, effects.files)) return;
  const here = relative(process.cwd(), root) || ".";
  process.stderr.write(
    asTyped(
      `stopped before anything was done; go on with: aura resume ${shellPath(here.startsWith("..") ? root : here)}\n`,
    ),
  );
}
