import { basename, dirname } from "node:path";
import type { DirectoryEntry, Files } from "../kernel/effects.ts";
import { unlessRefused } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";

/** Names of files that can be what is meant. */
const NAMES = { file: /(?:)/, module: /\.[cm]?[jt]s$/, spec: /\.ya?ml$/i } as const;

/**
 * What a finding about a path that leads nowhere says of the file that was most likely meant, written the way the path
 * is; empty when none is near. One of the same name with another extension is as near as can be.
 */
export function nearFile(
  written: string,
  absolute: string,
  files: Files,
  kind: keyof typeof NAMES = "file",
): { readonly meant?: string } {
  const word = basename(absolute);
  const entries = unlessRefused(() => entriesOf(dirname(absolute), files)) ?? [];
  if (!written.endsWith(word)) return {};
  const names = entries
    .filter(({ name, kind: is }) => is !== "directory" && NAMES[kind].test(name))
    .map(({ name }) => name)
    .sort();
  const near = names.find((name) => stem(name) === stem(word)) ?? nearest(word, names);
  return near === null ? {} : { meant: written.slice(0, written.length - word.length) + near };
}

function entriesOf(path: string, files: Files): readonly DirectoryEntry[] {
  const folder = files.realPath(path);
  return folder === null || files.stat(folder)?.kind !== "directory" ? [] : (files.list(folder) ?? []);
}

function stem(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
