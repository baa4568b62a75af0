import { join } from "node:path";
import type { Effects, ProcessRequest, ProcessResult } from "../kernel/effects.ts";
import { defined, isJsonObject, type JsonValue, parseJson } from "../model/json.ts";
import { ownProgram } from "./own-program.ts";
import { plainJson } from "./plain-json.ts";
import { makeScratch } from "./scratch.ts";

/** Largest result a function may give, as JSON text. */
const LARGEST_RESULT = 16 * 1024 * 1024;
const GRACE_MS = 2000;

/** A function of a user's module to be called in a process of its own, where it can be ended. */
export interface ModuleFunctionRequest extends Pick<ProcessRequest, "logs" | "onStart" | "onLine"> {
  /** Absolute path; TypeScript too. */
  readonly module: string;
  /** Name of the export. */
  readonly export: string;
  readonly args: readonly JsonValue[];
  /** Given as last argument, with a function `step(data)` that reports progress as a JSON line on stdout. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Of its process and, where it has one of its own, its scratch folder. */
  readonly marker: string;
  /** Folder in which the result is left for a moment; a temporary one by default. */
  readonly scratch?: string;
}

/** What the function gave: a value, an error, or nothing, because its process ended first. */
export type ModuleFunctionResult =
  | { readonly kind: "value"; readonly value: JsonValue; readonly process: ProcessResult }
  | { readonly kind: "threw"; readonly message: string; readonly stack: string; readonly process: ProcessResult }
  | { readonly kind: "ended"; readonly process: ProcessResult };

/** The request as the child reads it from its stdin. */
export interface ChildRequest {
  readonly module: string;
  readonly export: string;
  readonly args: readonly JsonValue[];
  readonly context: Readonly<Record<string, unknown>> | null;
  readonly resultFile: string;
}

/** Runs an exported function of a user's module in a child process. Never rejects for what the function does. */
export async function runModuleFunction(
  request: ModuleFunctionRequest,
  effects: Pick<Effects, "files" | "processes" | "token" | "variables">,
  signal: AbortSignal,
): Promise<ModuleFunctionResult> {
  const own = request.scratch === undefined;
  const scratch = request.scratch ?? makeScratch(request.marker, effects);
  const resultFile = join(scratch, `.result-${effects.token(8)}.json`);
  const toChild: ChildRequest = {
    module: request.module,
    export: request.export,
    args: request.args,
    context: request.context ?? null,
    resultFile,
  };
  const { logs, marker, onStart, onLine, timeoutMs } = request;
  const [file, ...args] = ownProgram("function-child");
  try {
    const result = await effects.processes.run(
      {
        file,
        args,
        cwd: request.cwd,
        env: request.env,
        stdin: JSON.stringify(toChild),
        graceMs: GRACE_MS,
        marker,
        ...defined({ timeoutMs, logs, onStart, onLine }),
      },
      signal,
    );
    // A process that was ended for a reason has that reason, even when its result was there already.
    const ended = result.end !== "exited" && result.end !== "signal";
    return (ended ? null : readResult(effects, resultFile, result)) ?? { kind: "ended", process: result };
  } finally {
    effects.files.remove(own ? scratch : resultFile);
  }
}

/** The child is another program's file: what it left is read as such. */
function readResult(effects: Pick<Effects, "files">, file: string, result: ProcessResult): ModuleFunctionResult | null {
  const stat = effects.files.stat(file);
  if (stat?.kind !== "file") return null;
  const threw = (message: string, stack = message): ModuleFunctionResult => ({
    kind: "threw",
    message,
    stack,
    process: result,
  });
  if (stat.size > LARGEST_RESULT) return threw(`the result has ${stat.size} bytes, and may have ${LARGEST_RESULT}`);
  const answer = parseJson(effects.files.readText(file) ?? "");
  if (!isJsonObject(answer)) return null;
  if (answer.ok !== true) {
    const message = typeof answer.message === "string" ? answer.message : "it failed without a message";
    return threw(message, typeof answer.stack === "string" ? answer.stack : message);
  }
  const plain = plainJson(answer.value ?? null);
  return plain.ok ? { kind: "value", value: plain.value, process: result } : threw(`the result: ${plain.reason}`);
}
