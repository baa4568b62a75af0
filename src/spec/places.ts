/** Keys from the root of the spec down to a value; list entries by their index. */
export type SpecPath = readonly string[];

/** Where a value and its key stand in the text: offsets of the first character and of the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Place {
  readonly key?: Span;
  readonly value: Span;
}

/** A problem found while reading the text, at its offset. */
export interface SourceProblem {
  readonly message: string;
  readonly span: Span;
  readonly path: SpecPath;
}

/** The key of a path in maps and sets. */
export function placeKey(path: SpecPath): string {
  return path.join("\n");
}
