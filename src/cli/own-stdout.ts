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

/** A stream's `write` that takes text, or bytes, elsewhere. */
function diverted(divert: (text: string) => void): typeof process.stdout.write {
  return (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    divert(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const done = rest.find((value) => typeof value === "function");
    if (typeof done === "function") done();
    return true;
  };
}
