import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A fenced block of a document. */
export interface Block {
  /** Of the document, relative to the repository. */
  readonly document: string;
  /** Of its first line of text. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** What an HTML comment on the line before says: `file: name.ts`, `runs: name`. */
  readonly note: string | null;
}

/** Folders that are no part of the project. */
const SKIPPED = new Set(["node_modules", "dist", "runs", ".git", "coverage", ".aura-tmp"]);

/** Files of the project whose names end so, relative to the repository, sorted. */
export function projectFiles(...endings: readonly string[]): readonly string[] {
  const visit = (folder: string): readonly string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : visit(path);
      return entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))
        ? [relative(REPOSITORY, path)]
        : [];
    });
  return [...visit(REPOSITORY)].sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

/** The project's documents, relative to the repository. */
export function documents(): readonly string[] {
  return projectFiles(".md").filter((path) => !path.startsWith("test/"));
}

/** The fenced blocks of a document, of one language or of all. */
export function blocks(document: string, language?: string): readonly Block[] {
  const lines = readProjectFile(document).split("\n");
  const found: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opening = /^(`{3,})(\S*)/.exec(lines[at] ?? "");
    if (!opening?.[1]) continue;
    const end = lines.indexOf(opening[1], at + 1);
    if (end === -1) throw new Error(`${document}:${at + 1}: a block is not closed`);
    const note = /^<!-- (.*) -->$/.exec(lines[at - 1] ?? "")?.[1] ?? null;
    const text = `${lines.slice(at + 1, end).join("\n")}\n`;
    found.push({ document, line: at + 2, language: opening[2] ?? "", text, note });
    at = end;
  }
  return found.filter((block) => language === undefined || block.language === language);
}

/** A block as a test is named by it. */
export function placeOf({ document, line }: Block): string {
  return `${document}:${line}`;
}
