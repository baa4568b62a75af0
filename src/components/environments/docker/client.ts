import type { Effects, ProcessResult } from "../../../kernel/effects.ts";
import type { Job } from "../../../kernel/ports.ts";
import { defined } from "../../../model/json.ts";
import { findProgram } from "../../../platform/process/invocation.ts";
import { lastLines } from "../../../text/printable.ts";

/** What the docker client itself reads; everything else of its environment is the container's. */
const CLIENT_VARIABLES = /^(?:HOME|PATH|TMPDIR|XDG_RUNTIME_DIR|SSH_AUTH_SOCK|DOCKER_\w+|BUILDKIT_\w+|LD_\w+|GO\w+)$/;
const CALL_TIMEOUT_MS = 60_000;
const CALL_OUTPUT_BYTES = 1024 * 1024;
const LINES_SAID = 8;

/** The docker client on this machine: a program, and the environment that it runs in. */
export class DockerClient {
  readonly effects: Effects;
  readonly env: Readonly<Record<string, string>>;

  constructor(effects: Effects) {
    const { variables } = effects;
    this.effects = effects;
    this.env = Object.fromEntries(
      variables.names().flatMap((name) => {
        const value = isClientVariable(name) ? variables.get(name) : undefined;
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  /** Where it is; `null` when it is not on PATH. */
  get program(): string | null {
    return findProgram("docker", "/", this.env.PATH)?.path ?? null;
  }

  /** Runs one of its commands whose output is a job's. */
  attach(job: Job, args: readonly string[], env: Readonly<Record<string, string>>, signal: AbortSignal) {
    const { cwd, logs, outputLimitBytes, onLine, marker } = job;
    const request = { file: this.program ?? "docker", args, cwd, env, logs, onLine, marker, graceMs: 0 };
    return this.effects.processes.run({ ...request, ...defined({ outputLimitBytes }) }, signal);
  }

  /** Asks the daemon something that is answered in one piece. */
  async call(args: readonly string[], signal: AbortSignal, timeoutMs = CALL_TIMEOUT_MS): Promise<DockerReply> {
    const { processes } = this.effects;
    const bounds = { timeoutMs, graceMs: 500, outputLimitBytes: CALL_OUTPUT_BYTES };
    const lines: string[] = [];
    const onLine = (stream: "stdout" | "stderr", line: string): void => {
      if (stream === "stdout") lines.push(line);
    };
    const file = this.program ?? "docker";
    const result = await processes.run({ file, args, cwd: "/", env: this.env, ...bounds, onLine }, signal);
    const { exitCode } = result;
    const ok = result.end === "exited" && exitCode === 0;
    const lastSaid = lastLines(result.stderrTail, LINES_SAID).join("\n");
    return { ok, exitCode, text: lines.join("\n").trim(), said: said(result), lastSaid };
  }
}

/** What the client answered. */
export interface DockerReply {
  readonly ok: boolean;
  readonly exitCode: number | null;
  /** What it printed. */
  readonly text: string;
  /** What went wrong, in its own words. */
  readonly said: string;
  /** The last lines of that, for what comes to its end in many. */
  readonly lastSaid: string;
}

/** Whether a variable of this name would change what the client does. */
export function isClientVariable(name: string): boolean {
  return CLIENT_VARIABLES.test(name);
}

/** The client's own words for what went wrong, of a few lines the one that says it. */
export function said({ message, stderrTail, exitCode, signal }: ProcessResult): string {
  const lines = stderrTail.split("\n").map((line) => line.trim());
  const error = lines.findLast((line) => /\berror\b|cannot connect/i.test(line)) ?? lines.find((line) => line !== "");
  return message ?? error ?? `exit code ${exitCode ?? signal ?? "?"}`;
}
