import type { Files } from "../kernel/effects.ts";
import { isJsonObject } from "../model/json.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { besides, type Site } from "./sites.ts";

/** Larger modules are not looked into. */
const LARGEST = 1024 * 1024;

const DECLARED =
  /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\s*\*?|class|const|let|var|enum|interface|type|namespace)\s+([\p{L}_$][\p{L}\p{N}_$]*)/gu;
const LISTED = /\bexport\s+(?:type\s+)?\{([^{}]*)\}/g;
const DEFAULT = /\bexport\s+default\b/g;

/**
 * Functions that a spec names and that their modules do not export. The modules are read, not run: what they do is not
 * to happen before the run. One whose exports cannot be told from its text, such as a CommonJS module, is passed over.
 */
export function missingExports(
  sites: readonly Site[],
  resolvePath: (path: string) => string,
  files: Files,
): readonly Finding[] {
  return sites.flatMap((site) => {
    const { schema, value: module, path } = site;
    const option = isJsonObject(schema?.["x-module"]) ? schema["x-module"].export : undefined;
    const name = besides(site, option) ?? "default";
    if (typeof option !== "string" || typeof module !== "string" || typeof name !== "string") return [];
    const file = resolvePath(module);
    const stat = files.stat(files.realPath(file) ?? file);
    const text = stat?.kind === "file" && stat.size <= LARGEST ? files.readText(file) : null;
    const names = text === null ? null : exportedNames(text, name);
    if (names === null || names.includes(name)) return [];
    const known = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
    const more = { candidates: names, given: name };
    return [finding([...path.slice(0, -1), option], `${module} has no export "${name}"; ${known}`, more)];
  });
}

/** The names that a module exports; `null` when its text does not tell, or leaves open whether `wanted` is among them. */
export function exportedNames(text: string, wanted: string): readonly string[] | null {
  const declared = [...text.matchAll(DECLARED)].map((found) => found[1] ?? "");
  const lists = [...text.matchAll(LISTED)];
  const defaults = [...text.matchAll(DEFAULT)];
  const words = [...text.matchAll(/\bexport\b/g)].length;
  const understood = declared.length + lists.length + defaults.length;
  if (words === 0 || words !== understood || /\bexports\b/.test(text)) return null;
  const listed = lists.flatMap(([, names = ""]) =>
    names.split(",").map(
      (name) =>
        name
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? "",
    ),
  );
  const names = [...new Set([...declared, ...listed.map(withoutType), ...(defaults.length > 0 ? ["default"] : [])])];
  if (!names.includes(wanted) && isAmongDeclared(text, wanted)) return null;
  return names.filter((name) => name !== "");
}

function withoutType(name: string): string {
  return name.replace(/^type\s+/, "").replace(/^["']|["']$/g, "");
}

/** One `export const` may declare several names. */
function isAmongDeclared(text: string, wanted: string): boolean {
  const statements = text.matchAll(/\bexport\s+(?:declare\s+)?(?:const|let|var)\b([^;]*)/g);
  return [...statements].some(([, rest = ""]) => rest.split(/[^\p{L}\p{N}_$]+/u).includes(wanted));
}
