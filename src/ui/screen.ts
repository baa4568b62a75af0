const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
// Terminals that know it show the update as one; others ignore it.
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const HOME = "\x1b[H";

/**
 * The part of a terminal that a frame takes: writes the lines that changed and nothing else. Frames must be narrower
 * and lower than the terminal. Where there is no terminal only the last frame is written, as plain text.
 */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  #shown: readonly string[] = [];
  #cleared = true;
  #started = false;
  #closed = false;

  constructor(write: (text: string) => void, terminal: boolean) {
    this.#write = write;
    this.#terminal = terminal;
  }

  /** Shows a frame, its lines separated by line feeds, in place of the one before. Ignored once closed. */
  draw(frame: string): void {
    if (this.#closed) return;
    const lines = frame.split("\n");
    if (this.#terminal) this.#update(lines);
    this.#shown = lines;
  }

  /** Says that the terminal may have moved or wrapped what was drawn: the next frame starts on an empty screen. */
  invalidate(): void {
    this.#cleared = false;
  }

  /** Leaves the last frame where it is and gives the cursor back, below it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#terminal) this.#write(SHOW_CURSOR);
    else if (this.#shown.length > 0) this.#write(`${this.#shown.join("\n")}\n`);
  }

  #update(lines: readonly string[]): void {
    const before = this.#cleared ? this.#shown : [];
    if (this.#cleared && this.#started && lines.join("\n") === before.join("\n")) return;
    const parts = [BEGIN_UPDATE];
    if (!this.#started) parts.push(HIDE_CURSOR);
    // Written over line by line: terminals keep what they are told to clear as a whole in their scrollback.
    if (!this.#cleared) parts.push(HOME);
    if (before.length > 0) parts.push(`\x1b[${before.length}A\r`);
    for (const [index, line] of lines.entries()) {
      parts.push(before[index] === line ? "\r\n" : `${line}${CLEAR_LINE_END}\r\n`);
    }
    if (lines.length < before.length || !this.#cleared) parts.push(CLEAR_BELOW);
    this.#write(parts.join("") + END_UPDATE);
    this.#started = true;
    this.#cleared = true;
  }
}

const CURSOR = /^\x1b\[\?25[hl]$/;

/**
 * The stream as Ink sees it: whole frames that Ink writes go to the screen, which knows better than Ink how to put them
 * on a terminal (Ink 6.8 repaints a frame one line too low when asked for changed lines only, and clears the user's
 * scrollback when the window gets lower than the frame). The cursor's visibility, which Ink restores when the process
 * exits, passes.
 */
export function inkStdout(stdout: NodeJS.WriteStream, screen: Screen, columns: () => number): NodeJS.WriteStream {
  const write = (chunk: unknown, ...rest: readonly unknown[]): boolean => {
    const text = String(chunk);
    if (CURSOR.test(text)) stdout.write(text);
    else if (text !== "") screen.draw(text);
    const done = rest.find((value) => typeof value === "function");
    if (typeof done === "function") done();
    return true;
  };
  const proxy: NodeJS.WriteStream = new Proxy(stdout, {
    get(target, key) {
      if (key === "write") return write;
      if (key === "columns") return columns();
      // Its own listener for a new size would draw the old frame once more.
      if (key === "on" || key === "off") return () => proxy;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return proxy;
}
