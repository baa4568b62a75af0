import { describe, expect, it } from "vitest";
import { Screen } from "../../../src/ui/screen.ts";

function recording(terminal: boolean) {
  const written: string[] = [];
  return { written, screen: new Screen((text) => written.push(text), terminal) };
}

describe("the screen", () => {
  it("writes the lines that changed and steps over the others", () => {
    const { written, screen } = recording(true);
    screen.draw("a\nb\nc");
    screen.draw("a\nB\nc");
    expect(written[0]).toBe("\x1b[?2026h\x1b[?25la\x1b[K\r\nb\x1b[K\r\nc\x1b[K\r\n\x1b[?2026l");
    expect(written[1]).toBe("\x1b[?2026h\x1b[3A\r\r\nB\x1b[K\r\n\r\n\x1b[?2026l");
  });

  it("writes nothing for a frame that did not change", () => {
    const { written, screen } = recording(true);
    screen.draw("a");
    screen.draw("a");
    expect(written).toHaveLength(1);
  });

  it("clears what is left of a higher frame", () => {
    const { written, screen } = recording(true);
    screen.draw("a\nb");
    screen.draw("a");
    expect(written[1]).toContain("\x1b[J");
  });

  it("starts on an empty screen when the terminal moved what was drawn, and keeps the scrollback", () => {
    const { written, screen } = recording(true);
    screen.draw("a\nb");
    screen.invalidate();
    screen.draw("a\nb");
    expect(written[1]).toContain("\x1b[Ha\x1b[K\r\nb");
    expect(written.join("")).not.toContain("\x1b[3J");
  });

  it("gives the cursor back once and draws nothing afterwards", () => {
    const { written, screen } = recording(true);
    screen.draw("a");
    screen.close();
    screen.close();
    screen.draw("b");
    expect(written.slice(1)).toEqual(["\x1b[?25h"]);
  });

  it("writes the last frame only, without a single escape, where there is no terminal", () => {
    const { written, screen } = recording(false);
    screen.draw("a");
    screen.draw("b\nc");
    screen.close();
    expect(written).toEqual(["b\nc\n"]);
  });
});
