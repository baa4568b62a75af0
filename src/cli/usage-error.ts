import type { CommanderError } from "commander";
import { EXIT, UsageError } from "../kernel/errors.ts";
import { jsonDocument } from "../reporters/jsonl.ts";
import { errorDocument } from "./error-document.ts";
import { openFrame } from "./json-frame.ts";

/** Tells in JSON that a command line cannot be read, as its words ask for it: `run` and `resume` frame every exit. */
export function tellUsageError(args: readonly string[], thrown: CommanderError): void {
  const write = (text: string): void => void process.stdout.write(text);
  const [command] = args;
  const document = errorDocument(usageError(command, thrown));
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

function usageError(command: string | undefined, { code, message }: CommanderError): UsageError {
  const what = code === "commander.help" ? "a command is missing" : message.replace(/^error: /, "");
  const isKnown = code !== "commander.unknownCommand" && command !== undefined && !command.startsWith("-");
  const help = isKnown ? `aura ${command} --help` : "aura --help";
  return new UsageError(`${what}\n${help} says how it is used`);
}
