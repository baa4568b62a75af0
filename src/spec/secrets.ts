import type { SpecPath } from "./places.ts";

/**
 * Which variables of a spec are secrets. `${VAR}` in what is handed on as it is (`env`, `command`, `argv`, `base_url`,
 * `system`, `prompt`, `goal`, `vars`, options of users' own components) gives a secret: its value is hidden wherever
 * AURA records or shows something. One that says what is measured, searched, tracked or read is a setting: its value is
 * needed in records as it is, and is not hidden even where it is used in a command too. Neither are variables that every
 * environment has, such as HOME.
 */
export function isSecretPlace(path: SpecPath): boolean {
  const [top, ...rest] = path;
  if (top === undefined || !(HANDED_ON.has(top) || top.startsWith("x-") || STAGES.has(top))) return false;
  const keys = top === "runners" ? rest.slice(1) : rest;
  const decisive = keys.find((key) => HANDED_ON.has(key) || SETTINGS.has(key));
  return decisive === undefined || HANDED_ON.has(decisive);
}

/** Whether a variable of this name says something about the machine or the user that is no secret. */
export function isPublicVariable(name: string): boolean {
  return PUBLIC.test(name);
}

const PUBLIC =
  /^(HOME|USER|LOGNAME|PWD|OLDPWD|PATH|SHELL|TERM|TMPDIR|TMP|TEMP|TZ|LANG|LC_[A-Z]+|HOSTNAME|VIRTUAL_ENV|CONDA_PREFIX|XDG_[A-Z_]+|SLURM_[A-Z_]+)$/;

const STAGES: ReadonlySet<string> = new Set([
  "runners",
  "researcher",
  "experimenter",
  "checks",
  "evaluator",
  "reviewer",
  "constraints",
]);

/** Below these nothing is a setting, whatever users call their keys. */
const HANDED_ON: ReadonlySet<string> = new Set([
  "env",
  "command",
  "argv",
  "base_url",
  "system",
  "prompt",
  "goal",
  "vars",
  "constraints",
]);

const SETTINGS: ReadonlySet<string> = new Set([
  "type",
  "name",
  "model",
  "metric",
  "direction",
  "space",
  "hypothesis_schema",
  "patterns",
  "cases",
  "seeds",
  "inputs",
  "path",
  "file",
  "module",
  "export",
  "prompt_file",
  "record",
  "project",
  "requirements",
  "prefix",
  "python",
  "dockerfile",
  "image",
  "mounts",
  "cwd",
  "runner",
  "pass_env",
  "api_key_env",
  "partition",
  "account",
  "qos",
]);
