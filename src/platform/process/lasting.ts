import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stored } from "../files/errors.ts";
import { signalOfCode } from "./signal-code.ts";

/*
 * A process that is to outlive AURA prints into files, and a shell before it writes how it ended. The folder of both:
 *
 *     stdout, stderr   what it printed; AURA reads them as they grow
 *     exit             what the shell said, and at last `exit <code>`
 *     groups           the control groups that it is in, where there are some
 *     cut              there when output was dropped that no later AURA can read any more
 */

const STREAMS = ["stdout", "stderr"] as const;
type Stream = (typeof STREAMS)[number];

/**
 * Joins control groups, named before `--`, and runs the command behind it. Of a command that was ended by a signal the
 * shell says so on its stderr, which for the command itself is the one that it is to have. Signals to the group are for
 * the command: the shell waits for what it makes of them.
 */
export function lastingShell(env: Readonly<Record<string, string>>): string {
  const own = SET_BY_SHELLS.filter((name) => env[name] === undefined).join(" ");
  const clear = own === "" ? "" : `unset ${own}; `;
  return (
    'e=$1; shift; while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; ' +
    `trap : HUP INT QUIT TERM USR1 USR2; exec 3>&2 2>"$e"; ( ${clear}exec "$@" 2>&3 3>&- ); ` +
    'c=$?; times >&2; echo "exit $c" >&2; exit $c'
  );
}

/** Variables that shells set, and that are not the command's where it is not given them. */
const SET_BY_SHELLS = ["PWD", "OLDPWD", "SHLVL"];

/** The control groups of a process, as files that it joined them by. */
export function writeGroups(folder: string, members: readonly string[]): void {
  writeFileSync(join(folder, "groups"), members.join("\n"));
}

export function readGroups(folder: string): readonly string[] {
  const path = join(folder, "groups");
  return exists(path) ? readFileSync(path, "utf8").split("\n") : [];
}

export function exitFile(folder: string): string {
  return join(folder, "exit");
}

/** How a command ended, by the shell that waited for it. */
export interface LastingExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cpuSeconds?: number;
  readonly endedAtMs: number;
}

const LONGEST_REFUSAL = 1000;
const TIMES = /(?:^|\n)\d+m[\d.]+s \d+m[\d.]+s\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s\n$/;

/** `null` as long as it has not ended. */
export function readExit(folder: string): LastingExit | null {
  let text: string;
  let endedAtMs: number;
  try {
    text = readFileSync(exitFile(folder), "utf8");
    endedAtMs = statSync(exitFile(folder)).mtimeMs;
  } catch {
    return null;
  }
  const status = /(?:^|\n)exit (\d+)\n$/.exec(text)?.[1];
  if (status === undefined) return null;
  const said = text.slice(0, text.lastIndexOf("exit "));
  const times = TIMES.exec(said);
  const [, m1 = 0, s1 = 0, m2 = 0, s2 = 0] = (times ?? []).map(Number);
  const note = (times ? said.slice(0, times.index) : said).trim();
  const code = Number(status);
  const used = times ? { cpuSeconds: 60 * (m1 + m2) + s1 + s2 } : {};
  const signal = note === "" ? undefined : signalOfCode(code);
  if (signal !== undefined) return { code: null, signal, endedAtMs, ...used };
  return { code, signal: null, endedAtMs, ...used };
}

/** What the shell said where it could not make a process for the command; else empty. */
export function refusal(folder: string): string {
  try {
    const said = readFileSync(exitFile(folder), "utf8").slice(0, LONGEST_REFUSAL).trim();
    return /\bfork\b/i.test(said) ? said : "";
  } catch {
    return "";
  }
}

/** Whether all that it printed is still there to be read. */
export function isWhole(folder: string): boolean {
  return !exists(join(folder, "cut")) && STREAMS.every((stream) => exists(join(folder, stream)));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Makes the folder, and opens what the process is to print into. Throws `StorageError`. */
export function openSpool(folder: string): readonly [number, number] {
  stored("create", folder, () => mkdirSync(folder, { mode: 0o700 }));
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
  const open = (stream: Stream): number => {
    const path = join(folder, stream);
    return stored("create", path, () => openSync(path, flags, 0o600));
  };
  return [open("stdout"), open("stderr")];
}

const CHUNK_BYTES = 64 * 1024;
const SHORTEST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 160;
/** How often what an earlier AURA started is looked at. */
const LOOK_MS = 50;

/** Watches a process that is no child of this one, and answers once it is gone. */
export async function whenGone(isAlive: () => boolean): Promise<void> {
  while (isAlive()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** More than this is not kept of output that has been read: what writes it is held up until it has been. */
const MOST_KEPT_BYTES = 256 * 1024 * 1024;

/** Holds a process up, with all that it started, so that nothing of them writes. `false`: it cannot be told that none does. */
export interface Writer {
  hold(): Promise<boolean>;
  goOn(): void;
}

/** Reads what a process prints into files, as they grow. */
export class Spool {
  readonly #folder: string;
  readonly #take: (stream: Stream, chunk: Buffer) => void;
  readonly #files: ReadonlyMap<Stream, { readonly fd: number; offset: number }>;
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #writer: Writer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  readonly #mostKept: number;

  constructor(folder: string, take: (stream: Stream, chunk: Buffer) => void, mostKept = MOST_KEPT_BYTES) {
    this.#folder = folder;
    this.#mostKept = mostKept;
    this.#take = take;
    const read = constants.O_RDWR | constants.O_NOFOLLOW;
    this.#files = new Map(STREAMS.map((stream) => [stream, { fd: openSync(join(folder, stream), read), offset: 0 }]));
  }

  /** Reads on until it is closed. */
  follow(writer: Writer): void {
    this.#writer = writer;
    this.#schedule(SHORTEST_WAIT_MS);
  }

  /** Reads what is there now, in pieces between which others have their turn. */
  async drain(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isClosed) return;
    const there = [...this.#files.values()].map((file) => ({ file, size: fstatSync(file.fd).size }));
    while (this.#readSome() && there.some(({ file, size }) => file.offset < size)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { fd } of this.#files.values()) closeSync(fd);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => this.#look(ms), ms);
  }

  #look(waited: number): void {
    this.#timer = null;
    if (this.#isClosed) return;
    const from = [...this.#files.values()].reduce((sum, { offset }) => sum + offset, 0);
    const more = this.#readSome();
    const bytes = [...this.#files.values()].reduce((sum, { fd }) => sum + fstatSync(fd).size, 0);
    const grew = [...this.#files.values()].reduce((sum, { offset }) => sum + offset, 0) > from;
    if (bytes > this.#mostKept) void this.#cut();
    else this.#schedule(more ? 0 : grew ? SHORTEST_WAIT_MS : Math.min(LONGEST_WAIT_MS, 2 * waited));
  }

  /** Whether there is more to read. */
  #readSome(): boolean {
    let isMore = false;
    for (const [stream, file] of this.#files) {
      if (this.#isClosed) return false;
      const bytes = readSync(file.fd, this.#buffer, 0, CHUNK_BYTES, file.offset);
      file.offset += bytes;
      if (bytes > 0) this.#take(stream, Buffer.from(this.#buffer.subarray(0, bytes)));
      isMore ||= bytes === CHUNK_BYTES;
    }
    return isMore;
  }

  /** Gives back the room of what has been read. Those who write append, wherever the end is. */
  async #cut(): Promise<void> {
    const isHeld = (await this.#writer?.hold()) === true;
    await this.drain();
    if (isHeld && !this.#isClosed) {
      writeFileSync(join(this.#folder, "cut"), "");
      for (const file of this.#files.values()) {
        ftruncateSync(file.fd, 0);
        file.offset = 0;
      }
    }
    this.#writer?.goOn();
    if (!this.#isClosed) this.#schedule(SHORTEST_WAIT_MS);
  }
}
