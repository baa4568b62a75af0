import { Lexer, Parser } from "yaml";

/** Lists and mappings inside each other that a spec may have. */
export const MAX_DEPTH = 64;

/**
 * Where YAML text nests deeper than `MAX_DEPTH`: the offset of the first list or mapping that is too deep, `null` when
 * there is none. Told while it is being parsed, so that no more work is done than for what is not too deep.
 */
export function tooDeepAt(text: string): number | null {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Whole documents come out here, of which nothing is needed: what is open is on the parser's stack.
    for (const _ of parser.next(lexeme));
    if (parser.stack.length <= MAX_DEPTH) continue;
    const collections = parser.stack.filter((token) => "items" in token);
    const beyond = collections[MAX_DEPTH];
    if (beyond) return beyond.offset;
  }
  return null;
}
