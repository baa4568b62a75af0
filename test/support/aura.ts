import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { sharedFolder, testFolder } from "./test-folder.ts";

/** The real, built command; `AURA_TEST_BIN` names one of another installation, such as the packed package. */
export const AURA = process.env.AURA_TEST_BIN ?? resolve("bin/aura.cjs");

export interface AuraOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is closed or held open as standard input; default: closed. */
  readonly stdin?: "ignore" | "pipe";
}

/** How the command ended and what it wrote. */
export interface AuraEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export interface LiveAura {
  readonly pid: number;
  readonly ended: Promise<AuraEnd>;
  kill(signal: NodeJS.Signals): void;
  /** Stops reading what it writes: its next write to stdout finds a closed pipe. */
  closeStdout(): void;
  /** Resolves with everything written so far once the stream (default: stdout) holds this; rejects when the command ends before. */
  until(text: string | RegExp, stream?: "stdout" | "stderr"): Promise<string>;
}

/** Runs `aura` to its end. */
export function aura(args: readonly string[], options: AuraOptions): Promise<AuraEnd> {
  return startAura(args, options).ended;
}

/** Starts `aura` with an environment of its own: nothing of the tests' own environment reaches it. */
export function startAura(args: readonly string[], options: AuraOptions): LiveAura {
  return start(process.execPath, [AURA, ...args], options);
}

/** Starts any program the same way. */
export function start(
  file: string,
  args: readonly string[],
  { cwd, env = {}, stdin = "ignore" }: AuraOptions,
): LiveAura {
  const child = spawn(file, args, { cwd, env: { ...cleanEnvironment(), ...env }, stdio: [stdin, "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  let over = false;
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const watcher of watchers) watcher();
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    tell();
  });
  const ended = new Promise<AuraEnd>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      over = true;
      done({ code, signal, stdout, stderr });
      tell();
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout?.destroy(),
    until: (wanted, stream = "stdout") =>
      new Promise((done, fail) => {
        const look = (): void => {
          const written = stream === "stdout" ? stdout : stderr;
          const found = typeof wanted === "string" ? written.includes(wanted) : wanted.test(written);
          if (!found && !over) return;
          watchers.delete(look);
          if (found) done(written);
          else fail(new Error(`it ended without writing ${wanted}; it wrote:\n${stdout}\n${stderr}`));
        };
        watchers.add(look);
        look();
      }),
  };
}

/** What a user's shell would give at least; HOME is a place without settings. */
function cleanEnvironment(): Readonly<Record<string, string>> {
  const { PATH = "", TMPDIR = "/tmp", DOCKER_HOST } = process.env;
  // Where the tests' own daemon is, if they have one.
  const docker = DOCKER_HOST === undefined ? {} : { DOCKER_HOST };
  return { PATH, TMPDIR, HOME: "/nonexistent", LANG: "C.UTF-8", ...docker };
}

/** A folder with specs in it and the command run there. */
export interface Desk extends TemporaryDirectory {
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<AuraEnd>;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): LiveAura;
  /** A JSON file of the folder. */
  json<T>(path: string): T;
  /** The one JSON document a command prints. */
  document<T>(args: readonly string[]): Promise<T>;
  /** Lines of a file; none when it is not there. */
  lines(path: string): readonly string[];
  /** The contents of every file below a folder. */
  contents(folder?: string): readonly string[];
}

/** One that is made now, and is gone when it is disposed of. */
export function desk(files: Readonly<Record<string, string>> = {}): Desk {
  const folder = temporaryDirectory();
  for (const [path, content] of Object.entries(files)) folder.write(path, content);
  return deskIn(folder);
}

/** One that all tests of a file or of a `describe` have together. */
export function sharedDesk(files?: Readonly<Record<string, string>>): Desk {
  return deskIn(sharedFolder(files));
}

/** One that is another for each test of a file. */
export function testDesk(files?: Readonly<Record<string, string>>): Desk {
  return deskIn(testFolder(files));
}

function deskIn(folder: TemporaryDirectory): Desk {
  const start: Desk["start"] = (args, env = {}) => startAura(args, { cwd: folder.path, env });
  const run: Desk["run"] = (args, env) => start(args, env).ended;
  return Object.assign(folder, {
    run,
    start,
    json: <T>(path: string): T => JSON.parse(readFileSync(folder.join(path), "utf8")),
    document: async <T>(args: readonly string[]): Promise<T> => {
      const { stdout, stderr, code } = await run(args);
      if (stdout === "") throw new Error(`aura ${args.join(" ")} exited ${code} and printed nothing: ${stderr}`);
      return JSON.parse(stdout);
    },
    contents: (below = ".") =>
      readdirSync(folder.join(below), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")),
    lines: (path: string) => (folder.read(path) ?? "").split("\n").filter((line) => line !== ""),
  });
}

/** A line of `--json`: an event, or the frame around them. */
export interface FramedEvent {
  readonly type: string;
  readonly at: string;
  readonly seq: number;
  readonly [field: string]: unknown;
}

/** Events on a command's stdout; fails when a line is none. */
export function eventsOf({ stdout }: Pick<AuraEnd, "stdout">): readonly FramedEvent[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

export interface SpecParts {
  readonly name?: string;
  readonly seed?: number;
  readonly metric?: string;
  readonly stop?: string;
  readonly researcher?: string;
  readonly experimenter?: string;
  /** More lines. */
  readonly more?: string;
}

/** A spec with a random search over `x` in [0, 1] whose score is `x`, except for what is given. */
export function spec(parts: SpecParts = {}): string {
  return `version: 1
name: ${parts.name ?? "tiny"}
seed: ${parts.seed ?? 3}
metric: ${parts.metric ?? "{ name: score }"}
stop: ${parts.stop ?? "{ iterations: 1 }"}
researcher: ${parts.researcher ?? SEARCH}
experimenter: ${parts.experimenter ?? script("echo score=$1")}
${parts.more ?? ""}
`;
}

const SEARCH = "{ type: search, method: random, num_tasks: 2, space: { x: { type: float, low: 0, high: 1 } } }";

/** An experimenter that runs a line of shell; `$1` is `x`, `$2` the hypothesis. Further options as YAML. */
export function script(line: string, options = ""): string {
  const command = JSON.stringify(["sh", "-c", line.replace(/[{}]/g, "$&$&"), "sh", "{x}", "{aura.id}"]);
  return `{ type: script, command: ${command}${options === "" ? "" : `, ${options}`} }`;
}

/** A grid over `n` of 0 … count-1, all in one iteration. */
export function grid(count: number): string {
  return `{ type: search, method: grid, num_tasks: ${count}, space: { x: { type: int, low: 0, high: ${count - 1} } } }`;
}
