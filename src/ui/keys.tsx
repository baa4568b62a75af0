import { type Key as InkKey, useInput } from "ink";
import type { Key } from "./view.ts";

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
