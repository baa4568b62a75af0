import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, StorageError, UsageError } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";
import { shellPath } from "../text/shell.ts";
import { guarded } from "./output.ts";
import { asTyped } from "./typed.ts";

const TEMPLATES = fileURLToPath(new URL("../../templates/", import.meta.url));

/** What a folder may hold that is no project of its own yet, besides what begins with a dot. */
const BEGUN = /^(?:\.|package\.json$|package-lock\.json$|pnpm-lock\.yaml$|yarn\.lock$|node_modules$)/;
/** A template of more files goes beside a project's own only where that is asked for. */
const FEW_FILES = 2;

/** `aura init [template] [dir]`: writes a template's files, none of them over another; by default here. */
export async function init(template: string, given: string | undefined): Promise<number> {
  const dir = given ?? ".";
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
      throw new UsageError(
        `nothing was written: ${taken.join(", ")} ${taken.length === 1 ? "is" : "are"} there already\n${advice}`,
      );
    }
    const isProject = given === undefined && readdirSync(dir).some((name) => !BEGUN.test(name));
    if (isProject && names.length > FEW_FILES) {
      const ways = `in a folder of its own: aura init ${template} my-${template}\nhere all the same: aura init ${template} .`;
      throw new UsageError(
        `nothing was written: it would be ${names.join(", ")}, beside what is in this folder\n${ways}`,
      );
    }
    try {
      mkdirSync(dir, { recursive: true });
      for (const name of names) {
        const text = readFileSync(join(TEMPLATES, template, name), "utf8");
        writeFileSync(join(dir, name), text.replace("$schema=.", `$schema=${relative(dir, ".") || "."}`), {
          flag: "wx",
        });
      }
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
    : ["aura validate loop.mjs   # makes the pipeline, runs nothing", "aura run loop.mjs"];
  return [...(dir === "." ? [] : [`cd ${shellPath(dir)}`]), ...lines].map((line) => `  ${line}`).join("\n");
}
