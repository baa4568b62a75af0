import { basename, dirname } from "node:path";
import type { Files } from "../kernel/effects.ts";
import { nearest } from "../kernel/nearest.ts";

/** What can be loaded as a module of the user's. */
const MODULE = /\.[cm]?[jt]s$/;

/**
 * What a finding about a path that leads nowhere says of the file that was most likely meant, written the way the path
 * is; empty when none is near. One of the same name with another extension is as near as can be.
 */
export function nearFile(
  written: string,
  absolute: string,
  files: Files,
  kind: "module" | "file" = "file",
): { readonly meant?: string } {
  const word = basename(absolute);
  const folder = files.realPath(dirname(absolute));
  if (!written.endsWith(word) || folder === null || files.stat(folder)?.kind !== "directory") return {};
  const names = (files.list(folder) ?? [])
    .filter(({ name, kind: is }) => is !== "directory" && (kind === "file" || MODULE.test(name)))
    .map(({ name }) => name)
    .sort();
  const near = names.find((name) => stem(name) === stem(word)) ?? nearest(word, names);
  return near === null ? {} : { meant: written.slice(0, written.length - word.length) + near };
}

function stem(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
