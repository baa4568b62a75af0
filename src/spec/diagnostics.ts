import type { Diagnostic } from "../kernel/errors.ts";
import { createRedactor } from "../kernel/redact.ts";
import type { Issue } from "../schema/issues.ts";
import { blanked, terminalLine } from "../text/printable.ts";
import { displayWidth } from "../text/width.ts";
import { meantName } from "./meant.ts";
import { isWithin, placeKey, type Span, type SpecPath } from "./places.ts";
import type { SpecSource } from "./source.ts";

/** Where a diagnostic says a value comes from that did not come from the spec's file. */
export const OVERRIDES = "--set";

/** Something wrong, or worth a warning, at a path of the spec. */
export interface Finding extends Issue {
  /** What the user wrote there, to find the nearest valid name for; the last key of `path` when it is about a key. */
  readonly given?: string;
  /** What was most likely meant, where that is known without `candidates`. */
  readonly meant?: string;
  /** Text inside the value that the finding is about, such as `{lr}`: the first such. */
  readonly within?: string;
}

/** A finding about the value at a path. */
export function finding(
  path: SpecPath,
  message: string,
  more: Partial<Pick<Finding, "about" | "candidates" | "given" | "meant" | "within">> = {},
): Finding {
  return { path, message, about: "value", candidates: [], ...more };
}

/** Turns findings into diagnostics with file, line, column, excerpt and nearest valid name, in the order of the text. */
export class DiagnosticWriter {
  readonly #source: SpecSource;
  readonly #file: string;
  readonly #overridden: readonly SpecPath[];
  readonly #hide: (text: string) => string;

  constructor(source: SpecSource, file: string, overridden: readonly SpecPath[], secrets: readonly string[]) {
    this.#source = source;
    this.#file = file;
    this.#overridden = overridden;
    const redactor = createRedactor(secrets);
    this.#hide = (text) => terminalLine(redactor.text(text));
  }

  write(findings: readonly Finding[]): readonly Diagnostic[] {
    return oncePerMistake(findings)
      .map((found) => ({ found, span: this.#span(found) }))
      .sort((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1))
      .map(({ found, span }) => this.#diagnostic(found, span));
  }

  /** A diagnostic at a stretch of the text. */
  at(path: SpecPath, message: string, span: Span): Diagnostic {
    const { line, col } = this.#source.lines.linePos(span.start);
    return {
      path: pathText(path),
      message: this.#hide(message),
      file: this.#file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      ...(this.#source.text.trim() === "" ? {} : { excerpt: excerpt(this.#source.text, span) }),
    };
  }

  #diagnostic(found: Finding, span: Span | null): Diagnostic {
    const given = found.given ?? (found.about === "key" ? found.path.at(-1) : undefined);
    const suggestion = found.meant ?? (given === undefined ? null : meantName(given, found.candidates));
    const base = span
      ? this.at(found.path, found.message, span)
      : { path: pathText(found.path), message: this.#hide(found.message), file: OVERRIDES };
    return suggestion === null ? base : { ...base, suggestion };
  }

  /** `null` when the value did not come from the text. */
  #span(found: Finding): Span | null {
    const place = this.#source.places.get(placeKey(found.path));
    if (this.#overridden.some((path) => isWithin(found.path, path) || (!place && isWithin(path, found.path)))) {
      return null;
    }
    if (!place)
      return found.path.length === 0
        ? { start: 0, end: 1 }
        : this.#span({ ...found, path: found.path.slice(0, -1), about: "missing" });
    if (found.about === "missing" && found.path.length === 0)
      return { start: place.value.start, end: place.value.start + 1 };
    if (found.about !== "value") return place.key ?? place.value;
    return narrowed(this.#source.text, place.value, found);
  }
}

/** Diagnostics for people: `file:line:column: message`, the line, and a mark under the place. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join("\n");
}

function formatDiagnostic(found: Diagnostic): string {
  const place =
    found.line === undefined
      ? [found.file, found.path].filter(Boolean).join(" ")
      : `${found.file}:${found.line}:${found.column}`;
  const head = `${place}: ${diagnosticWords(found)}`;
  return found.excerpt === undefined ? head : `${head}\n${found.excerpt.replaceAll(/^/gm, "    ")}`;
}

/** What a diagnostic says, without its place. */
export function diagnosticWords({ message, suggestion }: Pick<Diagnostic, "message" | "suggestion">): string {
  return suggestion === undefined ? message : `${message}; did you mean "${suggestion}"?`;
}

/** A path as users write it in `--set`: `checks.0.command`. */
export function pathText(path: SpecPath): string {
  return terminalLine(path.join("."));
}

/** A key that is missing because it is misspelt is one mistake: the unknown key tells it. */
function oncePerMistake(findings: readonly Finding[]): readonly Finding[] {
  const unknown = findings.filter((found) => found.about === "key");
  return findings.filter(
    ({ missing, path }) =>
      missing === undefined ||
      !unknown.some(
        (key) =>
          pathText(key.path.slice(0, -1)) === pathText(path) &&
          meantName(key.path.at(-1) ?? "", key.candidates) === missing,
      ),
  );
}

function narrowed(text: string, span: Span, { within }: Finding): Span {
  if (within === undefined || within === "") return span;
  const written = text.slice(span.start, span.end);
  const at = written.indexOf(within);
  return at < 0 ? span : { start: span.start + at, end: span.start + at + within.length };
}

const WIDTH = 110;

/** The line a span starts in, cut to a readable width, and a line of carets under the span. */
function excerpt(text: string, span: Span): string {
  const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.start);
  const line = text.slice(lineStart, newline < 0 ? text.length : newline).replace(/\r$/, "");
  const column = Math.min(span.start - lineStart, line.length);
  const from = column > WIDTH - 20 ? column - 40 : 0;
  const shown = blanked(withoutPasswords(line).slice(from, from + WIDTH));
  const before = shown.slice(0, column - from);
  const marked = shown.slice(column - from, column - from + Math.max(1, span.end - span.start));
  return `${shown}\n${" ".repeat(displayWidth(before))}${"^".repeat(Math.max(1, displayWidth(marked)))}`;
}

/** What stands before the host of a URL gives access to it; as many stars take its place. */
function withoutPasswords(line: string): string {
  return line.replaceAll(/(?<=:\/\/)[^\s/@"']+(?=@)/g, (access) => "*".repeat(access.length));
}
