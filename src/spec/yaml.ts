import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from "yaml";
import { messageOf } from "../kernel/errors.ts";
import type { JsonValue } from "../model/json.ts";
import { type Place, placeKey, type SourceProblem, type Span, type SpecPath } from "./places.ts";

/** Values that a document may come to once its aliases are written out. */
const MAX_VALUES = 50_000;

export interface ConvertedDocument {
  readonly value: JsonValue;
  readonly problems: readonly SourceProblem[];
  /** By `placeKey` of the path. */
  readonly places: ReadonlyMap<string, Place>;
  /** Paths of scalars that were written in quotes or as a block, by `placeKey`. */
  readonly quoted: ReadonlySet<string>;
  /** The document is larger or deeper than the bounds, and was not converted to its end. */
  readonly unbounded: boolean;
}

/** Turns a parsed document into plain JSON with positions, writing aliases out within bounds. */
function convertDocument(document: Document.Parsed): ConvertedDocument {
  const converter = new Converter(aliasTargets(document));
  const value = converter.convert(document.contents, [], undefined);
  const { problems, places, quoted, unbounded } = converter;
  return { value, problems: unbounded ? problems.slice(-1) : problems, places, quoted, unbounded };
}

/** What each alias stands for: the last node before it in the text that carries its anchor. */
function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) targets.set(node, target);
      } else if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

class Converter {
  readonly problems: SourceProblem[] = [];
  readonly places = new Map<string, Place>();
  readonly quoted = new Set<string>();
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #open = new Set<Node>();
  #values = 0;
  unbounded = false;

  constructor(targets: ReadonlyMap<Alias, Node>) {
    this.#targets = targets;
  }

  convert(node: unknown, path: SpecPath, key: Span | undefined): JsonValue {
    const span = spanOf(node) ?? key ?? { start: 0, end: 1 };
    this.places.set(placeKey(path), key ? { key, value: span } : { value: span });
    return this.#value(node, path, span);
  }

  #value(node: unknown, path: SpecPath, span: Span): JsonValue {
    if (this.unbounded) return null;
    this.#values += 1;
    if (this.#values > MAX_VALUES)
      return this.#beyond(`more than ${MAX_VALUES} values, aliases written out`, path, span);
    if (path.length > MAX_DEPTH) return this.#beyond(`nested more than ${MAX_DEPTH} levels deep`, path, span);
    if (isAlias(node)) return this.#alias(node, path, span);
    if (isScalar(node)) return this.#scalar(node, path, span);
    const [only, ...others] = isMap(node) ? node.items : [];
    // `{x}` alone is a mapping to YAML, of a key without a colon.
    if (isScalar(only?.key) && only.value === null && others.length === 0) {
      return this.#problem(`a placeholder has to be in quotes: "{${only.key.source ?? ""}}"`, path, span);
    }
    if (isMap(node)) return this.#inside(node, path, span, () => this.#map(node.items, path));
    if (isSeq(node)) {
      return this.#inside(node, path, span, () =>
        node.items.map((item, index) => this.convert(item, [...path, String(index)], undefined)),
      );
    }
    return null;
  }

  #alias(node: Alias, path: SpecPath, span: Span): JsonValue {
    const target = this.#targets.get(node);
    if (!target) return this.#problem(`there is no anchor &${node.source} before this alias`, path, span);
    return this.#value(target, path, span);
  }

  #inside(node: Node, path: SpecPath, span: Span, convert: () => JsonValue): JsonValue {
    if (this.#open.has(node)) return this.#problem("this alias stands for a value that it is part of", path, span);
    if (node.tag !== undefined) return this.#problem(`the tag ${node.tag} has no meaning in a spec`, path, span);
    this.#open.add(node);
    const value = convert();
    this.#open.delete(node);
    return value;
  }

  #map(pairs: readonly Pair[], path: SpecPath): JsonValue {
    const entries = new Map<string, JsonValue>();
    for (const pair of pairs) {
      const span = spanOf(pair.key) ?? spanOf(pair.value) ?? { start: 0, end: 1 };
      const key = isScalar(pair.key) ? scalarKey(pair.key.value, pair.key.source) : null;
      if (key === null) this.#problem("a key has to be plain text", path, span);
      else if (key === "<<") this.#problem("`<<` is not part of YAML 1.2; write the keys out", path, span);
      else if (key === "__proto__") this.#problem('"__proto__" cannot be a key', path, span);
      else if (entries.has(key)) this.#problem(`the key "${key}" is there twice`, [...path, key], span);
      else entries.set(key, this.convert(pair.value, [...path, key], span));
    }
    return Object.fromEntries(entries);
  }

  #scalar(
    node: { value: unknown; source?: string; type?: string; tag?: string },
    path: SpecPath,
    span: Span,
  ): JsonValue {
    const { value, type, tag, source } = node;
    if (tag !== undefined) return this.#problem(`the tag ${tag} has no meaning in a spec`, path, span);
    if (type !== undefined && type !== "PLAIN") this.quoted.add(placeKey(path));
    if (typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value !== "number") return null;
    if (!Number.isFinite(value)) return this.#problem("a number here has to be finite", path, span);
    if (/^[-+]?\d+$/.test(source ?? "") && !Number.isSafeInteger(value)) {
      const most = Number.MAX_SAFE_INTEGER;
      return this.#problem(`this whole number is too large to be exact; the largest is ${most}`, path, span);
    }
    return value;
  }

  #problem(message: string, path: SpecPath, span: Span): null {
    this.problems.push({ message, path, span });
    return null;
  }

  #beyond(message: string, path: SpecPath, span: Span): null {
    this.unbounded = true;
    return this.#problem(message, path, span);
  }
}

function scalarKey(value: unknown, source: string | undefined): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? (source ?? String(value)) : null;
}

function spanOf(node: unknown): Span | null {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return null;
  const [start, end]: readonly unknown[] = node.range;
  return typeof start === "number" && typeof end === "number" ? { start, end } : null;
}

/** Lists and mappings inside each other that a spec may have. */
export const MAX_DEPTH = 64;

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
  if (message.includes("call stack")) return `nested more than ${MAX_DEPTH} levels deep`;
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab cannot indent YAML; use spaces";
    case "MULTIPLE_DOCS":
      return "a spec is one YAML document; remove the `---` between documents";
    case "BLOCK_AS_IMPLICIT_KEY":
      return /:(?:\s|$)/.test(text.slice(offset).split("\n", 1)[0] ?? "")
        ? "a second `:` in one line; put the text in quotes"
        : "a key has a value on its line or keys indented under it, not both";
    case "BAD_INDENT":
      return "this line is indented otherwise than the keys that it stands with";
    default: {
      const before = text.slice(Math.max(0, offset - 1), offset + 1);
      if (before === "${") return 'inside { } or [ ] a variable has to be in quotes: "${NAME}"';
      const placeholder = PLACEHOLDER.exec(lineAt(text, offset))?.[0];
      if (placeholder !== undefined)
        return `a text with a placeholder like ${placeholder} may have to be in quotes here`;
      return message.charAt(0).toLowerCase() + message.slice(1);
    }
  }
}

const PLACEHOLDER = /\{[\p{L}\p{N}_][\p{L}\p{N}_.-]*(?:\.\.\.)?\??\}/u;

function lineAt(text: string, offset: number): string {
  const end = text.indexOf("\n", offset);
  return text.slice(text.lastIndexOf("\n", offset - 1) + 1, end < 0 ? undefined : end);
}
