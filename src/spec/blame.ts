import { REDACTED } from "../kernel/redact.ts";
import { isJsonObject, type JsonValue } from "../model/json.ts";
import type { Finding } from "./diagnostics.ts";
import type { Reference } from "./interpolate.ts";
import { placeKey, type SpecPath } from "./places.ts";

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
  let current: JsonValue | undefined = value;
  for (const key of path) {
    current = isJsonObject(current) ? current[key] : Array.isArray(current) ? current[Number(key)] : undefined;
  }
  return typeof current === "string" ? current : JSON.stringify(current ?? null);
}
