import type { ProcessRequest } from "../../kernel/effects.ts";
import { quoted } from "../../text/printable.ts";
import type { StartError } from "./child.ts";
import { findProgram } from "./executable.ts";
import { missingProgram } from "./limits.ts";

const EXPLANATIONS: Readonly<Record<string, string>> = {
  E2BIG: "its arguments and variables are too long for the system; pass long values in a file",
  EAGAIN: "the system allows no more processes now",
  ENOMEM: "there is not enough memory to start a process",
  EMFILE: "AURA has too many files open",
  ENFILE: "the system has too many files open",
};

/** Says why a process could not be started, from what the system answered and what can be seen of the request. */
export function explainRefusal({ code, message }: StartError, request: ProcessRequest): string {
  if (code === "ENOENT" || code === "EACCES") {
    const program = findProgram(request.file, request.cwd, request.env.PATH);
    if (!program?.executable) return missingProgram(request.file, program !== null);
    if (code === "ENOENT") {
      return `cannot start ${quoted(request.file)}: the interpreter that its first line names, or its loader, does not exist`;
    }
  }
  if (code === "ERR_INVALID_ARG_VALUE" && hasNul(request)) {
    return `cannot start ${quoted(request.file)}: an argument, a variable or the folder holds a NUL byte`;
  }
  return `cannot start ${quoted(request.file)}: ${EXPLANATIONS[code] ?? message.slice(0, 500)}`;
}

export function missingFolder({ file, cwd }: ProcessRequest): string {
  return `cannot start ${quoted(file)}: the working directory ${cwd} does not exist`;
}

function hasNul(request: ProcessRequest): boolean {
  const { file, args, cwd, env } = request;
  return [file, cwd, ...args, ...Object.entries(env).flat()].some((text) => text.includes("\0"));
}
