import { Command, CommanderError, type Option } from "commander";
import { EXIT } from "../kernel/errors.ts";
import { VERSION } from "../version.ts";
import type { RequestKind } from "../workspace/requests.ts";
import {
  checkTwins,
  environment,
  isOn,
  type RunFlags,
  retryOption,
  retryPlaces,
  setOption,
  twin,
  whole,
  workspacesHere,
} from "./flags.ts";
import type { Session } from "./session.ts";
import { asTyped } from "./typed.ts";

/** Runs the command line. `args` are the words after `aura`. Sets the process's exit code; never throws. */
export async function main(args: readonly string[]): Promise<void> {
  const code = { value: EXIT.ok as number };
  const outputFailed = watchOutput();
  try {
    const tell = (exit: number): void => {
      code.value = exit;
    };
    await program(tell, args[0]).parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    code.value = thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const hint = await hintFor(thrown);
    if (hint !== "") process.stderr.write(`${hint}\n`);
    if (code.value !== EXIT.ok && wantsJson(args)) {
      const { tellUsageError } = await import("./output.ts");
      tellUsageError(args, thrown, hint);
    }
  }
  process.exitCode = outputFailed() ? EXIT.storage : code.value;
}

/** What is here for a command that names no workspace, and where nothing is, how to begin. */
async function hintFor({ code, message }: CommanderError): Promise<string> {
  if (code === "commander.help")
    return (await workspacesHere()) || asTyped("to begin: aura init writes a spec that runs as it is");
  return message.endsWith("missing required argument 'workspace'") ? workspacesHere() : "";
}

type Exit = (code: number) => void;

/** Columns in which a help's descriptions are broken at words: on 80, there are 31 beside the longest command. */
const WORDS_FIT = 24;

const SCHEMAS =
  "run-spec (the default); of a workspace: run, iteration, hypothesis, trial, experiment, evaluation, insights, call, snapshot, environment, rollback, prior, apply, event; " +
  "of what --json prints: run-output, inspect-VIEW-output (VIEW may be follow, too), compare-output, rollback-output, apply-output, repair-output, validate-output, doctor-output, components-output, error-output";

const LOOP =
  "the run spec, a YAML file; or a module (.ts, .mts, .js, .mjs) whose default export is a function from a workspace to a Pipeline: --set, --from and --dry-run are for specs";

/**
 * The whole command line, of which nothing is loaded but names and options; where the first word is `named`, only the
 * commands that can be meant by it, which takes less time. `exit` is told each command's exit code.
 */
export function program(exit: Exit, named = ""): Command {
  const aura = new Command("aura")
    .description("Self-improving research loops: hypothesize, experiment, evaluate, review, repeat.")
    .version(VERSION, "-V, --version")
    .enablePositionalOptions()
    .configureHelp({ minWidthToWrap: WORDS_FIT })
    .showHelpAfterError(asTyped("(aura --help lists the commands)"))
    .hook("preAction", (_, command) => checkTwins(command))
    .exitOverride();
  const one = COMMANDS.get(named);
  for (const add of one ? [one] : new Set(COMMANDS.values())) add(aura, exit);
  return aura;
}

const COMMANDS: ReadonlyMap<string, (aura: Command, exit: Exit) => void> = new Map([
  ["run", runCommand],
  ["resume", resumeCommand],
  ["inspect", inspectCommand],
  ["export", exportCommand],
  ["compare", compareCommand],
  ...["note", "stop", "pause", "continue"].map((name) => [name, requestCommands] as const),
  ...["rollback", "apply", "repair"].map((name) => [name, stateCommands] as const),
  ...["validate", "doctor", "init", "components", "schema"].map((name) => [name, specCommands] as const),
]);

function runCommand(aura: Command, exit: Exit): void {
  const command = sub(aura, "run")
    .description("check a spec and run its loop")
    .argument("<spec>", LOOP)
    .addOption(twin("--workspace <dir>", "where results go (default: runs/<name>)", "AURA_WORKSPACE"))
    .addOption(twin("--new", "beside an existing run, take the next free name", "AURA_NEW").conflicts("orResume"))
    .addOption(twin("--seed <n>", "the run's seed", "AURA_SEED").argParser(whole(0)))
    .addOption(twin("--or-resume", "go on with an existing run", "AURA_OR_RESUME"))
    .addOption(
      twin(
        "--from <workspace[@state]>",
        "start from an earlier run: the state it carries on (or best, start, an iteration, a hypothesis), and what it found as prior knowledge; takes a new folder as --new does, unless --workspace names one",
        "AURA_FROM",
      ),
    )
    .addOption(twin("--dry-run", "print what would run; nothing is called or written", "AURA_DRY_RUN"));
  runOptions(command).action(async (spec: string, flags: RunFlags) => {
    const { inSession } = await import("./session.ts");
    const action = async (session: Session) => (await import("./run.ts")).run(session, spec);
    exit(await inSession(flags, flags.workspace ?? null, action));
  });
}

function resumeCommand(aura: Command, exit: Exit): void {
  const command = sub(aura, "resume")
    .description("go on with a run from its records")
    .argument("[workspace]", "the run's folder")
    .usage("[options] <workspace>")
    .addOption(retryOption())
    .addOption(
      twin("--explain", "say for each step what would be reused, adopted or run again, and stop", "AURA_EXPLAIN"),
    );
  runOptions(command).action(async (given: string | undefined, flags: RunFlags) => {
    const { workspace, retryFailed } = retryPlaces(given, flags.retryFailed);
    if (workspace === undefined) return command.error("error: missing required argument 'workspace'");
    const { inSession } = await import("./session.ts");
    const action = async (session: Session) => (await import("./resume.ts")).resume(session, workspace);
    exit(await inSession(retryFailed === undefined ? flags : { ...flags, retryFailed }, workspace, action));
  });
}

function runOptions(command: Command): Command {
  return command
    .addOption(setOption())
    .addOption(
      twin("--max-iterations <n>", "stop after this many iterations", "AURA_MAX_ITERATIONS").argParser(whole(1)),
    )
    .addOption(twin("--parallel <n>", "trials in flight", "AURA_PARALLEL").argParser(whole(1)))
    .addOption(twin("--reporter <kind>", "how progress is shown", "AURA_REPORTER").choices(["tui", "plain", "silent"]))
    .addOption(json("events as JSON lines on stdout", "run-output"))
    .addOption(
      twin("--require <what>", "exit 100 unless the best reaches a score, `baseline` or `target`", "AURA_REQUIRE"),
    )
    .addOption(
      twin(
        "--grace <duration>",
        "how long running trials may take after a stop (default: as long as they take; 5s after SIGTERM and SIGHUP)",
        "AURA_GRACE",
      ),
    );
}

function inspectCommand(aura: Command, exit: Exit): void {
  sub(aura, "inspect")
    .description("look at a run, also while it is live")
    .argument("<workspace>", "the run's folder")
    .argument(
      "[view]",
      "summary, hypotheses, best, show ID, insights, calls, artifacts, diff A B, logs ID, events",
      "summary",
    )
    .argument("[ids...]", "what to show; a hypothesis by its id, or best or start")
    .addOption(json("one JSON document; with --follow, one JSON line an event", "inspect-VIEW-output"))
    .addOption(
      twin("--follow", "after summary or events, go on with events as they come until the run ends", "AURA_FOLLOW"),
    )
    .addOption(twin("--sort <by>", "of hypotheses: score puts the best first", "AURA_SORT").choices(["id", "score"]))
    .addOption(twin("--top <n>", "of hypotheses: no more than so many", "AURA_TOP").argParser(whole(1)))
    .action(calls(exit, async () => (await import("./inspect.ts")).inspect));
}

function exportCommand(aura: Command, exit: Exit): void {
  sub(aura, "export")
    .description(
      "print every hypothesis with its parameters and metrics, and whether it counts after rollbacks, one a line, for pandas or a spreadsheet",
    )
    .argument("<workspace>", "the run's folder")
    .addOption(
      twin("--format <format>", "csv, or jsonl with the same names", "AURA_FORMAT")
        .choices(["csv", "jsonl"])
        .default("csv"),
    )
    .addOption(twin("-o, --output <file>", "the file to write to; - is standard output", "AURA_OUTPUT").default("-"))
    .action(calls(exit, async () => (await import("./export.ts")).exportTable));
}

function compareCommand(aura: Command, exit: Exit): void {
  sub(aura, "compare")
    .description("show runs beside each other, and which is best at equally many hypotheses")
    .argument("<workspace...>", "the runs' folders")
    .addOption(json("one JSON document", "compare-output"))
    .action(calls(exit, async () => (await import("./compare.ts")).compare));
}

function requestCommands(aura: Command, exit: Exit): void {
  const ask = async (kind: RequestKind, workspace: string, text?: string): Promise<void> => {
    const { request } = await import("./request.ts");
    exit(await request(kind, workspace, text));
  };
  sub(aura, "note")
    .description("say something to the prompts of a run, which may be going on")
    .argument("<workspace>", "the run's folder")
    .argument("<text>", "what to say")
    .action((workspace: string, text: string) => ask("note", workspace, text));
  const described = {
    stop: "have a run that goes on finish what runs, and end with 75; `aura resume` goes on",
    pause: "have a run that goes on start nothing more until it is continued",
    continue: "have a paused run go on",
  };
  for (const kind of ["stop", "pause", "continue"] as const) {
    sub(aura, kind)
      .description(described[kind])
      .argument("<workspace>", "the run's folder")
      .action((workspace: string) => ask(kind, workspace));
  }
}

function stateCommands(aura: Command, exit: Exit): void {
  sub(aura, "rollback")
    .description("make a recorded state the one that the run goes on from")
    .argument("<workspace>", "the run's folder")
    .addOption(
      twin(
        "--to <state>",
        "best, start, the number of an iteration or the id of a hypothesis",
        "AURA_TO",
      ).makeOptionMandatory(),
    )
    .addOption(twin("--dry-run", "say what would change", "AURA_DRY_RUN"))
    .addOption(json("one JSON document", "rollback-output"))
    .action(calls(exit, async () => (await import("./rollback.ts")).rollback));
  sub(aura, "apply")
    .description("write a recorded state to the project, to a folder, or as a patch")
    .argument("<workspace>", "the run's folder")
    .argument("[state]", "best, start, the number of an iteration or the id of a hypothesis", "best")
    .addOption(twin("--to <dir>", "the folder to write to (default: the project)", "AURA_TO"))
    .addOption(twin("--patch <file>", "write a patch against the start instead; - is standard output", "AURA_PATCH"))
    .addOption(twin("--dry-run", "say what would change", "AURA_DRY_RUN"))
    .addOption(twin("--force", "go over files that changed since the start", "AURA_FORCE"))
    .addOption(json("one JSON document", "apply-output"))
    .action(calls(exit, async () => (await import("./apply.ts")).apply));
  sub(aura, "repair")
    .description("show what is damaged in a workspace, and mend it with --apply")
    .argument("<workspace>", "the run's folder")
    .addOption(twin("--apply", "do what was shown", "AURA_APPLY"))
    .addOption(json("one JSON document", "repair-output"))
    .action(calls(exit, async () => (await import("./repair.ts")).repair));
}

function specCommands(aura: Command, exit: Exit): void {
  sub(aura, "validate")
    .description("check a spec and report every problem in it")
    .argument("<spec>", LOOP)
    .addOption(setOption())
    .addOption(json("one JSON document", "validate-output"))
    .action(calls(exit, async () => (await import("./validate.ts")).validate));
  sub(aura, "doctor")
    .description(
      "try what executors and environments need of this machine, or what a spec does: it ends with 5 when that is missing",
    )
    .argument("[spec]", "a run spec, a YAML file")
    .addOption(setOption())
    .addOption(json("one JSON document", "doctor-output"))
    .action(calls(exit, async () => (await import("./doctor.ts")).doctor));
  sub(aura, "init")
    .description("write a spec and what it needs, to run as they are and to be changed")
    .argument(
      "[template]",
      "search (over the options of a script), code (a model edits a program), agent (an agent's command line does), library (in JavaScript)",
      "search",
    )
    .argument(
      "[dir]",
      "the folder to write to (default: this one; code and agent write beside a project only where it is named)",
    )
    .action(calls(exit, async () => (await import("./init.ts")).init));
  sub(aura, "components")
    .description("the built-in components and their options")
    .argument("[kind]", "researcher, experimenter, executor, …")
    .argument("[type]", "one of that kind")
    .addOption(json("one JSON document", "components-output"))
    .action(calls(exit, async () => (await import("./components.ts")).components));
  sub(aura, "schema")
    .description("the JSON Schema of the run spec, of a record, or of what a command prints with --json")
    .argument("[record]", SCHEMAS)
    .action(calls(exit, async () => (await import("./schema.ts")).schema));
}

/** `--json`, and where to learn what it prints. */
function json(description: string, schema: string): Option {
  return twin("--json", `${description} (\`aura schema ${schema}\`)`, "AURA_JSON");
}

/** The action of a command, which is loaded when it is given. What commander adds to the words is nothing to it. */
function calls<Given extends readonly unknown[]>(
  exit: Exit,
  load: () => Promise<(...given: Given) => Promise<number>>,
) {
  return async (...given: Given): Promise<void> => {
    const command = await load();
    exit(await command(...given));
  };
}

function sub(aura: Command, name: string): Command {
  return aura
    .command(name)
    .exitOverride()
    .showHelpAfterError(asTyped(`(aura ${name} --help says how it is used)`));
}

/** Whether the words that could not be read ask for JSON; those after `--` are no options. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? undefined : end).includes("--json") || isOn(environment("AURA_JSON"));
}

/**
 * Watches the standard streams. A reader that went away, such as `head`, is no error: what is left to say is dropped.
 * A stream that cannot be written to for another reason is told once on stderr. Answers whether that has happened.
 */
function watchOutput(): () => boolean {
  let failed = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE" || failed) return;
    failed = true;
    process.exitCode = EXIT.storage;
    process.stderr.write(`aura: cannot write to standard output: ${error.message}\n`);
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", () => undefined);
  return () => failed;
}
