import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, RunFailedError } from "../kernel/errors.ts";
import { shellWord } from "../text/shell.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Cut } from "./signals.ts";

/** What is to be said of a command that was cut off, where it came from, and how to go on. */
export function cutOff(cut: Cut, workspace: Pick<Workspace, "root" | "hasRun"> | null): Error {
  const place = userPlace(cut.kind === "error" ? stackOf(cut.thrown) : stackOf(new Error()));
  // Without a place in a module of the user's it may be AURA's own, and its stack is what a report needs.
  if (cut.kind === "error" && place === null && cut.thrown instanceof Error) return cut.thrown;
  const where = place === null || cut.kind === "idle" ? "" : `\n  at ${place}`;
  const go = workspace?.hasRun()
    ? `\nwhat was recorded is kept; go on with: aura resume ${shellWord(workspace.root)}`
    : "";
  return new RunFailedError(`${what(cut)}${where}${go}`, cut.kind === "error" ? { cause: cut.thrown } : {});
}

function what(cut: Cut): string {
  if (cut.kind === "error") {
    return `an error that nothing catches was thrown by a component or what it started: ${messageOf(cut.thrown)}`;
  }
  return cut.kind === "exit"
    ? "a component ended AURA's process with process.exit before the command was done; throw an error instead"
    : "the command cannot go on: it waits for something that can never come, such as a promise of a component's that is never settled";
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? "") : "";
}

const OWN = dirname(dirname(fileURLToPath(import.meta.url))) + sep;

/** The innermost place of a stack that is neither Node's nor AURA's, as `file:line:column`. */
function userPlace(stack: string): string | null {
  for (const line of stack.split("\n")) {
    const place = /^\s+at (?:.*\()?(?:file:\/\/)?(\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !place.startsWith(OWN) && !place.includes(`${sep}node_modules${sep}`)) return place;
  }
  return null;
}
