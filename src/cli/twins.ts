import { type Command, InvalidArgumentError, Option } from "commander";

const ON = ["1", "true", "yes", "on"];
const OFF = ["0", "false", "no", "off"];

/** An option with its environment twin, which is as good as unset when it is empty or switches a switch off. */
export function twin(flags: string, description: string, variable: string): Option {
  const option = new Option(flags, description);
  const value = environment(variable);
  const isOff = value === "" || (!option.required && OFF.includes(value.toLowerCase()));
  if (!isOff) return option.env(variable);
  // The help names it all the same, in commander's own words.
  option.description = `${description} (env: ${variable})`;
  return option;
}

/** Refuses a command whose switches the environment sets with a word that is neither yes nor no. */
export function checkTwins(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    if (envVar === undefined || option.required || option.optional) continue;
    if (command.getOptionValueSource(option.attributeName()) !== "env" || isOn(environment(envVar))) continue;
    command.error(
      `error: ${envVar}: "${environment(envVar)}" is neither yes (${ON.join(", ")}) nor no (${OFF.join(", ")})`,
    );
  }
}

/** A variable of the environment, "" when it is not set. In a trial `AURA_*` speak of that trial, not of this command. */
export function environment(variable: string): string {
  return process.env.AURA_TRIAL === undefined ? (process.env[variable] ?? "") : "";
}

/** Whether the value of a variable switches a switch on. */
export function isOn(value: string): boolean {
  return ON.includes(value.toLowerCase());
}

/** `--set`, which may be repeated; its twin holds one on each line. */
export function setOption(): Option {
  const twins = environment("AURA_SET")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const option = new Option(
    "--set <path=value>",
    "change a value of the spec; may be repeated, in AURA_SET one on each line (env: AURA_SET)",
  );
  if (twins.length > 0) option.default(twins, "what AURA_SET says");
  return option.argParser((value: string, previous: readonly string[] | undefined) => [
    ...(previous === undefined || previous === twins ? [] : previous),
    value,
  ]);
}

/** `--retry-failed`, with or without ids; its twin holds a yes, or the ids. */
export function retryOption(): Option {
  const variable = "AURA_RETRY_FAILED";
  const option = twin("--retry-failed [ids...]", "run failed hypotheses again (all, or these)", variable);
  return option.argParser((value: string, previous: unknown) => {
    if (isOn(value)) return true;
    const ids = value.split(/[\s,]+/).filter((id) => id !== "");
    return Array.isArray(previous) ? [...previous, ...ids] : ids;
  });
}

/** A reader of whole numbers from `least` on. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least && /^\d+$/.test(text.trim())) return value;
    throw new InvalidArgumentError(`It has to be a whole number of at least ${least}.`);
  };
}
