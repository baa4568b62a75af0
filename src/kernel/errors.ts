import type { Usage } from "../model/call.ts";
import { TEXT } from "../model/vocabulary.ts";
import { described, exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";

/** Exit codes a user may rely on. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  locked: 3,
  damaged: 4,
  toolMissing: 5,
  storage: 6,
  provider: 7,
  paused: 75,
  requirementNotMet: 100,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
/** What a command that failed exits with. */
export type FailureCode = Exclude<ExitCode, typeof EXIT.ok>;

const FROM_ONE = { type: "integer", minimum: 1 } as const;

export const diagnosticSchema = exactly(["file", "line", "column", "excerpt", "suggestion"], {
  path: described("Where in the spec, as in `--set`: `checks.0.command`.", TEXT),
  message: TEXT,
  file: described("The spec's file, as it was named.", TEXT),
  line: described("Line of the file, from 1.", FROM_ONE),
  column: described("Column of the line in characters, from 1.", FROM_ONE),
  excerpt: described("The line itself, and below it a mark at the place.", TEXT),
  suggestion: described("The valid name that is nearest to what was written.", TEXT),
});
/** One finding about a spec: where, what was expected, and the nearest valid name where one is near. */
export type Diagnostic = Infer<typeof diagnosticSchema>;

/** The stable codes of AURA's own errors; `INTERNAL_ERROR` is one that it did not foresee. */
export const ERROR_CODES = [
  "USAGE_INVALID",
  "SPEC_INVALID",
  "COMMAND_INVALID",
  "WORKSPACE_NOT_FOUND",
  "WORKSPACE_EXISTS",
  "WORKSPACE_USAGE",
  "WORKSPACE_LOCKED",
  "WORKSPACE_LOCK_LOST",
  "WORKSPACE_DAMAGED",
  "WORKSPACE_UNKNOWN_FORMAT",
  "TOOL_MISSING",
  "STORAGE_FAILED",
  "RUNNER_CREDENTIALS",
  "RUNNER_UNAVAILABLE",
  "RUNNER_REJECTED",
  "RUNNER_UNUSABLE_REPLY",
  "RUNNER_FAILED",
  "RUNNER_BUDGET",
  "RUN_FAILED",
  "INTERNAL_ERROR",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

const BRAND = Symbol.for("aura-research/error");

/**
 * The base of every error AURA raises on purpose. The message says what happened, to what, and what to do; its first
 * line stands alone. `code` is stable, `exitCode` is what the command line answers with.
 */
export class AuraError extends Error {
  /**
   * By these codes `instanceof` knows the errors of a class, also those of another copy of the package, which is where a
   * user's own module may have them from.
   */
  protected static readonly codes = /^/;

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!Object.hasOwn(this, "codes")) return super[Symbol.hasInstance](value);
    return isAuraError(value) && this.codes.test(value.code);
  }

  readonly code: string;
  readonly exitCode: FailureCode;

  constructor(code: string, exitCode: FailureCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** The spec, or another thing the user gave, is wrong. */
export class SpecError extends AuraError {
  protected static override readonly codes = /^SPEC_/;
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[] = [], options?: { readonly cause?: unknown }) {
    super("SPEC_INVALID", EXIT.usage, message, options);
    this.diagnostics = diagnostics;
  }
}

/** The command line cannot be read, or asks for what there is not; or what code has given is not what is taken. */
export class UsageError extends AuraError {
  constructor(message: string) {
    super("USAGE_INVALID", EXIT.usage, message);
  }
}

export type WorkspaceProblem = "not-found" | "exists" | "locked" | "lock-lost" | "damaged" | "unknown-format" | "usage";

const WORKSPACE_EXIT: Readonly<Record<WorkspaceProblem, FailureCode>> = {
  "not-found": EXIT.usage,
  exists: EXIT.usage,
  usage: EXIT.usage,
  locked: EXIT.locked,
  "lock-lost": EXIT.locked,
  damaged: EXIT.damaged,
  "unknown-format": EXIT.damaged,
};

/** A workspace is absent, held by another process, damaged, or of a format that this AURA does not know. */
export class WorkspaceError extends AuraError {
  protected static override readonly codes = /^WORKSPACE_/;
  readonly problem: WorkspaceProblem;
  readonly file: string | undefined;

  constructor(
    problem: WorkspaceProblem,
    message: string,
    options?: { readonly file?: string; readonly cause?: unknown },
  ) {
    super(`WORKSPACE_${problem.toUpperCase().replace("-", "_")}`, WORKSPACE_EXIT[problem], message, options);
    this.problem = problem;
    this.file = options?.file;
  }
}

/** A program the spec needs is not on this machine, or does not work. */
export class ToolMissingError extends AuraError {
  protected static override readonly codes = /^TOOL_/;
  readonly tool: string;

  constructor(tool: string, message: string, options?: { readonly cause?: unknown }) {
    super("TOOL_MISSING", EXIT.toolMissing, message, options);
    this.tool = tool;
  }
}

/** The disk is full, read-only or broken. Nothing recorded is lost; the run can be resumed once it is mended. */
export class StorageError extends AuraError {
  protected static override readonly codes = /^STORAGE_/;
  readonly path: string;
  readonly operation: string;

  constructor(operation: string, path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super("STORAGE_FAILED", EXIT.storage, `cannot ${operation} ${path}: ${reason}`, { cause });
    this.path = path;
    this.operation = operation;
  }
}

export type RunnerProblem = "credentials" | "unavailable" | "rejected" | "unusable-reply" | "failed" | "budget";

const RUNNER_EXIT: Readonly<Record<RunnerProblem, FailureCode>> = {
  credentials: EXIT.provider,
  unavailable: EXIT.paused,
  rejected: EXIT.failed,
  "unusable-reply": EXIT.failed,
  failed: EXIT.failed,
  budget: EXIT.failed,
};

/** What is known of a call that failed, besides why. */
export interface RunnerErrorOptions {
  readonly attempts?: number;
  readonly exitCode?: FailureCode;
  /** What the call had used when it failed: it is paid for all the same. */
  readonly usage?: Usage | undefined;
  /** What was answered, as it came, where that was no reply. */
  readonly reply?: string;
  readonly cause?: unknown;
}

/**
 * A model or an agent command could not be used: `unavailable` may pass, `credentials` needs the user, `budget` says that
 * nothing more may be spent.
 */
export class RunnerError extends AuraError {
  protected static override readonly codes = /^RUNNER_/;
  readonly problem: RunnerProblem;
  readonly attempts: number;
  readonly usage: Usage | undefined;
  readonly reply: string | undefined;

  constructor(problem: RunnerProblem, message: string, options?: RunnerErrorOptions) {
    const exitCode = options?.exitCode ?? RUNNER_EXIT[problem];
    super(`RUNNER_${problem.toUpperCase().replace("-", "_")}`, exitCode, message, options);
    this.problem = problem;
    this.attempts = options?.attempts ?? 1;
    this.usage = options?.usage;
    this.reply = options?.reply;
  }
}

/** The run itself failed: nothing ever scored, too many failures in a row, a component broke its contract. */
export class RunFailedError extends AuraError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("RUN_FAILED", EXIT.failed, message, options);
  }
}

/** Whether a value is an error that AURA raised on purpose, from this or another copy of the package. */
export function isAuraError(value: unknown): value is AuraError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What an action gives, or `null` where storage refuses it: for hints and for tidying up, which no error is to come of. */
export function unlessRefused<T>(action: () => T): T | null {
  try {
    return action();
  } catch (thrown) {
    if (thrown instanceof StorageError) return null;
    throw thrown;
  }
}
