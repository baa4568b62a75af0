import type { Effects } from "../kernel/effects.ts";
import { ToolMissingError } from "../kernel/errors.ts";
import type { JsonObject } from "../model/json.ts";
import { findProgram } from "../platform/process/executable.ts";
import { placedCommands } from "./commands.ts";
import type { KnownComponent } from "./components.ts";
import { pathText } from "./diagnostics.ts";

/** Where programs are looked for as they are here: not in an environment, a sandbox, a container or on a cluster. */
const PLAIN = new Set(["script", "command", "none", "composed"]);

/**
 * Looks for the program of every command that runs as it would be typed here, before anything is spent on hypotheses
 * that could not be tried. Throws `ToolMissingError` that names the first missing one. Programs given by a path are left
 * alone: a run may make them.
 */
export function probePrograms(
  spec: JsonObject,
  components: readonly KnownComponent[],
  root: string,
  { variables }: Pick<Effects, "variables">,
): void {
  const places = components.filter(
    ({ kind }) => kind === "environment" || kind === "executor" || kind === "experimenter",
  );
  if (places.some(({ definition }) => !PLAIN.has(definition.type))) return;
  for (const { path, command, shell, env } of placedCommands(spec, components)) {
    const word = typeof command === "string" ? command.trim().split(/\s+/)[0] : command[0];
    if (shell || word === undefined || !/^[A-Za-z0-9][\w.+-]*$/.test(word) || Object.hasOwn(env, "PATH")) continue;
    if (findProgram(word, root, variables.get("PATH"))?.executable) continue;
    throw new ToolMissingError(
      word,
      `${word} is needed by ${pathText(path)} and is not on PATH\ninstall it, or give its path in the command`,
    );
  }
}
