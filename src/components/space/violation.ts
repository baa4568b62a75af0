import { canonicalJson, type JsonObject, type JsonValue } from "../../model/json.ts";
import { nearest } from "../../text/nearest.ts";
import { shown } from "../../text/printable.ts";
import { describeConditions, describeDomain } from "./describe.ts";
import { isActive, type NumericParameter, type Parameter, STEP_TOLERANCE } from "./parameter.ts";

const MAX_REASONS = 5;

/** Every reason (at most five) why a configuration is outside the space, in one line; `null` when it is inside. */
export function spaceViolation(parameters: readonly Parameter[], spec: JsonObject): string | null {
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
