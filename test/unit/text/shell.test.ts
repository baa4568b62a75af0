import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { terminalLine } from "../../../src/text/printable.ts";
import { shellWord } from "../../../src/text/shell.ts";

describe("a word for the shell", () => {
  test.each([
    "runs/a",
    "two words",
    "it's",
    "line\nbreak",
    "tab\t'quote'\\",
    "esc\x1b[31m",
    "ü\u202e日本",
    "-x $HOME `id`",
    "1\n2",
  ])("pasted into bash is the word itself, and acts on no terminal: %j", (word) => {
    const pasted = shellWord(word);
    expect(terminalLine(pasted)).toBe(pasted);
    expect(execFileSync("bash", ["-c", `printf %s ${pasted}`], { encoding: "utf8" }).normalize("NFC")).toBe(word);
  });
});
