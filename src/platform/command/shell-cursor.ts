import { CommandError } from "./error.ts";
import { type Placeholder, readBrace, type Text, type Word } from "./placeholder.ts";

/** One word of a script, and the one before it in the same simple command. */
export interface ShellWord {
  readonly start: number;
  readonly end: number;
  /** Text with quotes taken away; what a shell would compute is an opaque piece of text. */
  readonly word: Word;
  readonly before: ShellWord | null;
}

/** A place where the script differs from the template. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly part: Text | Placeholder;
  /** The word it is in. */
  readonly owner: () => ShellWord;
}

/** Where parts of a word go while it is read. */
export interface OpenWord {
  readonly parts: (Text | Placeholder)[];
  readonly owner: () => ShellWord;
}

/** Reads a script from left to right, and keeps why no value may stand where it is. */
export class ShellCursor {
  readonly edits: Edit[] = [];
  protected readonly source: string;
  protected at = 0;
  /** The kind of place in which no value may stand. */
  protected forbidden: string | null = null;

  constructor(source: string) {
    this.source = source;
  }

  protected get over(): boolean {
    return this.at >= this.source.length;
  }

  protected peek(ahead = 0): string {
    return this.source.charAt(this.at + ahead);
  }

  protected within<T>(place: string, read: () => T): T {
    const outer = this.forbidden;
    this.forbidden = outer ?? place;
    try {
      return read();
    } finally {
      this.forbidden = outer;
    }
  }

  /** Reads a brace: literal, or a placeholder, which has to be in a word where a value may stand. */
  protected brace(open: OpenWord | null): void {
    const start = this.at;
    const { part, end } = readBrace(this.source, start);
    this.at = end;
    if (part.kind === "value" && (this.forbidden !== null || open === null)) {
      throw new CommandError(
        `${part.source} stands in ${this.forbidden ?? "quotes"}, where no value can be put safely; ` +
          `AURA quotes values itself: write it bare, or assign it first, x=${part.source}, and use "$x"`,
      );
    }
    open?.parts.push(part);
    const alone: ShellWord = { start, end, word: [part], before: null };
    this.edits.push({ start, end, part, owner: open?.owner ?? (() => alone) });
  }

  /** Text without quoting up to `end`; its braces are still the template's. */
  protected plainUntil(end: string): void {
    while (!this.over && this.peek() !== end) {
      const char = this.peek();
      if (char === "{" || char === "}") this.brace(null);
      else this.at += end === "`" && char === "\\" ? 2 : 1;
    }
  }

  /** `${NAME…}` is the shell's own and stays as it is. */
  protected parameterExpansion(): void {
    const from = this.at - 1;
    let depth = 0;
    do {
      const char = this.peek();
      if (char === "{") {
        if (depth > 0 && this.source.charAt(this.at - 1) !== "$") {
          const where = JSON.stringify(this.source.slice(from, from + 30));
          throw new CommandError(`a "{" inside ${where}: no value can be put there, assign it first: x={name}`);
        }
        depth += 1;
      }
      if (char === "}") depth -= 1;
      this.at += 1;
    } while (depth > 0 && !this.over);
    if (depth > 0) throw new CommandError("the script has a ${ that is never closed");
  }

  /** Up to the parenthesis that closes the one here. */
  protected balanced(): void {
    let depth = 0;
    do {
      const char = this.peek();
      if (char === "{" || char === "}") {
        this.brace(null);
        continue;
      }
      if (char === "(") depth += 1;
      if (char === ")") depth -= 1;
      this.at += 1;
    } while (depth > 0 && !this.over);
    if (depth > 0) throw new CommandError("the script has a (( that is never closed");
  }

  protected close(quote: string): void {
    if (this.over) throw new CommandError(`the script has a ${quote} that is never closed`);
    this.at += 1;
  }
}
