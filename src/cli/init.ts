import { constants, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, StorageError, UsageError } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";
import { shellPath } from "../text/shell.ts";
import { guarded } from "./output.ts";
import { asTyped } from "./typed.ts";

const TEMPLATES = fileURLToPath(new URL("../../templates/", import.meta.url));

/** `aura init [template] [dir]`: writes a template's files, none of them over another. */
export async function init(template: string, dir: string): Promise<number> {
  return guarded({}, async () => {
    const known = readdirSync(TEMPLATES).sort();
    if (!known.includes(template)) {
      const near = nearest(template, known);
      throw new UsageError(
        `there is no template "${template}"; ${near ? `did you mean "${near}"?` : `there are ${known.join(", ")}`}`,
      );
    }
    const names = readdirSync(join(TEMPLATES, template)).sort();
    const taken = names.filter((name) => existsSync(join(dir, name)));
    if (taken.length > 0) {
      const advice = `name another folder, like: aura init ${template} my-${template}`;
      throw new UsageError(`nothing was written: ${taken.join(", ")} is there already\n${advice}`);
    }
    try {
      mkdirSync(dir, { recursive: true });
      for (const name of names) copyFileSync(join(TEMPLATES, template, name), join(dir, name), constants.COPYFILE_EXCL);
    } catch (thrown) {
      throw new StorageError("write to", dir, thrown);
    }
    process.stdout.write(asTyped(`wrote ${names.join(", ")}\n\n${next(names, dir)}\n`));
    return EXIT.ok;
  });
}

/** What to type now. */
function next(names: readonly string[], dir: string): string {
  const lines = names.includes("spec.yaml")
    ? ["aura run spec.yaml --dry-run   # what it would do", "aura run spec.yaml"]
    : ["npm i -D aura-research   # where it is not installed yet", "node loop.mjs"];
  return [...(dir === "." ? [] : [`cd ${shellPath(dir)}`]), ...lines].map((line) => `  ${line}`).join("\n");
}
