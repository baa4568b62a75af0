import { parseDocument } from "yaml";
import { messageOf } from "../kernel/errors.ts";
import type { Span } from "./places.ts";
import { MAX_DEPTH, tooDeepAt } from "./yaml-depth.ts";
import { type ConvertedDocument, convertDocument } from "./yaml-values.ts";

/** YAML text read into plain JSON with positions, or the first thing that keeps it from being read. */
export type YamlText =
  | { readonly ok: true; readonly converted: ConvertedDocument; readonly contents: Span | null }
  | { readonly ok: false; readonly message: string; readonly span: Span };

/** Reads YAML 1.2 text (core schema). Never throws. */
export function readYaml(text: string): YamlText {
  const problem = (message: string, start = 0, end = start + 1): YamlText => {
    return { ok: false, message, span: { start, end } };
  };
  const nul = text.indexOf("\u0000");
  if (nul >= 0) return problem("a NUL character; it has to be plain text, in UTF-8", nul);
  try {
    const deep = tooDeepAt(text);
    if (deep !== null) return problem(`nested more than ${MAX_DEPTH} levels deep`, deep);
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, merge: false, schema: "core" });
    const [error] = document.errors;
    if (error) return problem(explained(error.code, error.message, text, error.pos[0]), ...error.pos);
    const [start, end] = document.contents?.range ?? [];
    const contents = start === undefined || end === undefined ? null : { start, end };
    return { ok: true, converted: convertDocument(document), contents };
  } catch (thrown) {
    return problem(`not YAML: ${messageOf(thrown)}`);
  }
}

/** The parser's message, in words about what to do for the mistakes that people make. */
function explained(code: string, message: string, text: string, offset: number): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab cannot indent YAML; use spaces";
    case "MULTIPLE_DOCS":
      return "a spec is one YAML document; remove the `---` between documents";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "a second `:` in one line; put the text in quotes";
    default: {
      const before = text.slice(Math.max(0, offset - 1), offset + 1);
      if (before === "${") return 'inside { } or [ ] a variable has to be in quotes: "${NAME}"';
      return message.charAt(0).toLowerCase() + message.slice(1);
    }
  }
}
