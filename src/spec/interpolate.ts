import { REDACTED, SECRET_LENGTH } from "../kernel/redact.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import { variableName } from "../platform/command.ts";
import { type Finding, finding } from "./diagnostics.ts";
import { placeKey, type SpecPath, valueAt } from "./places.ts";

/** Looks up a variable; `undefined` when it is not set. */
export type Variables = (name: string) => string | undefined;

/** A text of a spec that held references to variables. */
export interface Reference {
  readonly path: SpecPath;
  /** As it was written. */
  readonly raw: string;
  /** The variables whose values are in it now. */
  readonly names: readonly string[];
  /** It was one reference and nothing else, without quotes. */
  readonly isWhole: boolean;
}

export interface Interpolated {
  readonly value: JsonValue;
  readonly findings: readonly Finding[];
  readonly references: readonly Reference[];
  /** What each reference was replaced with, by the path of its text. */
  readonly variables: readonly FilledVariable[];
}

export interface FilledVariable {
  readonly path: SpecPath;
  readonly name: string;
  readonly value: string;
  /** The variable was not set: this is what the spec says for that. */
  readonly isDefault: boolean;
}

/** Begins the names of variables in which commands find parameters. */
const PARAMETER_VARIABLE = variableName("");
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^{}]*))?\}|\$\{/g;
const WHOLE = /^\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^{}]*)?\}$/;

/**
 * Replaces `${VAR}` and `${VAR:-default}` in every text of a value; `$${` is a literal `${`. A default is taken when the
 * variable is not set or empty. Where a plain (unquoted) scalar is exactly one reference, the result is read again as a
 * YAML scalar, so that `${LR}` can be a number; in quotes, and inside longer text, it stays text.
 */
export function interpolate(
  value: JsonValue,
  variables: Variables,
  isQuoted: (path: SpecPath) => boolean,
): Interpolated {
  const findings: Finding[] = [];
  const references: Reference[] = [];
  const variablesUsed: FilledVariable[] = [];
  const walk = (part: JsonValue, path: SpecPath): JsonValue => {
    if (Array.isArray(part)) return part.map((item, index) => walk(item, [...path, String(index)]));
    if (isJsonObject(part)) {
      return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, walk(item, [...path, key])]));
    }
    if (typeof part !== "string" || !part.includes("${")) return part;
    const names = new Set<string>();
    const text = expand(part, path, names);
    const isWhole = WHOLE.test(part) && !isQuoted(path);
    references.push({ path, raw: part, names: [...names], isWhole });
    return isWhole ? readScalar(text) : text;
  };
  const expand = (text: string, path: SpecPath, names: Set<string>): string =>
    text.replaceAll(REFERENCE, (match, name: string | undefined, hasDefault: string | undefined, fallback = "") => {
      if (match === "$${") return "${";
      if (name === undefined) {
        findings.push(
          finding(path, "not a variable: write ${NAME} or ${NAME:-default}, or $${ for a literal ${", {
            within: match,
          }),
        );
        return "";
      }
      if (name.startsWith(PARAMETER_VARIABLE)) {
        const message = `${name} is there for trials only; write $${name}, or with braces for the shell $\${${name}}`;
        findings.push(finding(path, message, { within: match }));
        return "";
      }
      const found = variables(name);
      variablesUsed.push({ path, name, value: found || (hasDefault ? fallback : ""), isDefault: !found });
      if (hasDefault ? found : found !== undefined) {
        names.add(name);
        return found ?? "";
      }
      if (hasDefault) return fallback;
      const message = `the environment variable ${name} is not set; set it, or write \${${name}:-default}, or $\${${name}} for literal text`;
      findings.push(finding(path, message, { within: match }));
      return "";
    });
  return { value: walk(value, []), findings, references, variables: variablesUsed };
}

/**
 * Values that came from variables and are to be hidden, longest first: those long enough to be told apart from ordinary
 * text, and of none that every environment has. One that is used as a setting too is needed in records as it is.
 */
export function secretValues(
  variables: readonly FilledVariable[],
  isSetting: (path: SpecPath) => boolean = () => false,
): readonly string[] {
  const hidden = variables.filter(
    ({ name, value, isDefault }) => !isDefault && value.length >= SECRET_LENGTH && !isPublicVariable(name),
  );
  const settings = new Set(hidden.filter(({ path }) => isSetting(path)).map(({ value }) => value));
  const values = new Set(hidden.map(({ value }) => value).filter((value) => !settings.has(value)));
  return [...values].sort((a, b) => b.length - a.length);
}

const PUBLIC =
  /^(HOME|USER|LOGNAME|PWD|OLDPWD|PATH|SHELL|TERM|TMPDIR|TMP|TEMP|TZ|LANG|LC_[A-Z]+|HOSTNAME|VIRTUAL_ENV|CONDA_PREFIX|XDG_[A-Z_]+|SLURM_[A-Z_]+)$/;

/** Whether a variable of this name says something about the machine or the user that is no secret. */
export function isPublicVariable(name: string): boolean {
  return PUBLIC.test(name);
}

/** Reads text as an unquoted YAML 1.2 core scalar: null, true, false, a number, or the text itself. */
export function readScalar(text: string): JsonValue {
  if (/^(?:~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) {
    const value = Number(text);
    const exact = Number.isFinite(value) && (!/^[-+]?[0-9]+$/.test(text) || Number.isSafeInteger(value));
    return exact ? value : text;
  }
  return text;
}

/**
 * Findings about texts that variables were filled into, in words that name the variables: what is wrong may not be
 * written in the spec at all. Nothing of a variable's value is told.
 */
export function blamed(
  findings: readonly Finding[],
  references: readonly Reference[],
  value: JsonValue,
): readonly Finding[] {
  const filled = new Map(references.map((reference) => [placeKey(reference.path), reference]));
  return findings.map((found) => {
    const reference = found.about === "value" ? filled.get(placeKey(found.path)) : undefined;
    if (!reference || reference.names.length === 0) return found;
    const { raw, names, isWhole } = reference;
    if (found.within !== undefined && raw.includes(found.within)) return found;
    const message = withoutValues(found.message, raw, textAt(value, found.path));
    const one = names.length === 1 ? "variable" : "variables";
    const which = `the environment ${one} ${names.join(", ")}`;
    const { given: _given, within: _within, ...rest } = found;
    const end = isWhole ? `the value of ${which} is not that` : `the value of ${which} is filled in here`;
    return { ...rest, message: `${message}; ${end}`, candidates: [] };
  });
}

/** A message without the names in it that only came with a variable's value. */
function withoutValues(message: string, raw: string, expanded: string): string {
  const hide = (whole: string, name: string, shown: string): string =>
    name !== "" && expanded.includes(name) && !raw.includes(name) ? shown : whole;
  return message
    .replaceAll(/\{([^{}\s]*)\}/g, (whole, name: string) => hide(whole, name, `{${REDACTED}}`))
    .replaceAll(/"([^"]*)"/g, (whole, name: string) => hide(whole, name, `"${REDACTED}"`));
}

function textAt(value: JsonValue, path: SpecPath): string {
  const found = valueAt(value, path) ?? null;
  return typeof found === "string" ? found : JSON.stringify(found);
}
