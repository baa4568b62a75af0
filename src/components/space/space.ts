import { SpecError } from "../../kernel/errors.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../model/json.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";
import { checkSpace, conditionValues, type SpaceProblem } from "./check.ts";
import {
  type Condition,
  describeConditions,
  describeDomain,
  describeSpace,
  isActive,
  type NumericParameter,
  type Parameter,
  STEP_TOLERANCE,
} from "./parameter.ts";
import type { ParameterOptions, SpaceOptions } from "./schema.ts";

export { checkSpace, type SpaceProblem } from "./check.ts";
export { type SpaceOptions, spaceSchema } from "./schema.ts";

/** A search space that has been checked: what a proposal may be. */
export interface Space {
  /** In dependency order: a parameter comes after those its `when` names. */
  readonly parameters: readonly Parameter[];
  /** Why a configuration is outside the space, naming parameter, value and what is allowed; `null` when it is inside. */
  violation(spec: JsonObject): string | null;
  /** One line a parameter, for people and models. */
  describe(): string;
  /** The space as it was written. */
  toJson(): JsonObject;
}

/** Throws `SpecError` with every problem of a space, if there is one. */
export function assertUsable(problems: readonly SpaceProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new SpecError(`the search space is not usable\n  ${lines.join("\n  ")}`, problems);
}

/** Compiles a search space. Throws `SpecError` with every problem. */
export function compileSpace(options: SpaceOptions): Space {
  assertUsable(checkSpace(options));
  const parameters = Object.freeze(inDependencyOrder(options).map((name) => compileParameter(name, options)));
  const json: JsonObject = structuredClone(options);
  return Object.freeze({
    parameters,
    violation: (spec: JsonObject) => spaceViolation(parameters, spec),
    describe: () => describeSpace(parameters),
    toJson: () => json,
  });
}

/** Parents before children, otherwise as written. The space has no cycle. */
function inDependencyOrder(options: SpaceOptions): readonly string[] {
  const ordered = new Set<string>();
  const add = (name: string): void => {
    for (const parent of Object.keys(options[name]?.when ?? {})) if (!ordered.has(parent)) add(parent);
    ordered.add(name);
  };
  for (const name of Object.keys(options)) add(name);
  return [...ordered];
}

function compileParameter(name: string, options: SpaceOptions): Parameter {
  const written = options[name];
  if (written === undefined) throw new TypeError(`no parameter ${name}`);
  const conditions = compileConditions(written, options);
  if (written.type === "categorical") {
    const { choices } = written;
    const indexes = new Map(choices.map((choice, index) => [canonicalJson(choice), index]));
    return { kind: "categorical", name, conditions, choices, indexes, size: choices.length };
  }
  const { type: kind, log = false } = written;
  // Adding 0 makes -0 a 0, which is what it is in JSON.
  const [low, high] = [written.low + 0, written.high + 0];
  const step = written.step ?? (kind === "int" ? 1 : null);
  // The tolerance keeps the last value of `low: 0, high: 0.3, step: 0.1`.
  const steps = step === null ? null : Math.floor((high - low) / step + 1e-9);
  const size = low === high ? 1 : steps === null ? Number.POSITIVE_INFINITY : steps + 1;
  return { kind, name, conditions, low, high, log, step, size };
}

function compileConditions(parameter: ParameterOptions, options: SpaceOptions): readonly Condition[] {
  return Object.entries(parameter.when ?? {}).flatMap(([parentName, wanted]) => {
    const parent = options[parentName];
    if (parent === undefined) return [];
    const values = conditionValues(parent, wanted);
    return [{ parent: parentName, values, keys: new Set(values.map(canonicalJson)) }];
  });
}

const MAX_REASONS = 5;

/** Every reason (at most five) why a configuration is outside the space, in one line; `null` when it is inside. */
function spaceViolation(parameters: readonly Parameter[], spec: JsonObject): string | null {
  const reasons: string[] = [];
  const sound: Record<string, JsonValue> = {};
  const unsound = new Set<string>();
  for (const parameter of parameters) {
    // Whether a child of a wrong parent exists cannot be told: only the parent is reported.
    if (parameter.conditions.some(({ parent }) => unsound.has(parent))) {
      unsound.add(parameter.name);
      continue;
    }
    const value = Object.hasOwn(spec, parameter.name) ? spec[parameter.name] : undefined;
    const reason = parameterViolation(parameter, value, isActive(parameter, sound));
    if (reason !== null) {
      reasons.push(reason);
      unsound.add(parameter.name);
    } else if (value !== undefined) sound[parameter.name] = value;
  }
  const names = parameters.map(({ name }) => name);
  const known = new Set(names);
  const unknown = Object.keys(spec).filter((key) => !known.has(key));
  const total = reasons.length + unknown.length;
  if (total === 0) return null;
  reasons.push(...unknown.slice(0, MAX_REASONS).map((key) => unknownParameter(key, names)));
  return reasons.slice(0, MAX_REASONS).join("; ") + (total > MAX_REASONS ? `; and ${total - MAX_REASONS} more` : "");
}

function parameterViolation(parameter: Parameter, value: JsonValue | undefined, active: boolean): string | null {
  const { name, conditions } = parameter;
  if (!active) {
    if (value === undefined) return null;
    return `${name} = ${shown(value)}: ${name} exists only when ${describeConditions(conditions)}; leave it out`;
  }
  if (value === undefined) {
    const because = conditions.length > 0 ? ` when ${describeConditions(conditions)}` : "";
    return `${name} is missing${because}: expected ${describeDomain(parameter)}`;
  }
  return isInside(parameter, value) ? null : `${name} = ${shown(value)}: expected ${describeDomain(parameter)}`;
}

function isInside(parameter: Parameter, value: JsonValue): boolean {
  if (parameter.kind === "categorical") return parameter.indexes.has(canonicalJson(value));
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return value >= parameter.low && value <= parameter.high && isOnStep(parameter, value);
}

function isOnStep(parameter: NumericParameter, value: number): boolean {
  const { kind, low, step } = parameter;
  if (kind === "int") return Number.isInteger(value) && (value - low) % (step ?? 1) === 0;
  if (step === null) return true;
  const steps = (value - low) / step;
  return Math.abs(steps - Math.round(steps)) <= STEP_TOLERANCE;
}

function unknownParameter(key: string, names: readonly string[]): string {
  const near = key.length <= 64 ? nearest(key, names) : null;
  const hint = near === null ? `the parameters are ${names.slice(0, 20).join(", ")}` : `did you mean ${near}?`;
  return `${shown(key)} is not a parameter of the space; ${hint}`;
}
