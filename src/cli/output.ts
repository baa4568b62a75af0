import type { CommanderError } from "commander";
import { EXIT, type ExitCode, type FailureCode, UsageError } from "../kernel/errors.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import type { Redactor } from "../kernel/redact.ts";
import { jsonDocument, jsonLine } from "../reporters/jsonl.ts";
import { cutOff, errorDocument, reportError } from "./errors.ts";
import type { GithubJob } from "./github.ts";
import type { FrameLine, RunEnding } from "./outputs/events.ts";
import { ownEnd } from "./signals.ts";

/** Standard output while it is kept for what AURA itself writes. */
export interface OwnStdout extends Disposable {
  readonly write: (text: string) => void;
}

/**
 * Keeps standard output for AURA's own words until disposed: what anything else in this process writes to it, such as
 * `console.log` in a component of the user's, goes to `divert` instead.
 */
export function ownStdout(divert: (text: string) => void): OwnStdout {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = diverted(divert);
  return {
    write: (text) => void write(text),
    [Symbol.dispose]() {
      stdout.write = write;
    },
  };
}

/** A terminal while the dashboard has it. */
export interface OwnTerminal extends Disposable {
  /** Standard output as the dashboard writes to it. */
  readonly stdout: NodeJS.WriteStream;
}

/** Of what was written meanwhile, as much of the end as is kept. */
const MOST_KEPT = 64 * 1024;

/**
 * Keeps the terminal for the dashboard until disposed: what anything else in this process writes to standard output or
 * error would break its frame, and follows on standard error afterwards.
 */
export function ownTerminal(): OwnTerminal {
  const { stdout, stderr } = process;
  const write = { stdout: stdout.write.bind(stdout), stderr: stderr.write.bind(stderr) };
  let kept = "";
  const keep = (text: string): void => {
    kept = `${kept}${text}`.slice(-MOST_KEPT);
  };
  stdout.write = diverted(keep);
  stderr.write = diverted(keep);
  return {
    stdout: new Proxy(stdout, {
      get(target, key) {
        if (key === "write") return write.stdout;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    [Symbol.dispose]() {
      stdout.write = write.stdout;
      stderr.write = write.stderr;
      if (kept !== "") stderr.write(kept);
      kept = "";
    },
  };
}

/** A stream's `write` that takes text, or bytes, elsewhere. */
function diverted(divert: (text: string) => void): typeof process.stdout.write {
  return (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    divert(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const done = rest.find((value) => typeof value === "function");
    if (typeof done === "function") done();
    return true;
  };
}

/** The job of GitHub Actions that this command is of; `null` elsewhere, and in a trial, whose words are not for the job. */
export async function jobOfCommand(): Promise<GithubJob | null> {
  const { GITHUB_ACTIONS, AURA_TRIAL } = process.env;
  if (GITHUB_ACTIONS !== "true" || AURA_TRIAL !== undefined) return null;
  return (await import("./github.ts")).githubJob(process.env);
}

type Told = FrameLine["type"];
/** What a line of a type tells, besides when and in which place. */
type Fields<T extends Told> = Omit<Extract<FrameLine, { readonly type: T }>, "type" | "at" | "seq">;

/**
 * The NDJSON of `run --json` and `resume --json`: `run.started` as soon as the arguments are parsed, with `null` for
 * what is not known yet, the run's own events (its description as `run.described`), and `run.finished` last.
 */
export interface JsonFrame {
  readonly sink: EventSink;
  /** A line of its own, such as the plan of a dry run; `hide` takes the secrets out of it. */
  tell<T extends "run.planned" | "resume.explained">(type: T, fields: Fields<T>, hide?: Redactor): void;
  /** The last line. */
  finish(end: RunEnding): void;
}

export function openFrame(write: (line: string) => void, now: () => Date, workspace: string | null): JsonFrame {
  let seq = 0;
  const put = (type: string, at: string, fields: object): void =>
    write(`${jsonLine({ type, at, seq: seq++, ...fields })}\n`);
  const tell = <T extends Told>(type: T, fields: Fields<T>, hide?: Redactor): void =>
    put(type, now().toISOString(), hide ? hide.object(JSON.parse(JSON.stringify(fields))) : fields);
  tell("run.started", {
    run: {
      runId: null,
      name: null,
      workspace,
      resumed: null,
      seed: null,
      metric: null,
      stop: null,
      best: null,
      totals: null,
    },
  });
  return {
    sink(event: AuraEvent) {
      if (event.type === "trial.output" || event.type === "run.finished") return;
      const { type, at, seq: _, ...fields } = event;
      put(type === "run.started" ? "run.described" : type, at, fields);
    },
    tell,
    finish: (end) => tell("run.finished", end),
  };
}

/** What a command has to say: with `--json` its document, else the text. */
export interface Answer<Document extends object> {
  readonly document: () => Document | Promise<Document>;
  readonly text: () => string | Promise<string>;
  /** Default: 0. */
  readonly exitCode?: ExitCode;
}

/** How a command answers. */
interface Form {
  readonly json?: boolean;
  /** It writes a document a line, as they come. */
  readonly follow?: boolean;
}

/**
 * Runs an action of the command line and writes its answer when all is done; a number is the exit code of one that has
 * said everything itself. What it throws, or what cuts it off, becomes a message, an exit code, and with `--json` the
 * one document on standard output.
 */
export async function guarded<Document extends object>(
  form: Form,
  action: () => Promise<Answer<Document> | number>,
): Promise<number> {
  // Standard output as it is now, whatever the action diverts.
  const write = process.stdout.write.bind(process.stdout);
  const fail = (thrown: unknown): FailureCode => {
    if (form.json) {
      const document = errorDocument(thrown);
      write(form.follow ? `${jsonLine(document)}\n` : jsonDocument(document));
    }
    return reportError(thrown);
  };
  using _ = ownEnd({ lastWords: (cut) => fail(cutOff(cut, null)) });
  try {
    const answer = await action();
    if (typeof answer === "number") return answer;
    write(form.json ? jsonDocument(await answer.document()) : await answer.text());
    return answer.exitCode ?? EXIT.ok;
  } catch (thrown) {
    return fail(thrown);
  }
}

/** Tells in JSON that a command line cannot be read, as its words ask for it: `run` and `resume` frame every exit. */
export function tellUsageError(args: readonly string[], thrown: CommanderError, hint: string): void {
  const write = (text: string): void => void process.stdout.write(text);
  const [command] = args;
  const document = errorDocument(usageError(command, thrown, hint));
  if (command === "run" || command === "resume") {
    const { message } = document.error;
    openFrame(write, () => new Date(), null).finish({
      exitCode: EXIT.usage,
      reason: "error",
      best: null,
      message,
      ...document,
    });
  } else write(jsonDocument(document));
}

function usageError(command: string | undefined, { code, message }: CommanderError, hint: string): UsageError {
  const what = code === "commander.help" ? "a command is missing" : message.replace(/^error: /, "");
  const isKnown = code !== "commander.unknownCommand" && command !== undefined && !command.startsWith("-");
  const help = isKnown ? `aura ${command} --help` : "aura --help";
  return new UsageError([what, ...(hint === "" ? [] : [hint]), `${help} says how it is used`].join("\n"));
}
