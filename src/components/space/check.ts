import { canonicalJson, isJsonObject, type JsonValue } from "../../model/json.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";
import { PARAMETER_NAME, type ParameterOptions, type SpaceOptions } from "./schema.ts";

/** What is wrong with a space, and where: a dotted path from the options that hold it as `space`, such as `space.lr.low`. */
export interface SpaceProblem {
  readonly path: string;
  readonly message: string;
}

type Report = (path: string, message: string) => void;

/** Keys that a proposal uses for itself, so that no parameter can be called so. */
const RESERVED = new Set(["id", "label", "rationale", "metadata", "edits", "spec", "aura", "__proto__"]);
const MAX_CHOICES = 10_000;
/** Share of the size of its bounds below which a range or a step comes near the resolution of doubles. */
const FINEST = 1e-9;

/** Everything that makes a space unusable; empty when it is sound. Never throws. */
export function checkSpace(options: SpaceOptions): readonly SpaceProblem[] {
  const problems: SpaceProblem[] = [];
  const report: Report = (path, message) => problems.push({ path: path === "" ? "space" : `space.${path}`, message });
  const names = Object.keys(options);
  if (names.length === 0) report("", "the space has no parameters; give at least one");
  for (const [name, parameter] of Object.entries(options)) {
    checkName(name, report);
    checkDomain(name, parameter, report);
    checkConditions(name, parameter, options, report);
  }
  for (const name of cycleMembers(options)) {
    report(`${name}.when`, `${name} depends on itself through \`when\`; remove one of the conditions`);
  }
  return problems;
}

function checkName(name: string, report: Report): void {
  if (RESERVED.has(name) || name.startsWith("aura.")) {
    report(
      name,
      `a parameter cannot be called ${shown(name)}: that name has a meaning of its own in proposals and commands`,
    );
  } else if (!new RegExp(PARAMETER_NAME).test(name)) {
    report(
      name,
      `${shown(name)} is not a parameter name; use letters, digits, "_", "-" and ".", starting with a letter`,
    );
  }
}

function checkDomain(name: string, parameter: ParameterOptions, report: Report): void {
  if (!isJsonObject(parameter)) {
    report(name, "expected an object such as { type: float, low: 0, high: 1 }");
    return;
  }
  switch (parameter.type) {
    case "float":
    case "int":
      checkNumeric(name, parameter, report);
      break;
    case "categorical":
      checkChoices(name, parameter.choices, report);
      break;
    default: {
      const other: never = parameter;
      report(`${name}.type`, `unknown parameter type in ${shown(other)}; expected float, int or categorical`);
    }
  }
}

function checkNumeric(
  name: string,
  parameter: Exclude<ParameterOptions, { readonly type: "categorical" }>,
  report: Report,
): void {
  const { type, low, high, step } = parameter;
  const isBound = (value: unknown) => (type === "int" ? Number.isSafeInteger(value) : Number.isFinite(value));
  const expected = type === "int" ? "a whole number" : "a finite number";
  let sound = true;
  for (const [key, value] of Object.entries({ low, high })) {
    if (isBound(value)) continue;
    sound = false;
    report(`${name}.${key}`, `expected ${expected}, got ${shown(value)}`);
  }
  if (step !== undefined && !(isBound(step) && step > 0)) {
    sound = false;
    report(`${name}.step`, `expected ${expected} above 0, got ${shown(step)}`);
  }
  if (!sound) return;
  if (low > high) report(`${name}.low`, `low (${low}) is above high (${high}); swap them`);
  else if (!Number.isFinite(high - low)) report(`${name}.high`, "the range from low to high is too wide for a float");
  const finest = type === "int" ? 0 : Math.max(Math.abs(low), Math.abs(high)) * FINEST + Number.MIN_VALUE / FINEST;
  if (high > low && high - low < finest) {
    report(
      `${name}.high`,
      `low and high are too close to have numbers between them; set both to ${low} to fix the value`,
    );
  } else if (step !== undefined && step < finest) {
    report(`${name}.step`, `a step of ${step} is too small to tell apart numbers of the size of ${low} and ${high}`);
  }
  if (parameter.log === true && low <= 0) {
    report(`${name}.low`, `a log scale needs low above 0, got ${low}; raise low or drop log`);
  }
}

function checkChoices(name: string, choices: readonly JsonValue[], report: Report): void {
  if (!Array.isArray(choices) || choices.length === 0) {
    report(`${name}.choices`, "expected a list with at least one value");
    return;
  }
  if (choices.length > MAX_CHOICES)
    report(`${name}.choices`, `too many choices: ${choices.length} (at most ${MAX_CHOICES})`);
  const seen = new Map<string, number>();
  for (const [index, choice] of choices.entries()) {
    const key = canonicalJson(choice);
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, index);
    else report(`${name}.choices.${index}`, `${shown(choice)} is listed twice (first as number ${earlier + 1})`);
  }
}

function checkConditions(name: string, parameter: ParameterOptions, options: SpaceOptions, report: Report): void {
  if (!isJsonObject(parameter) || parameter.when === undefined) return;
  for (const [parentName, wanted] of Object.entries(parameter.when)) {
    const path = `${name}.when.${parentName}`;
    const parent = Object.hasOwn(options, parentName) ? options[parentName] : undefined;
    if (parent === undefined) {
      const near = nearest(parentName, Object.keys(options));
      report(
        path,
        `there is no parameter ${shown(parentName)}${near === null ? "" : `; did you mean ${shown(near)}?`}`,
      );
      continue;
    }
    const values = conditionValues(parent, wanted);
    if (values.length === 0) report(path, "expected at least one value");
    for (const value of values) {
      const reason = impossible(parentName, parent, value);
      if (reason !== null) report(path, reason);
    }
  }
}

/** The values a `when` clause allows: a list means any of its items, unless the list itself is one of the choices. */
export function conditionValues(parent: ParameterOptions, wanted: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(wanted)) return [wanted];
  const key = canonicalJson(wanted);
  const isChoice = parent.type === "categorical" && parent.choices.some((choice) => canonicalJson(choice) === key);
  return isChoice ? [wanted] : wanted;
}

function impossible(name: string, parent: ParameterOptions, value: JsonValue): string | null {
  if (parent.type === "categorical") {
    const key = canonicalJson(value);
    if (parent.choices.some((choice) => canonicalJson(choice) === key)) return null;
    return `${name} is never ${shown(value)}; its choices are ${parent.choices
      .slice(0, 10)
      .map((value) => shown(value))
      .join(", ")}`;
  }
  if (parent.type === "float")
    return `${name} is a float, which hardly ever has one exact value; depend on an int or a categorical`;
  if (typeof value === "number" && Number.isInteger(value) && value >= parent.low && value <= parent.high) {
    if ((value - parent.low) % (parent.step ?? 1) === 0) return null;
  }
  return `${name} is never ${shown(value)}; it is a whole number from ${parent.low} to ${parent.high}`;
}

/** Names of parameters on a cycle of `when`, in the order written. */
function cycleMembers(options: SpaceOptions): readonly string[] {
  const parents = (name: string) =>
    Object.keys(options[name]?.when ?? {}).filter((parent) => Object.hasOwn(options, parent));
  return Object.keys(options).filter((start) => {
    const seen = new Set<string>();
    const open = [...parents(start)];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (name === start) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      open.push(...parents(name));
    }
    return false;
  });
}
