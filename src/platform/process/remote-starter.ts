import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { isJsonObject } from "../../model/json.ts";
import { childProgram } from "../child-program.ts";
import { MemoryRelease } from "./memory-release.ts";
import { send } from "./signals.ts";
import type { Child, ChildCommand, ChildEvents, Starter } from "./starter.ts";
import { FROM_STARTER, FrameReader, frame, jsonPayload, STARTER_SOCKET, TO_STARTER } from "./starter-frames.ts";

/** It handles small messages only: a heap that stays small is what makes its starts cheap. */
const NODE_OPTIONS = ["--max-semi-space-size=1"];

/**
 * Starts children through the starter process, a small Node program that does nothing else. Starting a process
 * copies the page tables of the one that starts it, and AURA's are several times larger, the dashboard's most of all.
 */
export class RemoteStarter implements Starter {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #children = new Map<number, ChildEvents>();
  readonly #memory = new MemoryRelease();
  readonly #onGone: (starter: RemoteStarter) => void;
  #state: "starting" | "ready" | "killed" | "gone" = "starting";
  #count = 0;
  #pending = 0;
  /** Its own, and of a child for the moment before that has become its program. */
  readonly marker = `starter/${randomBytes(8).toString("hex")}`;

  /** `onGone` is called once, when it can start nothing more; what it had started has been told that it is lost. */
  constructor(onGone: (starter: RemoteStarter) => void) {
    this.#onGone = onGone;
    this.#child = spawn(process.execPath, [...NODE_OPTIONS, ...childProgram("starter-child")], {
      cwd: "/",
      env: { AURA_TRIAL: this.marker },
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const socket = this.#child.stdio[STARTER_SOCKET];
    if (!(socket instanceof Socket)) throw new TypeError("a pipe beyond the standard streams is a socket");
    this.#socket = socket;
    this.#child.on("error", () => this.#gone());
    const reader = new FrameReader({
      streamed: new Set([FROM_STARTER.stdout, FROM_STARTER.stderr]),
      onFrame: (type, child, payload) => this.#hear(type, child, payload),
    });
    socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      this.#memory.release(chunk);
    });
    socket.on("error", () => this.#gone());
    socket.on("close", () => this.#gone());
    this.#hold(false);
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  /** How many children it has been asked for and has not started yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether nothing is still to be heard of it: neither that it is there nor of what it started. */
  get idle(): boolean {
    return this.#state !== "starting" && this.#hasNoChildren;
  }

  get #hasNoChildren(): boolean {
    return this.#children.size === 0;
  }

  start(command: ChildCommand, events: ChildEvents): Child {
    this.#count += 1;
    const number = this.#count;
    this.#children.set(number, events);
    this.#pending += 1;
    this.#hold(true);
    this.#tell(TO_STARTER.start, number, jsonPayload(command));
    const unheard = (): void => {};
    return {
      letGo: () => {
        if (this.#children.delete(number)) this.#tell(TO_STARTER.letGo, number);
        if (this.#hasNoChildren) this.#hold(false);
      },
      pause: unheard,
      resume: unheard,
    };
  }

  /** Lets it leave, once it is idle: it does so when the socket ends. */
  close(): void {
    this.#state = "gone";
    this.#socket.destroy();
  }

  /** Ends it at once, so that it starts nothing more; what it has started runs on. */
  kill(): void {
    if (this.#state === "gone") return;
    if (this.#child.pid !== undefined) send(this.#child.pid, "SIGKILL");
    this.#state = "killed";
  }

  #tell(type: number, child: number, payload?: Buffer): void {
    if (this.#state === "gone") return;
    this.#socket.write(frame(type, child, payload));
  }

  #hear(type: number, number: number, payload: Buffer): void {
    if (type === FROM_STARTER.ready) {
      if (this.#state === "starting") this.#state = "ready";
      return;
    }
    const child = this.#children.get(number);
    if (child === undefined) return;
    switch (type) {
      case FROM_STARTER.started: {
        this.#pending -= 1;
        const { pid, startTicks } = parsed(payload);
        const ticks = typeof startTicks === "string" ? startTicks : null;
        child.started(Number(pid), () => ticks);
        return;
      }
      case FROM_STARTER.refused: {
        this.#pending -= 1;
        const { code, message } = parsed(payload);
        this.#forget(number);
        child.refused({ code: String(code), message: String(message) });
        return;
      }
      case FROM_STARTER.stdout:
        child.output("stdout", payload);
        return;
      case FROM_STARTER.stderr:
        child.output("stderr", payload);
        return;
      case FROM_STARTER.exited: {
        const { code, signal, leftOthers } = parsed(payload);
        child.exited({
          code: typeof code === "number" ? code : null,
          signal: typeof signal === "string" ? signal : null,
          leftOthers: leftOthers === true,
        });
        return;
      }
      case FROM_STARTER.closed:
        this.#forget(number);
        child.closed();
        return;
    }
  }

  #forget(number: number): void {
    this.#children.delete(number);
    if (this.#hasNoChildren) this.#hold(false);
  }

  /** Holds AURA's own process up only as long as there is something to be heard. */
  #hold(held: boolean): void {
    if (this.#socket.destroyed) return;
    if (held) this.#socket.ref();
    else this.#socket.unref();
    if (held) this.#child.ref();
    else this.#child.unref();
  }

  #gone(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#socket.destroy();
    const lost = [...this.#children.values()];
    this.#children.clear();
    this.#hold(false);
    this.#onGone(this);
    for (const child of lost) child.lost("the process through which AURA starts trials has ended");
  }
}

function parsed(payload: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(payload.toString());
  return isJsonObject(value) ? value : {};
}
