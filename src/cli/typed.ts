import { realpathSync } from "node:fs";

/** Where a text names a command to type. */
const COMMAND =
  /(?<![\w./-]|npx )aura (?=(?:run|resume|inspect|rollback|apply|validate|repair|init|components|schema|export|compare|report|note|stop|pause|continue)\b|--help|\w+ --help)/g;

/** How many columns longer a command is as it is typed here. */
export function typedLonger(): number {
  const command = "aura run";
  return asTyped(command).length - command.length;
}

/**
 * A text whose commands work where this process was started: npx starts programs out of a `.bin` folder, one of its own
 * where the project has not installed the package.
 */
export function asTyped(text: string, script = process.argv[1] ?? ""): string {
  if (!script.includes("/node_modules/.bin/")) return text;
  const program = realpathSync(script).includes("/_npx/") ? "npx -p aura-research aura" : "npx aura";
  return text.replace(COMMAND, `${program} `);
}
