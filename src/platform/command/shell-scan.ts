import { refuseDecidingAssignment } from "./chosen-program.ts";
import { CommandError } from "./error.ts";
import { type Placeholder, spreadInsideWord, type Text, type Word } from "./placeholder.ts";
import { type Edit, type OpenWord, ShellCursor, type ShellWord } from "./shell-cursor.ts";

export interface ScannedScript {
  readonly edits: readonly Edit[];
  /** The words of each simple command, without assignments, keywords and redirections. */
  readonly commands: readonly (readonly ShellWord[])[];
}

/** What a shell computes at run time stands for itself in a `Word` as this. */
const OPAQUE = "\u0000";
const KEYWORDS = new Set(["if", "then", "else", "elif", "while", "until", "do", "!", "{", "{{", "time", "coproc"]);
const ENDS_WORD = /[\s;&|<>()]/;

/**
 * Finds the words of a shell script as far as is needed to know where a value may stand: not in quotes, backquotes,
 * comments, here-documents, arithmetic or parameter expansions, and not where the name of a command does. Throws
 * `CommandError` with what to write instead.
 */
export function scanScript(source: string): ScannedScript {
  return new Scanner(source).scan();
}

class Scanner extends ShellCursor {
  readonly #commands: ShellWord[][] = [];
  #hereDocuments: { readonly end: string; readonly tabs: boolean }[] = [];

  scan(): ScannedScript {
    this.#code(null);
    return { edits: this.edits, commands: this.#commands };
  }

  /** A list of commands up to `until`, or to the end of the script. */
  #code(until: ")" | null): void {
    let command = this.#newCommand();
    let redirected = false;
    while (!this.over) {
      const char = this.peek();
      if (until !== null && char === until) {
        this.at += 1;
        return;
      }
      if (char === "\n") {
        this.at += 1;
        this.#skipHereDocuments();
        command = this.#newCommand();
      } else if (/\s/.test(char)) {
        this.at += 1;
      } else if (char === "\\" && this.peek(1) === "\n") {
        this.at += 2;
      } else if (char === "#") {
        this.within("a comment", () => this.plainUntil("\n"));
      } else if (char === "<" || char === ">") {
        redirected = this.#redirection();
      } else if (char === "(") {
        this.#parenthesis(command);
        command = this.#newCommand();
      } else if (";&|)".includes(char)) {
        this.at += 1;
        command = this.#newCommand();
      } else {
        const word = this.#word(command.at(-1) ?? null);
        if (!redirected) this.#add(command, word);
        redirected = false;
      }
    }
    if (until !== null) throw new CommandError("the script has a ( that is never closed");
  }

  #newCommand(): ShellWord[] {
    const command: ShellWord[] = [];
    this.#commands.push(command);
    return command;
  }

  #add(command: ShellWord[], word: ShellWord): void {
    const raw = this.source.slice(word.start, word.end);
    const next = this.peek();
    if ((next === "<" || next === ">") && /^\d+$/.test(raw)) return;
    if (command.length === 0) {
      refuseDecidingAssignment(word.word);
      // An option where a command begins is one of the keyword `time`.
      if (KEYWORDS.has(raw) || /^(?:-|[A-Za-z_][A-Za-z0-9_]*\+?=)/.test(raw)) return;
      const value = word.word.find((part) => part.kind === "value");
      if (value?.kind === "value") {
        throw new CommandError(
          `${value.source} stands where a command's name does: its value would choose the program`,
        );
      }
    }
    command.push(word);
    this.#notePositionals(command, raw);
  }

  /** `set`, `shift` and functions have positional parameters of their own: no value can be reached behind them. */
  #notePositionals(command: readonly ShellWord[], raw: string): void {
    const [first] = command;
    const name = first ? this.source.slice(first.start, first.end) : "";
    const sets = name === "set" && command.length > 1 && (raw === "--" || !/^[-+]/.test(raw)) && raw !== "pipefail";
    if (sets || name === "shift" || name === "function") this.forbidden ??= `a part of the script behind \`${name}\``;
  }

  #parenthesis(command: readonly ShellWord[]): void {
    if (command.length > 0) this.forbidden ??= "a part of the script behind the start of a function";
    if (this.peek(1) === "(") {
      this.within("arithmetic", () => this.balanced());
      return;
    }
    this.at += 1;
    this.#code(")");
  }

  /** `true`: the next word is where the output goes or the input comes from. */
  #redirection(): boolean {
    const here = /^<<(-?)(?!<)/.exec(this.source.slice(this.at, this.at + 4));
    if (!here) {
      while (!this.over && "<>&|-".includes(this.peek())) this.at += 1;
      return true;
    }
    this.at += here[0].length;
    while (/[ \t]/.test(this.peek())) this.at += 1;
    const from = this.at;
    while (!this.over && !ENDS_WORD.test(this.peek())) this.at += 1;
    const end = this.source.slice(from, this.at).replace(/['"\\]/g, "");
    this.#hereDocuments.push({ end, tabs: here[1] === "-" });
    return false;
  }

  #skipHereDocuments(): void {
    const pending = this.#hereDocuments;
    this.#hereDocuments = [];
    for (const { end, tabs } of pending) {
      while (!this.over) {
        const from = this.at;
        this.within("a here-document", () => this.plainUntil("\n"));
        const line = this.source.slice(from, this.at);
        this.at += 1;
        if ((tabs ? line.replace(/^\t+/, "") : line) === end) break;
      }
    }
  }

  #word(before: ShellWord | null): ShellWord {
    const start = this.at;
    const parts: (Text | Placeholder)[] = [];
    let done: ShellWord | null = null;
    const open: OpenWord = { parts, owner: () => done ?? { start, end: this.at, word: joined(parts), before } };
    while (!this.over && !ENDS_WORD.test(this.peek())) this.#piece(open);
    for (const part of parts) {
      if (part.kind === "value" && part.spread && parts.length > 1) throw spreadInsideWord(part);
    }
    done = { start, end: this.at, word: joined(parts), before };
    return done;
  }

  #piece(open: OpenWord): void {
    const char = this.peek();
    if (char === "{" || char === "}") {
      this.brace(open);
      return;
    }
    open.parts.push({ kind: "text", text: this.#text(char) });
  }

  /** Reads what begins with `char` and gives its text without quotes. */
  #text(char: string): string {
    if (char === "$" && this.#expansion()) return OPAQUE;
    const from = this.at + 1;
    this.at += 1;
    if (char === "\\") return this.#escaped();
    if (char === '"') return this.within("double quotes", () => this.#double());
    if (char === "'" || char === "`") {
      this.within(char === "'" ? "single quotes" : "backquotes", () => this.plainUntil(char));
      const text = this.source.slice(from, this.at);
      this.close(char);
      return char === "'" ? text : OPAQUE;
    }
    return char;
  }

  /** The character behind a backslash; a value there would lose its quotes. */
  #escaped(): string {
    const char = this.peek();
    if (char === "{" || char === "}") this.within("a backslash's reach", () => this.brace(null));
    else this.at += 1;
    return char;
  }

  /** Reads `$(…)`, `$((…))`, `$[…]` or `${…}`; `false` when this `$` begins none of them. */
  #expansion(): boolean {
    const next = this.peek(1);
    if (next !== "{" && next !== "(" && next !== "[") return false;
    this.at += 1;
    if (next === "[") {
      this.within("arithmetic", () => this.plainUntil("]"));
    } else if (next === "{") {
      this.parameterExpansion();
    } else if (this.peek(1) === "(") {
      this.within("arithmetic", () => this.balanced());
    } else {
      this.at += 1;
      this.#code(")");
    }
    return true;
  }

  #double(): string {
    let text = "";
    while (!this.over && this.peek() !== '"') {
      const char = this.peek();
      if (char === "{" || char === "}") {
        this.brace(null);
        text += char;
      } else if (char === "\\" || char === "$" || char === "`") {
        text += this.#text(char);
      } else {
        text += char;
        this.at += 1;
      }
    }
    this.close('"');
    return text;
  }
}

/** The same word with neighbouring texts as one. */
function joined(parts: readonly (Text | Placeholder)[]): Word {
  const out: (Text | Placeholder)[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind === "text" && last?.kind === "text")
      out[out.length - 1] = { kind: "text", text: last.text + part.text };
    else out.push(part);
  }
  return out.length > 0 ? out : [{ kind: "text", text: "" }];
}
