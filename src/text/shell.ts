import { terminalLine } from "./printable.ts";

/**
 * A word as it can be pasted into a shell: quoted where it must be. One with line breaks or other characters that a
 * terminal would act on is written as `$'…'`, which bash, zsh and ksh read.
 */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (terminalLine(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${word.replace(/['\\]/g, "\\$&").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped)}'`;
}

/** A path as a word that no command takes for an option. */
export function shellPath(path: string): string {
  return shellWord(path.startsWith("-") ? `./${path}` : path);
}

/** The bytes of a character as octal escapes, which every shell with `$'…'` knows. */
function escaped(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
