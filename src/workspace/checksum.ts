/**
 * A short fingerprint of text (FNV-1a, 32 bits, eight hex digits), to notice damage in files that are only views. Not
 * for anything a hostile writer could gain from.
 */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
