import { parseDocument } from "yaml";
import { SpecError } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { type Finding, finding } from "./diagnostics.ts";
import type { SpecPath } from "./places.ts";
import { convertDocument } from "./yaml-values.ts";

/**
 * Reads one `--set path=value`, the value being YAML (`stop.iterations=20`, `checks.0.command=[npm, test]`). Throws
 * `SpecError` when it is not of that form.
 */
export function parseOverride(text: string): readonly [path: string, value: JsonValue] {
  const at = text.indexOf("=");
  const path = at < 0 ? "" : text.slice(0, at).trim();
  if (path === "") throw new SpecError(`--set ${text}: expected path=value, like stop.iterations=20`);
  if (overridePath(path).includes("")) throw new SpecError(`--set ${text}: "${path}" has an empty part`);
  return [path, yamlValue(text.slice(at + 1), path)];
}

/** The spec paths that the short options of `run` and `resume` stand for. */
export function flagOverrides(flags: {
  readonly maxIterations?: number;
  readonly parallel?: number;
  readonly seed?: number;
}): JsonObject {
  const { maxIterations, parallel, seed } = flags;
  return {
    ...(maxIterations === undefined ? {} : { "stop.iterations": maxIterations }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/** Keys of a dotted path; list entries by index, as `checks.0.command` or `checks[0].command`. */
export function overridePath(path: string): SpecPath {
  return path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
}

/** A value with overrides (`path: value`) applied in order, and what does not fit. Mappings on the way are made. */
export function applyOverrides(
  value: JsonObject,
  overrides: JsonObject,
): { readonly value: JsonObject; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  let current: JsonValue = value;
  for (const [text, replacement] of Object.entries(overrides)) {
    const path = overridePath(text);
    const changed = replaced(current, path, replacement, path);
    if ("value" in changed) current = changed.value;
    else findings.push(changed.finding);
  }
  return { value: isJsonObject(current) ? current : value, findings };
}

/** A value in which what stands at a path, which exists, is another text. */
export function replaceAt(value: JsonValue, path: SpecPath, text: string): JsonValue {
  const changed = replaced(value, path, text, path);
  return "value" in changed ? changed.value : value;
}

type Replaced = { readonly value: JsonValue } | { readonly finding: Finding };

function replaced(current: JsonValue | undefined, rest: SpecPath, value: JsonValue, whole: SpecPath): Replaced {
  const [key, ...deeper] = rest;
  if (key === undefined) return { value };
  if (key === "" || key === "__proto__") return { finding: finding(whole, `"${key}" cannot be a key`) };
  const so = whole.slice(0, whole.length - rest.length).join(".");
  if (Array.isArray(current)) {
    const index = /^\d{1,6}$/.test(key) ? Number(key) : Number.NaN;
    if (!(index <= current.length)) {
      const range = current.length === 0 ? "it is empty" : `its entries are 0 to ${current.length - 1}`;
      return { finding: finding(whole, `${so} is a list; ${range}, not "${key}"`) };
    }
    const inner = replaced(current[index], deeper, value, whole);
    if (!("value" in inner)) return inner;
    return { value: index === current.length ? [...current, inner.value] : current.with(index, inner.value) };
  }
  if (current !== undefined && current !== null && !isJsonObject(current)) {
    return { finding: finding(whole, `${so} is a single value, so there is no "${key}" in it`) };
  }
  const object = current ?? {};
  const inner = replaced(Object.hasOwn(object, key) ? object[key] : undefined, deeper, value, whole);
  return "value" in inner ? { value: { ...object, [key]: inner.value } } : inner;
}

function yamlValue(text: string, path: string): JsonValue {
  const bad = (reason: string) => new SpecError(`--set ${path}: the value is not YAML: ${reason}`);
  if (text.length > 65_536) throw bad("it is longer than 64 KiB");
  try {
    const document = parseDocument(text, { prettyErrors: false, schema: "core", merge: false, uniqueKeys: false });
    const [error] = document.errors;
    if (error) throw bad(error.message);
    const { value, problems } = convertDocument(document);
    if (problems[0]) throw bad(problems[0].message);
    return value;
  } catch (thrown) {
    throw thrown instanceof SpecError ? thrown : bad("it is nested too deeply");
  }
}
