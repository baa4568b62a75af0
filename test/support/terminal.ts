import { execFileSync, spawnSync } from "node:child_process";

/** A real terminal to run commands in, by way of tmux. */
export interface Terminal extends Disposable {
  /** Sends keys by their tmux names, such as `q` and `C-c`. */
  press(...keys: readonly string[]): void;
  /** The screen as it is now, without colours; with the lines that went off its top. */
  screen(): string;
  /** Resolves with the screen once it shows this. */
  until(wanted: RegExp): Promise<string>;
  resize(columns: number, rows: number): void;
}

export const hasTmux = spawnSync("tmux", ["-V"]).status === 0;

let opened = 0;

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Opens a terminal with a POSIX shell that has nothing of the user's settings. */
export function openTerminal({ cwd, env = {}, columns = 100, rows = 30 }: TerminalOptions): Terminal {
  const socket = `aura-test-${process.pid}-${opened++}`;
  const tmux = (...args: readonly string[]): string =>
    execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { encoding: "utf8", cwd });
  const given = Object.entries({ PS1: "$ ", HISTFILE: "", LANG: "C.UTF-8", ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const shell = ["env", "-u", "CI", "-u", "NO_COLOR", "-u", "TMUX", "-u", "FORCE_COLOR", ...given, "sh"];
  tmux("new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, shell.map(quoted).join(" "));
  const screen = (): string => tmux("capture-pane", "-p", "-S", "-200").trimEnd();
  return {
    screen,
    press: (...keys) => void tmux("send-keys", ...keys),
    resize: (width, height) => void tmux("resize-window", "-x", `${width}`, "-y", `${height}`),
    async until(wanted) {
      const giveUp = performance.now() + 20_000;
      for (;;) {
        const shown = screen();
        if (wanted.test(shown)) return shown;
        if (performance.now() > giveUp) throw new Error(`the terminal never showed ${wanted}; it shows:\n${shown}`);
        await new Promise<void>((resolve) => setTimeout(resolve, 30));
      }
    },
    [Symbol.dispose]: () => void spawnSync("tmux", ["-L", socket, "kill-server"]),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
