import type { Argument, Command, Option } from "commander";
import { program } from "../src/cli/main.ts";
import { OUTPUTS } from "../src/cli/outputs/index.ts";
import { EXIT } from "../src/kernel/errors.ts";

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "a stop condition was reached; for other commands, done",
  failed: "the run failed: nothing ever scored, too many failures, an unexpected error",
  usage: "the command line or the spec is wrong; nothing was written",
  locked: "the workspace is in use by a live process",
  damaged: "the workspace is damaged, or newer than this AURA",
  toolMissing: "a tool the spec needs is missing or unusable",
  storage: "storage failed: full, read-only, broken; the run can be resumed",
  provider:
    "the model provider or its key is unusable at the start; nothing was spent; `resume` or `run --or-resume` goes on",
  paused: "paused, resumable: SIGUSR2, a provider that stayed away, a key lost on the way",
  requirementNotMet: "the run is done, but `--require` is not met",
  hangup: "stopped by SIGHUP, or by the end of who read the output; state saved",
  interrupted: "stopped by SIGINT or `q`; state saved",
  terminated: "stopped by SIGTERM; state saved",
};

/** `docs/cli.md`: every command with its arguments and options, and the exit codes, as the command itself has them. */
export function generateCli(): string {
  const { commands } = program(() => {});
  return `${[
    "<!-- Generated from the command line in src/cli/ by `npm run generate`. Do not edit. -->",
    "# The command line",
    INTRO,
    ...commands.filter((command) => command.name() !== "help").map(commandSection),
    "## JSON",
    JSON_TEXT,
    table(
      ["schema", "of"],
      Object.entries(OUTPUTS).map(([name, { description }]) => [code(name), description]),
    ),
    "## Exit codes",
    table(
      ["code", ""],
      Object.entries(MEANINGS).map(([name, meaning]) => [String(codeOf(name)), meaning]),
    ),
  ].join("\n\n")}\n`;
}

const INTRO = `\`aura --help\` and \`aura <command> --help\` print the same. An option's variable says the same from the environment: the flag wins
over the variable, the variable over the spec. An empty variable counts as unset; for a switch, so do \`0\`, \`false\`, \`no\` and \`off\`.`;

const JSON_TEXT = `With \`--json\` standard output holds JSON and nothing else; what is said to people goes to standard error. \`run\`, \`resume\` and
\`inspect --follow\` write a JSON document a line, as things happen; any other command writes one document when it is done. Each has a JSON
Schema (draft-07): \`aura schema NAME\` prints it, and the package has it in \`schemas/\`. They are closed: what a schema does not describe is not
there, except where a description says what is open and why.

A command that fails, a command line that cannot be read included, writes an \`error-output\` document instead of its own, and exits with the code
in it. Three answers come with a code of their own: \`validate\` lists the mistakes of a spec and exits with 2, \`doctor\` what a spec lacks on this machine and exits with 5, \`repair\` lists what only you can mend
and exits with 4. \`run\` and \`resume\` say the same as \`error\` in their last line, \`run.finished\`.`;

function codeOf(name: string): number {
  return new Map<string, number>(Object.entries(EXIT)).get(name) ?? 0;
}

function commandSection(command: Command): string {
  const usage = ["aura", command.name(), ...command.registeredArguments.map(argumentText)].join(" ");
  const described = command.registeredArguments.filter(({ description }) => description !== "");
  const parts = [`## aura ${command.name()}`, `${sentence(command.description())}`, `    ${usage}`];
  if (described.length > 0) parts.push(table(["argument", ""], described.map(argumentRow)));
  if (command.options.length > 0) parts.push(table(["option", "variable", ""], command.options.map(optionRow)));
  return parts.join("\n\n");
}

function argumentText(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentRow(argument: Argument): readonly string[] {
  return [code(argument.name()), plain(withDefault(argument.description, argument.defaultValue))];
}

function optionRow(option: Option): readonly string[] {
  const [, description = option.description, twin = option.envVar] =
    /^(.*?) \(env: (\w+)\)$/.exec(option.description) ?? [];
  const choices = option.argChoices ? `: ${option.argChoices.map(code).join(", ")}` : "";
  return [code(option.flags), twin === undefined ? "" : code(twin), plain(`${description}${choices}`)];
}

function withDefault(description: string, value: unknown): string {
  return value === undefined ? description : `${description} (default: ${String(value)})`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Text that no reader of Markdown takes for a tag. */
function plain(text: string): string {
  return text.replaceAll("<", "\\<");
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
