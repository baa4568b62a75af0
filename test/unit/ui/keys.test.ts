import { describe, expect, it } from "vitest";
import { INITIAL_VIEW, type Key, pressKey } from "../../../src/ui/keys.tsx";

const list = { total: 100, visible: 10 };
const press = (...keys: Key[]) => {
  const stops: (string | null)[] = [];
  let view = INITIAL_VIEW;
  for (const key of keys) {
    const pressed = pressKey(view, key, list);
    view = pressed.view;
    if (pressed.stop) stops.push(pressed.stop);
  }
  return { scroll: view.scroll, stops };
};

describe("the dashboard's keys", () => {
  it("q or Ctrl-C finishes what runs, a second one stops now, Q stops now at once", () => {
    expect(press("quit").stops).toEqual(["graceful"]);
    expect(press("quit", "quit").stops).toEqual(["graceful", "now"]);
    expect(press("interrupt", "quit").stops).toEqual(["graceful", "now"]);
    expect(press("quit-now").stops).toEqual(["now"]);
  });

  it("scrolling stays within the list", () => {
    expect(press("up").scroll).toBe(0);
    expect(press("down", "down", "up").scroll).toBe(1);
    expect(press("page-down", "page-down", "page-up").scroll).toBe(10);
    expect(press("last", "down").scroll).toBe(90);
    expect(press("last", "first").scroll).toBe(0);
  });
});
