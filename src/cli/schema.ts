import { readdirSync, readFileSync } from "node:fs";
import { EXIT, SpecError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { guarded } from "./guarded.ts";

const SCHEMAS = new URL("../../schemas/", import.meta.url);
const ENDING = ".schema.json";

/** `aura schema [record]`: the JSON Schema of the run spec, or of a record kind. */
export async function schema(record: string | undefined): Promise<number> {
  return guarded(async () => {
    const known = readdirSync(SCHEMAS)
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length));
    const name = record ?? "run-spec";
    if (!known.includes(name)) {
      const near = nearest(name, known);
      throw new SpecError(
        `there is no record "${name}"; ${near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`}`,
      );
    }
    process.stdout.write(readFileSync(new URL(`${name}${ENDING}`, SCHEMAS), "utf8"));
    return EXIT.ok;
  });
}
