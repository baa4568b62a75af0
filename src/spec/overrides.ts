import type { Diagnostic } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.ts";
import { overridePaths, type RunOverrides } from "../pipeline/options.ts";
import { clip, terminalLine } from "../text/printable.ts";
import { type Finding, finding } from "./diagnostics.ts";
import type { SpecPath } from "./places.ts";
import { specSchema } from "./spec-schema.ts";
import { MAX_DEPTH, readYaml } from "./yaml.ts";

const LONGEST_VALUE = 65_536;
/** Keys of a spec that hold lists. */
const LISTS: ReadonlySet<string> = new Set(
  Object.entries(specSchema.properties).flatMap(([key, schema]) => ("items" in schema ? [key] : [])),
);

const LONGEST_SHOWN = 100;

/** What `--set` changes, as `path: value`, and what is wrong with how it was written. */
export interface Overrides {
  readonly values: JsonObject;
  readonly problems: readonly Diagnostic[];
}

/** What the flags of the command line change, as `loadSpec` takes it; the short ones go over `--set`. */
export function overridesOf(flags: RunOverrides & { readonly set?: readonly string[] }) {
  const { values, problems: overrideProblems } = readOverrides(flags.set ?? []);
  return { overrides: { ...values, ...overridePaths(flags) }, overrideProblems };
}

/** Reads every `--set path=value`, the value being YAML (`stop.iterations=20`, `checks.0.command=[npm, test]`). */
export function readOverrides(texts: readonly string[]): Overrides {
  const values = new Map<string, JsonValue>();
  const problems: Diagnostic[] = [];
  for (const text of texts) {
    const read = readOverride(text);
    if ("message" in read) problems.push({ ...read, file: "--set" });
    else values.set(read.path, read.value);
  }
  return { values: Object.fromEntries(values), problems };
}

function readOverride(
  text: string,
): Pick<Diagnostic, "path" | "message"> | { readonly path: string; readonly value: JsonValue } {
  const at = text.indexOf("=");
  const path = at < 0 ? "" : text.slice(0, at).trim();
  const problem = (message: string) => ({
    path: clip(terminalLine(path === "" ? text : path), LONGEST_SHOWN),
    message,
  });
  if (path === "") return problem("expected path=value, like stop.iterations=20");
  const keys = overridePath(path);
  if (keys.includes("")) return problem(`"${path}" has an empty part`);
  if (keys.length > MAX_DEPTH) return problem(`the path has more than ${MAX_DEPTH} parts`);
  const value = text.slice(at + 1);
  if (value.length > LONGEST_VALUE) return problem("the value is longer than 64 KiB");
  const read = readYaml(value);
  if (!read.ok) return problem(`the value is not YAML: ${read.message}`);
  const [wrong] = read.converted.problems;
  if (wrong === undefined) return { path, value: read.converted.value };
  if (!/^\s*[^\s{["'].*:\s.*$/.test(value)) return problem(wrong.message);
  return problem(
    `YAML reads this as a mapping, for its colon before a space; put it in quotes: ${JSON.stringify(value)}`,
  );
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
  if (current === undefined && LISTS.has(so) && /^\d+$/.test(key)) {
    return { finding: finding(whole, `there is no list ${so} to put an entry into; write ${so}=[value]`) };
  }
  const inner = replaced(Object.hasOwn(object, key) ? object[key] : undefined, deeper, value, whole);
  return "value" in inner ? { value: { ...object, [key]: inner.value } } : inner;
}
