import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dashboardSvg } from "../../../scripts/dashboard-svg.ts";
import { terminalSvg } from "../../../scripts/terminal-svg.ts";
import { jsonLine } from "../../../src/reporters/jsonl.ts";
import { interruptedEvents } from "../ui/recorded-events.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "aura-svg-"));
  const journal = interruptedEvents.filter(({ type }) => type !== "trial.output").map(jsonLine);
  writeFileSync(join(folder, "journal.jsonl"), `${journal.join("\n")}\n{"type":"torn`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the picture of the dashboard", () => {
  it("shows the run of a workspace as well-formed SVG", () => {
    const svg = dashboardSvg(folder, { at: 1, columns: 110, rows: 32 });
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 [\d.]+ [\d.]+"/);
    expect(svg).toContain(">digits</text>");
    expect(svg).toContain("interrupted");
    expect(svg).not.toMatch(/[\x00-\x09\x0b-\x1f]|NaN|undefined/);
    const opened = svg.match(/<(text|g|svg|defs|linearGradient)\b/g)?.length;
    expect(svg.match(/<\/(text|g|svg|defs|linearGradient)>/g)?.length).toBe(opened);
  });

  it("shows an earlier moment with what the running trial had written by then", () => {
    const logs = join(folder, "iterations/00002/trials/i00002-h001-t00.a2.log");
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, "stdout.log"), '{"step": 1, "loss": 0.9}\n{"step": 2, "loss": 0.8}\n');
    const svg = dashboardSvg(join(folder, "journal.jsonl"), { at: 0.95, columns: 110, rows: 32, title: "a <title>" });
    expect(svg).toContain("step=1 loss=0.9");
    expect(svg).toContain("a &lt;title&gt;");
  });

  it("draws borders as shapes and text at its column, in the colours of its escapes", () => {
    const svg = terminalSvg({ text: "╭──╮\n│\x1b[1;32mok\x1b[0m│", columns: 4, title: "t", description: "d" });
    expect(svg.match(/<path /g)).toHaveLength(5);
    expect(svg).toMatch(/<text x="8\.4" [^>]*fill="#5fd38d" font-weight="700"[^>]*>ok<\/text>/);
  });
});
