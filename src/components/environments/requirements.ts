import { dirname, join, resolve } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { ToolMissingError } from "../../kernel/errors.ts";

const NAMED = /^(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)/;
const EDITABLE = /^(?:-e|--editable)[\s=]+(\S+)/;
const MOST_DEPTH = 10;
/** What says which dependencies and programs a package has. */
const METADATA = ["pyproject.toml", "setup.cfg", "setup.py"];
/** What a build leaves beside its sources, and what no build reads. */
const NO_SOURCE = /^(?:\..*|__pycache__|node_modules|build|dist|.*\.egg-info)$/;
/** A larger file counts by its size and time. */
const MOST_READ_BYTES = 1024 * 1024;

/**
 * What an environment is known by that is made from a requirements file: its text, that of files it names, and what is at
 * the local paths in it, which are from `base`, where the installer runs. Throws `ToolMissingError`.
 */
export function requirementsText(path: string, base: string, files: Files, depth = 0): string {
  const text = files.readText(path);
  if (text === null)
    throw new ToolMissingError("requirements", `${path} is not there, which the environment is made from`);
  return [text, ...requirementLines(text).map((line) => namedBy(line, path, base, files, depth))].join("\n");
}

/** Logical lines, without comments; those of a list in a YAML file as well. */
function requirementLines(text: string): readonly string[] {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split("\n");
  return lines.map((line) =>
    line
      .replace(/^\s*-\s+/, "")
      .replace(/(?:^|\s)#.*$/, "")
      .trim()
      .replaceAll(/^["']|["']$/g, ""),
  );
}

function namedBy(line: string, path: string, base: string, files: Files, depth: number): string {
  const [, named] = NAMED.exec(line) ?? [];
  if (named !== undefined) {
    if (depth >= MOST_DEPTH || named.includes("://")) return named;
    return requirementsText(join(dirname(path), named), base, files, depth + 1);
  }
  const [, editable] = EDITABLE.exec(line) ?? [];
  const word = editable ?? line.replace(/^[\w.-]+(?:\[[^\]]*\])?\s*@\s*/, "").split(/[\s;]/)[0] ?? "";
  const place = word.replace(/^file:(?:\/\/)?/, "").replace(/\[[^\]]*\]$/, "");
  const isPath = !place.includes("://") && (/\/|^\./.test(place) || /\.(?:whl|zip|tar\.gz)$/.test(place));
  return isPath ? packageAt(resolve(base, place), editable !== undefined, files) : "";
}

/**
 * What a package of this machine is known by. One that is installed as a link to its sources stays as these are, so where
 * it is counts, and what it declares; of another all that it is built from does.
 */
export function packageAt(place: string, editable: boolean, files: Files): string {
  const kind = files.stat(place)?.kind;
  if (kind === "file") return files.hash(place) ?? "";
  if (kind !== "directory") return "";
  if (!editable) return sourcesOf(place, files).join("\n");
  return [place, ...METADATA.map((name) => files.readText(join(place, name)) ?? "")].join("\n");
}

function sourcesOf(folder: string, files: Files): readonly string[] {
  const entries = (files.list(folder) ?? []).filter(({ name }) => !NO_SOURCE.test(name));
  const isOther = entries.some(({ name }) => name === "pyvenv.cfg" || name === "run.json");
  if (isOther) return [];
  return entries.flatMap(({ name, kind }) => {
    const path = join(folder, name);
    if (kind === "directory") return sourcesOf(path, files).map((line) => `${name}/${line}`);
    const stat = kind === "file" ? files.stat(path) : null;
    if (stat === null) return [];
    return [`${name} ${stat.size > MOST_READ_BYTES ? `${stat.size} ${stat.mtimeMs}` : files.hash(path)}`];
  });
}
