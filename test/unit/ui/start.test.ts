import "./colors.ts";
import { EventEmitter } from "node:events";
import type { ReadStream, WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { displayWidth } from "../../../src/text/width.ts";
import { type DashboardOptions, startDashboard } from "../../../src/ui/index.ts";
import { few } from "../../support/thorough.ts";
import { interruptedEvents, liveEvents } from "./recorded-events.ts";

/** A terminal's output that keeps what was written. */
function fakeStdout(columns: number, rows: number, isTTY = true) {
  const written: string[] = [];
  const stdout: WriteStream = Object.assign(Object.create(EventEmitter.prototype), { columns, rows, isTTY });
  EventEmitter.call(stdout);
  Object.assign(stdout, {
    write(text: string, done?: () => void) {
      if (text !== "") written.push(text);
      done?.();
      return true;
    },
  });
  return { stdout, written };
}

/** A terminal's input that can be typed into. */
function fakeStdin(isTTY = true) {
  const raw: boolean[] = [];
  const chunks: string[] = [];
  const stdin: ReadStream = Object.assign(Object.create(EventEmitter.prototype), { isTTY });
  EventEmitter.call(stdin);
  Object.assign(stdin, {
    setRawMode: (on: boolean) => raw.push(on),
    setEncoding: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
    read: () => chunks.shift() ?? null,
  });
  return {
    stdin,
    raw,
    async type(text: string) {
      chunks.push(text);
      stdin.emit("readable");
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function start(options: Partial<DashboardOptions> & { size?: readonly [number, number]; tty?: boolean } = {}) {
  const { size = [80, 24], tty = true, ...rest } = options;
  const output = fakeStdout(...size, tty);
  const input = fakeStdin(tty);
  const clock = new ManualClock({ start: "2026-01-31T12:00:40Z" });
  const stops: string[] = [];
  const { stdout } = output;
  const handle = startDashboard({ stdout, stdin: input.stdin, clock, onStop: (kind) => stops.push(kind), ...rest });
  onTestFinished(() => handle.finish());
  const text = (): string => stripVTControlCharacters(output.written.join(""));
  return { ...output, ...input, clock, stops, text, handle };
}

describe("startDashboard", () => {
  it("hides the cursor while it draws, and leaves the last frame and the terminal as it should at the end", async () => {
    const { written, raw, handle, text } = start();
    expect(raw).toEqual([true]);
    for (const event of interruptedEvents) handle.sink(event);
    await handle.finish();
    await handle.finish();
    expect(written[0]).toContain("\x1b[?25l");
    expect(written.at(-1)).toBe("\x1b[?25h");
    expect(raw).toEqual([true, false]);
    expect(text()).toContain("interrupted");
    expect(written.join("")).not.toMatch(/\x1b\[\?1049h|\x1b\[3J|\x1bc/);
  });

  it("draws at most four times a second however many events come", async () => {
    const { written, clock, handle } = start();
    const before = written.length;
    for (let round = 0; round < 40; round++) {
      for (const event of liveEvents) handle.sink(event);
      await clock.advance(25);
    }
    expect(written.length - before).toBeLessThanOrEqual(4);
    expect(written.length - before).toBeGreaterThan(0);
  });

  it("lets elapsed times tick once a second when nothing happens, and rests when the run is over", async () => {
    const { written, clock, handle, text } = start({ history: liveEvents });
    const before = written.length;
    await clock.advance(5000);
    expect(written.length - before).toBe(5);
    expect(text()).toMatch(/i00002-h001-t00 {2}attempt 2 +\d+s/);
    for (const event of interruptedEvents.slice(-2)) handle.sink(event);
    await clock.advance(1000);
    const over = written.length;
    await clock.advance(60_000);
    expect(written.length).toBe(over);
  });

  const sizes = few(
    [
      [40, 10],
      [12, 4],
      [80, 24],
      [120, 40],
    ],
    2,
  );
  it.each(sizes)("writes no line that reaches the last column of %i x %i", async (columns, rows) => {
    const { written, clock, handle } = start({ size: [columns, rows], color: true });
    for (const event of interruptedEvents) {
      handle.sink(event);
      await clock.advance(250);
    }
    const frames = written.map((text) => stripVTControlCharacters(text).split("\r\n"));
    for (const lines of frames) {
      expect(lines.length - 1).toBeLessThan(rows);
      for (const line of lines) expect(displayWidth(line.replaceAll("\r", ""))).toBeLessThan(columns);
    }
  });

  it("follows the size of the terminal", async () => {
    const { stdout, written, clock } = start({ size: [120, 40], history: liveEvents });
    Object.assign(stdout, { columns: 50, rows: 12 });
    stdout.emit("resize");
    await clock.advance(250);
    const last = written.at(-1) ?? "";
    expect(last).toContain("\x1b[H");
    expect(last).not.toContain("\x1b[2J");
    const lines = stripVTControlCharacters(last).split("\r\n");
    expect(lines.length).toBeLessThanOrEqual(12);
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(50);
  });

  it("hears q, Q and Ctrl-C, which raw mode turns into input", async () => {
    const first = start({ history: liveEvents });
    await first.type("\x03");
    expect(first.stops).toEqual(["graceful"]);
    expect(first.text()).toContain("finishing what runs");
    await first.type("\x03");
    expect(first.stops).toEqual(["graceful", "now"]);
    const second = start({ history: liveEvents });
    await second.type("Q");
    expect(second.stops).toEqual(["now"]);
    const third = start({ history: liveEvents });
    await third.type("qq");
    expect(third.stops).toEqual(["graceful", "now"]);
  });

  it("scrolls the hypotheses with arrows and letters", async () => {
    const { type, written } = start({ history: liveEvents, size: [80, 21] });
    await type("\x1b[B");
    expect(stripVTControlCharacters(written.at(-1) ?? "")).toContain("2-");
    await type("g");
    expect(stripVTControlCharacters(written.at(-1) ?? "")).toContain("1-");
  });

  it("writes no colour when asked not to, and the cursor is all it touches", async () => {
    const { written, handle } = start({ color: false, history: liveEvents });
    await handle.finish();
    expect(written.join("")).not.toMatch(/\x1b\[[0-9;]*m/);
  });

  it("writes only the last frame, without escapes, and leaves raw mode alone where there is no terminal", async () => {
    const { written, raw, handle } = start({ tty: false });
    for (const event of interruptedEvents) handle.sink(event);
    await handle.finish();
    expect(raw).toEqual([]);
    expect(written).toHaveLength(1);
    expect(written[0]).not.toContain("\x1b");
    expect(written[0]).toContain("interrupted");
  });
});
