/**
 * The starter process: starts children for AURA, whose own memory is too large to start many a second. It hears and
 * tells everything over one socket, has no opinion about what it starts, and when AURA is gone ends it all and leaves.
 */
import { Socket } from "node:net";
import { directStarter } from "./process/direct-starter.ts";
import { ProcessGroup } from "./process/group.ts";
import { sweepMarked } from "./process/marker-sweep.ts";
import { ProcessTable } from "./process/process-table.ts";
import type { Child, ChildCommand, ChildEvents } from "./process/starter.ts";
import { FROM_STARTER, FrameReader, frame, jsonPayload, STARTER_SOCKET, TO_STARTER } from "./process/starter-frames.ts";

const SWEEP_BOUND_MS = 400;

/**
 * How long news may wait for more of the same child. Many a short one has ended by then, and AURA is told all of it at
 * once: every time it is woken costs as much as what it then does.
 */
const HOLD_MS = 3;
/** Output does not wait for more than this. */
const MOST_HELD_BYTES = 64 * 1024;

/** What is known of a child until both its output streams have ended. */
interface Known {
  readonly child: Child;
  readonly marker: string | undefined;
  readonly group: ProcessGroup;
}

const aura = new Socket({ fd: STARTER_SOCKET, readable: true, writable: true });
const children = new Map<number, Known>();
const table = new ProcessTable();
let full = false;
let held: NodeJS.Timeout | null = null;
/** Bytes to be written, or who makes them once they are. */
let news: (Buffer | (() => Buffer))[] = [];
let newsBytes = 0;

function tell(type: number, number: number, payload?: Buffer): void {
  hold(frame(type, number, payload));
  newsBytes += payload?.length ?? 0;
  if (newsBytes > MOST_HELD_BYTES) release();
}

function hold(piece: Buffer | (() => Buffer)): void {
  held ??= setTimeout(release, HOLD_MS);
  news.push(piece);
}

function release(): void {
  if (held === null) return;
  clearTimeout(held);
  held = null;
  const bytes = Buffer.concat(news.map((piece) => (typeof piece === "function" ? piece() : piece)));
  news = [];
  newsBytes = 0;
  full = !aura.write(bytes);
  if (full) for (const { child } of children.values()) child.pause();
}

function start(number: number, command: ChildCommand): void {
  let group: ProcessGroup | null = null;
  const events: ChildEvents = {
    started: (pid, startTicks) => {
      group = new ProcessGroup(pid, table);
      // Asked for as late as that: of one that has ended by then it need not be known.
      hold(() => frame(FROM_STARTER.started, number, jsonPayload({ pid, startTicks: startTicks() })));
    },
    refused: (error) => {
      children.delete(number);
      tell(FROM_STARTER.refused, number, jsonPayload(error));
      release();
    },
    output: (stream, chunk) => tell(FROM_STARTER[stream], number, chunk),
    exited: (exit) => {
      group?.leaderEnded(exit.leftOthers);
      tell(FROM_STARTER.exited, number, jsonPayload(exit));
    },
    lost: () => {},
    closed: () => {
      children.delete(number);
      tell(FROM_STARTER.closed, number);
      release();
    },
  };
  const child = directStarter.start(command, events);
  if (group !== null) children.set(number, { child, marker: command.env.AURA_TRIAL, group });
}

function end(): void {
  const left = [...children.values()];
  for (const { group } of left) {
    group.signal("SIGKILL");
    group.killRest();
  }
  const markers = new Set(left.map(({ marker }) => marker));
  if (markers.size > 0) sweepMarked((marker) => markers.has(marker), SWEEP_BOUND_MS);
  process.exit(0);
}

const reader = new FrameReader({
  streamed: new Set(),
  onFrame: (type, number, payload) => {
    if (type === TO_STARTER.start) start(number, JSON.parse(payload.toString()));
    else if (type === TO_STARTER.letGo) {
      children.get(number)?.child.letGo();
      children.delete(number);
    }
  },
});

// Whoever stops AURA may send its signal to all that belongs to it. AURA decides what becomes of its children.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) process.on(signal, () => {});
aura.on("data", (chunk: Buffer) => reader.push(chunk));
aura.on("drain", () => {
  full = false;
  for (const { child } of children.values()) child.resume();
});
aura.on("error", end);
aura.on("close", end);
tell(FROM_STARTER.ready, 0);
release();
