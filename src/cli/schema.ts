import { readdirSync, readFileSync } from "node:fs";
import { EXIT, UsageError } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";
import { guarded } from "./output.ts";

const SCHEMAS = new URL("../../schemas/", import.meta.url);
const ENDING = ".schema.json";

/** `aura schema [record]`: the JSON Schema of the run spec, of a record kind, or of what a command prints with `--json`. */
export async function schema(record: string | undefined): Promise<number> {
  return guarded({}, async () => {
    const known = readdirSync(SCHEMAS)
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length));
    const name = record ?? "run-spec";
    if (!known.includes(name)) throw new UsageError(`there is no schema "${name}"; ${advice(name, known)}`);
    process.stdout.write(readFileSync(new URL(`${name}${ENDING}`, SCHEMAS), "utf8"));
    return EXIT.ok;
  });
}

/** A command's own name is where people begin: it has a schema for each of its documents. */
function advice(name: string, known: readonly string[]): string {
  const longer = known.filter((one) => one.startsWith(`${name}-`));
  if (longer.length > 1) return `those that begin so: ${longer.join(", ")}`;
  const near = longer[0] ?? nearest(name, known);
  return near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`;
}
