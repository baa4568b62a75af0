import { statSync } from "node:fs";
import type { ProcessRequest } from "../../kernel/effects.ts";
import type { ChildCommand } from "./child.ts";
import { type Refusal, withLimits } from "./limits.ts";
import { missingFolder } from "./refusal.ts";

/** The command that a request comes to, under its limits and with its marker; or why it cannot be started. */
export function childCommand(request: ProcessRequest): ChildCommand | Refusal {
  const { cwd, stdin, limits, marker } = request;
  // The system reports a missing folder as a missing program.
  if (!isFolder(cwd)) return { refused: missingFolder(request) };
  const where = { cwd, path: request.env.PATH, ownPath: process.env.PATH };
  const command = limits === undefined ? request : withLimits(request, limits, where);
  if ("refused" in command) return command;
  const env = marker === undefined ? request.env : { ...request.env, AURA_TRIAL: marker };
  return { file: command.file, args: command.args, cwd, env, ...(stdin === undefined ? {} : { stdin }) };
}

function isFolder(path: string): boolean {
  return !path.includes("\0") && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
