const ESCAPE = "\u001b";
/** Sequences a terminal acts on: colours and cursor moves, titles and links, and the short ones. */
const SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

/** A line as a terminal would show it in the end: without colours, and only what was written over the rest of it. */
export function readableLine(line: string): string {
  const text = line.includes(ESCAPE) ? line.replace(SEQUENCE, "") : line;
  if (!text.includes("\r")) return text;
  const shown = text.trimEnd();
  return shown.slice(shown.lastIndexOf("\r") + 1);
}
