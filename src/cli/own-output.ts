/** Standard output while it is kept for what AURA itself writes. */
export interface OwnStdout extends Disposable {
  readonly write: (text: string) => void;
}

/**
 * Keeps standard output for AURA's own words until disposed: what anything else in this process writes to it, such as
 * `console.log` in a component of the user's, goes to `divert` instead.
 */
export function ownStdout(divert: (text: string) => void): OwnStdout {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = diverted(divert);
  return {
    write: (text) => void write(text),
    [Symbol.dispose]() {
      stdout.write = write;
    },
  };
}

/** A terminal while the dashboard has it. */
export interface OwnTerminal extends Disposable {
  /** Standard output as the dashboard writes to it. */
  readonly stdout: NodeJS.WriteStream;
}

/** Of what was written meanwhile, as much of the end as is kept. */
const MOST_KEPT = 64 * 1024;

/**
 * Keeps the terminal for the dashboard until disposed: what anything else in this process writes to standard output or
 * error would break its frame, and follows on standard error afterwards.
 */
export function ownTerminal(): OwnTerminal {
  const { stdout, stderr } = process;
  const write = { stdout: stdout.write.bind(stdout), stderr: stderr.write.bind(stderr) };
  let kept = "";
  const keep = (text: string): void => {
    kept = `${kept}${text}`.slice(-MOST_KEPT);
  };
  stdout.write = diverted(keep);
  stderr.write = diverted(keep);
  return {
    stdout: new Proxy(stdout, {
      get(target, key) {
        if (key === "write") return write.stdout;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    [Symbol.dispose]() {
      stdout.write = write.stdout;
      stderr.write = write.stderr;
      if (kept !== "") stderr.write(kept);
      kept = "";
    },
  };
}

/** A stream's `write` that takes text, or bytes, elsewhere. */
function diverted(divert: (text: string) => void): typeof process.stdout.write {
  return (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    divert(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const done = rest.find((value) => typeof value === "function");
    if (typeof done === "function") done();
    return true;
  };
}
