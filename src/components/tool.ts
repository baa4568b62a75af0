import type { RunContext } from "../kernel/context.ts";
import { ToolMissingError } from "../kernel/errors.ts";
import type { ProbeContext } from "../kernel/ports.ts";
import { lastLines } from "../text/printable.ts";
import { ownEnvironment } from "./process-environment.ts";

/** Longest that a tool may take to make an environment. */
const TIMEOUT_MS = 3_600_000;
const VERSION_TIMEOUT_MS = 60_000;
const GRACE_MS = 2000;
const LINES_SAID = 5;
/** Names of variables by which package managers are told where packages come from, and with which credentials. */
const OF_MANAGERS = /^(?:PIP|UV|CONDA|MAMBA)_/;

/** What runs a tool: a probe, or a run. */
export type ToolContext = ProbeContext & Partial<Pick<RunContext, "mark" | "keyVariables">>;

export interface ToolRequest {
  readonly file: string;
  readonly args: readonly string[];
  /** Default: the project. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What to do when it fails. */
  readonly hint: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program that an environment is made or looked at with, in the environment that AURA has, less what looks like a
 * secret. Answers with what it printed. Throws `ToolMissingError` with the last lines it said where it fails.
 */
export async function runTool(request: ToolRequest, ctx: ToolContext): Promise<string> {
  const { file, args, hint, timeoutMs = TIMEOUT_MS } = request;
  const { variables, processes, token } = ctx.effects;
  const passEnv = variables.names().filter((name) => OF_MANAGERS.test(name));
  const marker = `${ctx.mark ?? "probe/"}environment/${token(6)}`;
  const aura = { AURA_TRIAL: marker };
  const env = { ...ownEnvironment({ variables, keyVariables: ctx.keyVariables, passEnv, aura }), ...request.env };
  const lines: string[] = [];
  const onLine = (stream: "stdout" | "stderr", line: string) => stream === "stdout" && lines.push(line);
  const cwd = request.cwd ?? ctx.settings.root;
  const bounds = { timeoutMs, graceMs: GRACE_MS };
  const ended = await processes.run({ file, args, cwd, env, marker, onLine, ...bounds }, ctx.signal);
  if (ended.end === "exited" && ended.exitCode === 0) return lines.join("\n");
  ctx.signal.throwIfAborted();
  const said = lastLines(ended.stderrTail || ended.stdoutTail, LINES_SAID);
  const why = ended.message ?? `exit code ${ended.exitCode ?? ended.signal ?? "?"}`;
  const command = [file, ...args.map((arg) => (arg.length > 60 ? "…" : arg))].join(" ");
  throw new ToolMissingError(file, [`\`${command}\` failed: ${why}`, ...said, hint].join("\n"));
}

/** What a tool says when it is asked for its version. Throws `ToolMissingError` where it does not answer. */
export function versionOf(file: string, hint: string, ctx: ToolContext): Promise<string> {
  return runTool({ file, args: ["--version"], hint, timeoutMs: VERSION_TIMEOUT_MS }, ctx);
}
