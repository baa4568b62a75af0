import { writeSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, StorageError } from "../kernel/errors.ts";
import { localObserver } from "../platform/observer.ts";
import { jsonDocument } from "../reporters/jsonl.ts";
import { errorDocument } from "./error-document.ts";
import { VIEWS, type View } from "./inspect-documents.ts";
import { textOf } from "./inspect-views.ts";
import { watchOutput } from "./output-errors.ts";
import { reportError } from "./report-error.ts";

/**
 * `aura inspect` in its plain forms, without the parser of the whole command line: scripts and people look often.
 * `args` are the words after `inspect`. `false`: these words need the whole command line, and nothing was done.
 */
export function inspectFast(args: readonly string[]): boolean {
  const { AURA_JSON = "", AURA_FOLLOW = "" } = process.env;
  if (`${AURA_JSON}${AURA_FOLLOW}` !== "") return false;
  const words = args.filter((word) => word !== "--json");
  const [place, view = "summary", ...ids] = words;
  if (place === undefined || words.some((word) => word.startsWith("-") || word === "")) return false;
  const chosen = Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined;
  if (chosen === undefined || chosen.ids !== ids.length) return false;
  process.exitCode = words.length < args.length ? showJson(place, chosen, ids) : showText(place, view, ids);
  return true;
}

function showJson(place: string, view: View, ids: readonly string[]): number {
  const { document, code } = answerOf(place, view, ids);
  try {
    writeOut(jsonDocument(document));
    return code;
  } catch (thrown) {
    return reportError(thrown);
  }
}

function answerOf(
  place: string,
  view: View,
  ids: readonly string[],
): { readonly document: object; readonly code: number } {
  try {
    return { document: view.document(resolve(place), localObserver(), ids), code: EXIT.ok };
  } catch (thrown) {
    return { document: errorDocument(thrown), code: reportError(thrown) };
  }
}

function showText(place: string, view: string, ids: readonly string[]): number {
  const outputFailed = watchOutput();
  try {
    process.stdout.write(textOf(view, resolve(place), localObserver(), ids[0] ?? "", process.stdout.columns));
    return outputFailed() ? EXIT.storage : EXIT.ok;
  } catch (thrown) {
    return reportError(thrown);
  }
}

/**
 * Writes to standard output without making a stream of it, which takes a tenth of the whole command's time. What a pipe
 * will not take at once goes the usual way.
 */
function writeOut(text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(1, bytes, done);
    return;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "EPIPE") return;
    if (code !== "EAGAIN") throw new StorageError("write to", "standard output", thrown);
  }
  watchOutput();
  process.stdout.write(bytes.subarray(done));
}
