import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

export const ROOT = resolve(import.meta.dirname, "../..");
const SRC = join(ROOT, "src");

/** A source file: its path below `src`, its text, and what it imports. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Imported files, as paths below `src`. */
  readonly imports: readonly string[];
  /** Imported packages, by package name. */
  readonly packages: readonly string[];
}

export function sourceFiles(): readonly SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes("generated/"))
    .sort()
    .map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), "utf8");
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const local = names.filter((name) => name.startsWith("."));
  return {
    path,
    text,
    imports: local.map((name) => relative(SRC, resolve(dirname(join(SRC, path)), name))),
    packages: names.filter((name) => !name.startsWith(".")).map(packageName),
  };
}

function packageName(name: string): string {
  const [scope, rest] = name.split("/");
  return name.startsWith("@") ? `${scope}/${rest}` : name.startsWith("node:") ? name : (scope ?? name);
}

/** The text with comments and string contents blanked out, so that rules look at code only. */
export function codeOnly(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|[^:])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}
