import { plainText } from "../kernel/display-text.ts";

/** A word as it can be pasted into a POSIX shell: quoted where it must be, control characters removed. */
export function shellWord(word: string): string {
  const text = plainText(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
