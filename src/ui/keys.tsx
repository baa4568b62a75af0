import { type Key as InkKey, useInput } from "ink";

/** What the user did to the dashboard, apart from the run it shows. */
export interface ViewState {
  /** How many of the newest hypotheses are scrolled out above. */
  readonly scroll: number;
  /** What the user asked for. */
  readonly stop: "none" | "graceful" | "now";
}

export const INITIAL_VIEW: ViewState = { scroll: 0, stop: "none" };

/** A key as the dashboard knows it; `interrupt` is Ctrl-C, which raw mode turns into input. */
export type Key = "quit" | "quit-now" | "interrupt" | "up" | "down" | "page-up" | "page-down" | "first" | "last";

/** The view after a key, and the request to stop that the key made, if it made one. */
export function pressKey(
  view: ViewState,
  key: Key,
  list: { readonly total: number; readonly visible: number },
): { readonly view: ViewState; readonly stop: "graceful" | "now" | null } {
  const end = Math.max(0, list.total - list.visible);
  const to = (scroll: number) => ({ view: { ...view, scroll: Math.min(end, Math.max(0, scroll)) }, stop: null });
  switch (key) {
    case "quit":
    case "interrupt": {
      const stop = view.stop === "none" ? "graceful" : "now";
      return { view: { ...view, stop }, stop };
    }
    case "quit-now":
      return { view: { ...view, stop: "now" }, stop: "now" };
    case "up":
      return to(view.scroll - 1);
    case "down":
      return to(view.scroll + 1);
    case "page-up":
      return to(view.scroll - list.visible);
    case "page-down":
      return to(view.scroll + list.visible);
    case "first":
      return to(0);
    case "last":
      return to(end);
  }
}

interface KeysProps {
  /** Off where stdin is no terminal: raw mode would throw there. */
  readonly active: boolean;
  readonly onKey: (key: Key) => void;
}

const LETTERS: Readonly<Record<string, Key>> = {
  q: "quit",
  Q: "quit-now",
  j: "down",
  k: "up",
  g: "first",
  G: "last",
  " ": "page-down",
};

/** Hands the dashboard's keys on; draws nothing. */
export function Keys({ active, onKey }: KeysProps): null {
  useInput(
    (input, key) => {
      const special = specialKey(input, key);
      if (special) return onKey(special);
      if (key.ctrl || key.meta) return;
      // Keys pressed in one go arrive as one string.
      for (const character of input.slice(0, 64)) {
        const letter = character === "\x03" ? "interrupt" : LETTERS[character];
        if (letter) onKey(letter);
      }
    },
    { isActive: active },
  );
  return null;
}

function specialKey(input: string, key: InkKey): Key | null {
  if (key.ctrl && input === "c") return "interrupt";
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.pageUp) return "page-up";
  if (key.pageDown) return "page-down";
  if (key.home) return "first";
  return key.end ? "last" : null;
}
