import type { Screen } from "./screen.ts";

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
