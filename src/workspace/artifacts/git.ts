import type { Effects } from "../../kernel/effects.ts";

const OUTPUT_LIMIT_BYTES = 512 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const GRACE_MS = 1000;

export type GitListing =
  | { readonly kind: "tracked"; readonly paths: readonly string[] }
  | { readonly kind: "no-repository" }
  | { readonly kind: "unusable"; readonly message: string };

/** The files that git tracks under a folder, relative to it; also when the folder lies deep inside a repository. */
export async function listTracked(folder: string, effects: Effects, signal: AbortSignal): Promise<GitListing> {
  const paths: string[] = [];
  const result = await effects.processes.run(
    {
      file: "git",
      // Quoted names make each a line; a file monitor would be a program of the repository's choice.
      args: ["-c", "core.quotePath=true", "-c", "core.fsmonitor=false", "ls-files", "--cached", "--recurse-submodules"],
      cwd: folder,
      env: environment(effects),
      timeoutMs: TIMEOUT_MS,
      graceMs: GRACE_MS,
      outputLimitBytes: OUTPUT_LIMIT_BYTES,
      onLine: (stream, line) => {
        if (stream === "stdout" && line !== "") paths.push(unquote(line));
      },
    },
    signal,
  );
  signal.throwIfAborted();
  if (result.end === "exited" && result.exitCode === 0) return { kind: "tracked", paths: [...new Set(paths)] };
  if (result.end === "cannot-start" || result.end === "spawn-error" || /not a git repository/i.test(result.stderrTail))
    return { kind: "no-repository" };
  const [reason] = result.stderrTail.trim().split("\n");
  return { kind: "unusable", message: reason || result.message || `git ended with ${result.exitCode ?? result.end}` };
}

function environment(effects: Effects): Readonly<Record<string, string>> {
  const kept = ["PATH", "HOME", "XDG_CONFIG_HOME", "SystemRoot"].flatMap((name): [string, string][] => {
    const value = effects.variables.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** A name as git prints it: in quotes with C escapes, its bytes in octal, where it is not plain ASCII. */
function unquote(line: string): string {
  if (!line.startsWith('"') || !line.endsWith('"')) return line;
  const bytes: number[] = [];
  const parts = /\\([0-7]{3})|\\(.)|([^\\])/gs;
  for (const [, octal, escaped, plain] of line.slice(1, -1).matchAll(parts)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(escaped === undefined ? (plain ?? "").charCodeAt(0) : (ESCAPES[escaped] ?? escaped.charCodeAt(0)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
