import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { structuredPatch } from "diff";
import { recordText } from "../../text/printable.ts";
import { type Change, changesBetween, type Snapshot, type SnapshotEntry, sameContent } from "./snapshot.ts";
import { decodeText, encodeText, splitLines } from "./text.ts";

/** Where states and the contents of their files are read. */
interface States {
  read(id: string): Snapshot;
  readonly objects: { read(sha256: string): Uint8Array };
}

export interface DiffOptions {
  /** What is longer is cut, with a line that says so. Default: no limit. */
  readonly maxBytes?: number;
}

/** Beyond this many changed lines a file is shown as replaced: finding the shortest difference would take too long. */
const MAX_EDIT_LENGTH = 1000;
/** Files larger than this are not searched for differences at all. */
const MAX_SEARCHED_BYTES = 4 * 1024 * 1024;

/**
 * The difference between two states for people and prompts: unified, files in order of their paths, changed modes,
 * links and binary files named, control characters written out. Empty when the states are equal.
 */
export function diffSnapshots(store: States, a: string, b: string, options: DiffOptions = {}): string {
  const parts = partsOf(store, a, b).map((part) => recordText(part.text));
  return bounded(parts, options.maxBytes ?? Number.POSITIVE_INFINITY);
}

/** The difference between two states as a patch that `git apply` takes; bytes as they are. */
export function patchBetween(store: States, a: string, b: string): string {
  return partsOf(store, a, b)
    .map((part) => part.patch?.() ?? part.text)
    .join("");
}

interface Part {
  readonly text: string;
  /** What git takes in place of the text, where it is another. */
  readonly patch?: () => string;
}

function partsOf(store: States, a: string, b: string): readonly Part[] {
  if (a === b) return [];
  return changesBetween(store.read(a), store.read(b)).flatMap((change) => parts(store, change));
}

/** A file that became a link, or the other way round, is one deleted and one created: so does git write it. */
function parts(store: States, change: Change): readonly Part[] {
  const before = change.before?.kind === "directory" ? null : change.before;
  const after = change.after?.kind === "directory" ? null : change.after;
  if (before === null && after === null) return [];
  if (before === null || after === null || before.kind === after.kind)
    return [part(store, { ...change, before, after })];
  return [part(store, { ...change, before, after: null }), part(store, { ...change, before: null, after })];
}

function part(store: States, { path, before, after }: Change): Part {
  const oldName = gitName("a", path);
  const newName = gitName("b", path);
  const header = [`diff --git ${oldName} ${newName}`, ...modeLines(before, after)];
  const done = (lines: readonly string[]): Part => ({ text: `${lines.join("\n")}\n` });
  if (sameContent(before, after)) return done(header);
  const oldText = textOf(store, before);
  const newText = textOf(store, after);
  if (oldText === null || newText === null) {
    const differ = `Binary files ${before ? oldName : NOWHERE} and ${after ? newName : NOWHERE} differ`;
    const mode = after === null ? "" : gitMode(after);
    const patch = (): string =>
      `${[...header, ...binaryLines(bytesOf(store, before), bytesOf(store, after), mode)].join("\n")}\n`;
    return { ...done([...header, differ]), patch };
  }
  const names = [`--- ${before ? fileLine(oldName) : NOWHERE}`, `+++ ${after ? fileLine(newName) : NOWHERE}`];
  const hunks = hunkLines(oldText, newText);
  return done(hunks.length === 0 ? header : [...header, ...names, ...hunks]);
}

const NOWHERE = "/dev/null";

function modeLines(before: SnapshotEntry | null, after: SnapshotEntry | null): readonly string[] {
  if (before === null) return after === null ? [] : [`new file mode ${gitMode(after)}`];
  if (after === null) return [`deleted file mode ${gitMode(before)}`];
  if (gitMode(before) !== gitMode(after)) return [`old mode ${gitMode(before)}`, `new mode ${gitMode(after)}`];
  return [];
}

/** Git knows links, files and executable files. */
function gitMode(entry: SnapshotEntry): string {
  if (entry.kind === "symlink") return "120000";
  return entry.mode & 0o100 ? "100755" : "100644";
}

function bytesOf(store: States, entry: SnapshotEntry | null): Uint8Array | null {
  return entry?.kind === "file" ? store.objects.read(entry.sha256) : null;
}

function textOf(store: States, entry: SnapshotEntry | null): string | null {
  if (entry === null || entry.kind === "directory") return "";
  return entry.kind === "symlink" ? entry.target : decodeText(store.objects.read(entry.sha256));
}

function hunkLines(before: string, after: string): readonly string[] {
  const options = { context: 3, maxEditLength: MAX_EDIT_LENGTH };
  const small = before.length + after.length <= MAX_SEARCHED_BYTES;
  const patch = small ? structuredPatch("", "", before, after, undefined, undefined, options) : undefined;
  if (patch === undefined) return replacedWhole(before, after);
  return patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    // A side without lines is counted from the line before it.
    `@@ -${range(oldLines === 0 ? oldStart - 1 : oldStart, oldLines)} +${range(newLines === 0 ? newStart - 1 : newStart, newLines)} @@`,
    ...lines,
  ]);
}

function range(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${start},${lines}`;
}

function replacedWhole(before: string, after: string): readonly string[] {
  const oldLines = splitLines(before);
  const newLines = splitLines(after);
  const sign = (mark: string, lines: readonly string[]): readonly string[] =>
    lines.flatMap((line) =>
      line.endsWith("\n") ? [`${mark}${line.slice(0, -1)}`] : [`${mark}${line}`, "\\ No newline at end of file"],
    );
  const side = (lines: readonly string[]): string => range(lines.length === 0 ? 0 : 1, lines.length);
  return [`@@ -${side(oldLines)} +${side(newLines)} @@`, ...sign("-", oldLines), ...sign("+", newLines)];
}

function bounded(parts: readonly string[], maxBytes: number): string {
  let text = "";
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    const size = Buffer.byteLength(part);
    if (bytes + size <= maxBytes) {
      text += part;
      bytes += size;
      continue;
    }
    const room = new TextDecoder().decode(encodeText(part).subarray(0, Math.max(0, maxBytes - bytes)));
    const whole = room.slice(0, room.lastIndexOf("\n") + 1);
    const more = parts.length - index - 1;
    return `${text}${whole}[cut at ${maxBytes} bytes${more > 0 ? `; ${more} more changed` : ""}]\n`;
  }
  return text;
}

/** Quoted as git quotes where a name holds what would end or change it, or ends in a blank. */
export function gitName(side: "a" | "b", path: string): string {
  const name = `${side}/${path}`;
  if (!/[\u0000-\u001f\u007f"\\]|\s$/.test(name)) return name;
  const escaped = name.replace(/[\u0000-\u001f\u007f"\\]/g, (char) =>
    char === '"' || char === "\\" ? `\\${char}` : `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

/** A tab ends a name with blanks in it. */
export function fileLine(name: string): string {
  return name.includes(" ") && !name.startsWith('"') ? `${name}\t` : name;
}

/** A side of a change, or that there is no file. */
export type Side = Uint8Array | null;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const BYTES_A_LINE = 52;
const NO_BLOB = "0".repeat(40);

/** The lines that tell git of changed bytes, both ways, after the `diff --git` line and the modes. */
function binaryLines(before: Side, after: Side, mode: string): readonly string[] {
  return [
    `index ${blobName(before)}..${blobName(after)}${before !== null && after !== null ? ` ${mode}` : ""}`,
    "GIT binary patch",
    ...literal(after ?? new Uint8Array()),
    "",
    ...literal(before ?? new Uint8Array()),
    "",
  ];
}

/** Git takes a binary patch only when it knows by name what it is about. */
function blobName(content: Side): string {
  if (content === null) return NO_BLOB;
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

function literal(content: Uint8Array): readonly string[] {
  const packed = deflateSync(content);
  const lines: string[] = [`literal ${content.length}`];
  for (let at = 0; at < packed.length; at += BYTES_A_LINE) {
    const bytes = packed.subarray(at, at + BYTES_A_LINE);
    lines.push(`${lengthLetter(bytes.length)}${base85(bytes)}`);
  }
  return lines;
}

/** `A` to `Z` for 1 to 26, `a` to `z` for 27 to 52. */
function lengthLetter(length: number): string {
  return String.fromCharCode(length <= 26 ? 64 + length : 96 + length - 26);
}

/** Five digits for each four bytes, the last ones filled up with zeros. */
function base85(bytes: Uint8Array): string {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  let text = "";
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let digits = "";
    for (let digit = 0; digit < 5; digit++) {
      digits = `${DIGITS.charAt(value % 85)}${digits}`;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
