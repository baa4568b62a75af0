import type { Files } from "../../kernel/effects.ts";
import { promptText } from "../../text/printable.ts";

/** Bytes of a text that are kept from its beginning and from its end. */
const KEPT = 32 * 1024;

/** What a process printed, as text without escape sequences; of a long one beginning and end. Empty where there is no log. */
export function printedText(log: string, files: Pick<Files, "readBytes">): string {
  const bytes = files.readBytes(log) ?? new Uint8Array();
  const decode = (part: Uint8Array): string => new TextDecoder().decode(part);
  if (bytes.length <= 2 * KEPT) return promptText(decode(bytes));
  const left = bytes.length - 2 * KEPT;
  return promptText(`${decode(bytes.subarray(0, KEPT))}\n[${left} bytes left out]\n${decode(bytes.subarray(-KEPT))}`);
}
