import { basename, dirname } from "node:path";
import type { DirectoryEntry, Files } from "../kernel/effects.ts";
import { unlessRefused } from "../kernel/errors.ts";
import { nearest } from "../text/nearest.ts";

/** Words that people take for each other: what other tools call a key, a type or a choice. */
const ALIKE: readonly (readonly string[])[] = [
  ["command", "argv", "args", "cmd", "run", "exec"],
  ["script", "command", "shell", "bash", "process", "subprocess"],
  ["command", "cli", "agent", "claude", "codex", "aider"],
  ["anthropic", "claude"],
  ["openai", "gpt", "chatgpt", "ollama", "vllm", "litellm"],
  ["prompt", "llm", "model", "ai"],
  ["search", "optuna", "bayesian", "hyperopt", "random_search", "grid_search", "optimizer"],
  ["bwrap", "bubblewrap", "sandbox"],
  ["docker", "container", "podman"],
  ["function", "module", "python", "callable"],
  ["runner", "model", "llm"],
  ["low", "min", "minimum", "lower", "from"],
  ["high", "max", "maximum", "upper", "to"],
  ["choices", "values", "options", "categories"],
  ["categorical", "choice", "enum", "string", "bool", "boolean"],
  ["float", "number", "double", "real", "uniform", "loguniform"],
  ["int", "integer"],
  ["direction", "mode", "objective", "optimize"],
  ["maximize", "max", "higher", "up"],
  ["minimize", "min", "lower", "down"],
  ["space", "params", "parameters", "search_space"],
  ["num_tasks", "batch", "batch_size", "proposals", "n"],
  ["trials", "repeats", "repetitions", "runs"],
  ["hypotheses", "trials", "max_trials", "n_trials", "evaluations", "budget"],
  ["iterations", "max_iterations", "rounds", "steps"],
  ["wall_clock", "time", "timeout", "max_time", "duration"],
  ["cost_usd", "cost", "usd", "max_cost"],
  ["parallel", "workers", "jobs", "concurrency"],
  ["timeout", "time_limit", "max_time"],
  ["artifacts", "editable", "edit", "tracked"],
  ["evaluator", "scorer", "judge", "score"],
];

/** The name that a word most likely meant: the only one that means the same, else the nearest; `null` when there is none. */
export function meantName(word: string, names: readonly string[]): string | null {
  const plain = word.toLowerCase().replaceAll("-", "_");
  const alike = ALIKE.filter((words) => words.includes(plain)).flat();
  const [same, ...others] = names.filter((name) => alike.includes(name));
  return same !== undefined && others.length === 0 ? same : nearest(word, names);
}

/** Names of files that can be what is meant. */
const NAMES = { file: /(?:)/, module: /\.[cm]?[jt]s$/, spec: /\.ya?ml$/i } as const;

/**
 * What a finding about a path that leads nowhere says of the file that was most likely meant, written the way the path
 * is; empty when none is near. One of the same name with another extension is as near as can be.
 */
export function nearFile(
  written: string,
  absolute: string,
  files: Files,
  kind: keyof typeof NAMES = "file",
): { readonly meant?: string } {
  const word = basename(absolute);
  const entries = unlessRefused(() => entriesOf(dirname(absolute), files)) ?? [];
  if (!written.endsWith(word)) return {};
  const names = entries
    .filter(({ name, kind: is }) => is !== "directory" && NAMES[kind].test(name))
    .map(({ name }) => name)
    .sort();
  const near = names.find((name) => stem(name) === stem(word)) ?? nearest(word, names);
  return near === null ? {} : { meant: written.slice(0, written.length - word.length) + near };
}

function entriesOf(path: string, files: Files): readonly DirectoryEntry[] {
  const folder = files.realPath(path);
  return folder === null || files.stat(folder)?.kind !== "directory" ? [] : (files.list(folder) ?? []);
}

function stem(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
